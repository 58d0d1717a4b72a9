/* What libfaketime 0.9.10 lacks: librdkafka waits by C11's cnd_timedwait, until
 * an instant of the clock on the wall. glibc's own would take an instant of the
 * moved clock for one of the true clock, and wait for hours, or not at all. Here
 * it goes through pthread_cond_timedwait, which libfaketime knows; glibc's types
 * are the same. */
#include <errno.h>
#include <pthread.h>
#include <threads.h>

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    switch (pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until)) {
    case 0:
        return thrd_success;
    case ETIMEDOUT:
        return thrd_timedout;
    default:
        return thrd_error;
    }
}
