//! The queue that answers arrive on, and an answer.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_event_destroy, rd_kafka_event_error_string, rd_kafka_event_opaque, rd_kafka_event_t,
    rd_kafka_queue_destroy, rd_kafka_queue_new, rd_kafka_queue_poll, rd_kafka_queue_t,
    rd_kafka_resp_err_t,
};

use super::Client;
use super::admin::Failed;
use super::code::Code;
use super::text::copied;

/// A queue of its own, so that two callers of one client don't take each
/// other's answers.
pub(crate) struct Queue<'c> {
    queue: NonNull<rd_kafka_queue_t>,
    client: &'c Client,
}

impl<'c> Queue<'c> {
    /// A new queue of this client.
    pub(crate) fn new(client: &'c Client) -> Self {
        // SAFETY: the client is live, and outlives the queue.
        let queue = unsafe { rd_kafka_queue_new(client.rk()) };
        Self {
            queue: NonNull::new(queue).expect("librdkafka aborts rather than give no queue"),
            client,
        }
    }

    /// The client.
    pub(crate) fn client(&self) -> &'c Client {
        self.client
    }

    /// The native queue, for the calls of this module.
    pub(super) fn ptr(&self) -> *mut rd_kafka_queue_t {
        self.queue.as_ptr()
    }

    /// The next answer, or none in that time.
    pub(crate) fn next(&self, wait: Duration) -> Option<Event<'c>> {
        // SAFETY: the queue is live. A result of an admin request owns all
        // that is read from it.
        let event = unsafe { rd_kafka_queue_poll(self.ptr(), millis(wait)) };
        NonNull::new(event).map(|event| Event(event, PhantomData))
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        // SAFETY: live, and used no more.
        unsafe { rd_kafka_queue_destroy(self.ptr()) };
    }
}

/// A wait in librdkafka's unit, rounded up so that a short one is not none.
pub(super) fn millis(wait: Duration) -> i32 {
    i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// An answer.
pub(crate) struct Event<'c>(NonNull<rd_kafka_event_t>, PhantomData<&'c Client>);

impl Event<'_> {
    /// The native event, for the calls of this module.
    pub(super) fn ptr(&self) -> *mut rd_kafka_event_t {
        self.0.as_ptr()
    }

    /// The number that the request was given.
    pub(crate) fn tag(&self) -> usize {
        // SAFETY: the event is live.
        let opaque: *mut c_void = unsafe { rd_kafka_event_opaque(self.ptr()) };
        opaque.addr()
    }

    /// Whether the whole request failed.
    pub(crate) fn succeeded(&self) -> Result<(), Failed> {
        type Getter<T> = unsafe extern "C" fn(*mut rd_kafka_event_t) -> T;
        let getter: Getter<rd_kafka_resp_err_t> = rdkafka_sys::rd_kafka_event_error;
        // SAFETY: the two function types differ only in repr(i32) enum against
        // i32, which have one ABI.
        let getter: Getter<i32> = unsafe { std::mem::transmute(getter) };
        // SAFETY: the event is live.
        let code = Code(unsafe { getter(self.ptr()) });
        if !code.is_error() {
            return Ok(());
        }
        // SAFETY: the string belongs to the event, which is live.
        let reason = unsafe { copied(rd_kafka_event_error_string(self.ptr())) };
        Err(Failed { code, reason })
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        // SAFETY: live, and used no more.
        unsafe { rd_kafka_event_destroy(self.ptr()) };
    }
}
