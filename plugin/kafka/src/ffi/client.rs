//! A librdkafka client and what it says of itself.
//!
//! All clients are of the consumer type and without a group: that type never
//! creates a topic by asking for it, and without a group no coordinator is
//! looked for, which would create `__consumer_offsets` where there is none.

use std::ffi::{c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka_sys::{
    rd_kafka_conf_set_error_cb, rd_kafka_conf_set_log_cb, rd_kafka_conf_set_opaque,
    rd_kafka_destroy, rd_kafka_new, rd_kafka_poll, rd_kafka_t, rd_kafka_type_t,
};

use super::code::Code;
use super::text::copied;

/// What librdkafka last said was wrong with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Its code.
    pub(crate) code: Code,
    /// Its own words: `127.0.0.1:1/bootstrap: Connect to … failed: Connection
    /// refused`.
    pub(crate) reason: String,
}

/// How librdkafka calls a connection that ended under a request (`rd_kafka_err_descs`), rather
/// than a broker's answer.
const ENDED: &str = "Local: Broker transport failure";

impl Cause {
    /// Whether somebody was reached and SASL began, and the connection ended under it: no
    /// broker has said no.
    pub(crate) fn is_broken_off(&self) -> bool {
        self.code == Code::AUTHENTICATION && self.reason.contains(ENDED)
    }
}

/// Keeps the last error, since librdkafka tells of it apart from the calls
/// that then time out.
#[derive(Default)]
struct Listener {
    last: Mutex<Option<Cause>>,
    /// Nobody is waited for beyond a request's own limits any more.
    is_known: AtomicBool,
}

impl Listener {
    fn note(&self, code: Code, reason: String) {
        if !code.is_of_a_connection() {
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // "All brokers down" comes after the reason why, and says less.
        if code == Code::ALL_BROKERS_DOWN && last.is_some() {
            return;
        }
        *last = Some(Cause { code, reason });
    }
}

/// A client. Thread-safe, as librdkafka is.
pub(crate) struct Client {
    rk: NonNull<rd_kafka_t>,
    /// Boxed, since librdkafka holds its address; dropped after `rk` is
    /// destroyed.
    listener: Box<Listener>,
}

// SAFETY: librdkafka's handles may be used from any thread at the same time
// (its INTRODUCTION.md, "Threads and callbacks"); the listener is a mutex.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

/// What is wrong with a property. rdkafka's own message ends with the value,
/// which may be a password under a mistyped name.
fn without_the_value(error: KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, wrong, key, _) => format!("{key}: {wrong}"),
        other => other.to_string(),
    }
}

/// Room for librdkafka's message, as its own examples have it.
const ERROR_TEXT: usize = 512;

impl Client {
    /// A client with these properties. It connects when first used.
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, String> {
        let native = config.create_native_config().map_err(without_the_value)?;
        let listener = Box::<Listener>::default();
        let mut error = [0 as c_char; ERROR_TEXT];
        // SAFETY: `native` is a live configuration; the listener's address
        // stays valid until after rd_kafka_destroy, as does the callbacks'.
        unsafe {
            rd_kafka_conf_set_opaque(native.ptr(), (&raw const *listener).cast_mut().cast());
            rd_kafka_conf_set_log_cb(native.ptr(), Some(on_log));
            rd_kafka_conf_set_error_cb(native.ptr(), Some(on_error));
        }
        // SAFETY: the configuration is live, the buffer has the length given.
        let rk = unsafe {
            rd_kafka_new(
                rd_kafka_type_t::RD_KAFKA_CONSUMER,
                native.ptr(),
                error.as_mut_ptr(),
                error.len(),
            )
        };
        match NonNull::new(rk) {
            Some(rk) => {
                // librdkafka owns the configuration from here on.
                let _owned_by_librdkafka = ManuallyDrop::new(native);
                Ok(Self { rk, listener })
            }
            // SAFETY: librdkafka wrote a terminated string, or left the zeros.
            None => Err(unsafe { copied(error.as_ptr()) }),
        }
    }

    /// The native handle, for the calls of this module.
    pub(super) fn rk(&self) -> *mut rd_kafka_t {
        self.rk.as_ptr()
    }

    /// What librdkafka last said was wrong with a connection, if no success has come since.
    pub(crate) fn cause(&self) -> Option<Cause> {
        self.serve();
        self.last().clone()
    }

    /// Forgets what was wrong: an answer has come.
    pub(crate) fn answered(&self) {
        self.serve();
        *self.last() = None;
        self.listener.is_known.store(true, Ordering::Relaxed);
    }

    /// Whether this is a first contact that was broken off ([`Cause::is_broken_off`]): told
    /// once, so that whoever waits for it does so once.
    pub(crate) fn first_was_broken_off(&self) -> bool {
        let is_so = self.cause().is_some_and(|cause| cause.is_broken_off());
        is_so && !self.listener.is_known.swap(true, Ordering::Relaxed)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Cause>> {
        self.listener
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets librdkafka deliver the errors that it has queued.
    fn serve(&self) {
        // SAFETY: the handle is live; with no time to wait it does not block.
        unsafe { rd_kafka_poll(self.rk(), 0) };
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: the handle is live and used no more: queues, topics and
        // events borrow the client.
        unsafe { rd_kafka_destroy(self.rk()) };
    }
}

unsafe extern "C" fn on_log(
    _rk: *const rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: librdkafka gives two terminated strings.
    let (facility, line) = unsafe { (copied(facility), copied(line)) };
    tracing::debug!(target: "librdkafka", level, facility, "{line}");
}

unsafe extern "C" fn on_error(
    _rk: *mut rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: the opaque is the listener that `Client::new` gave, which
    // outlives the handle; the reason is a terminated string.
    let (listener, reason) = unsafe { (&*opaque.cast::<Listener>(), copied(reason)) };
    tracing::debug!(target: "librdkafka", code, "{reason}");
    listener.note(Code(code), reason);
}
