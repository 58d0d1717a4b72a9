//! What all admin requests share: their options and how they fail.

use std::ffi::{c_char, c_void};
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka_sys::{
    rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new,
    rd_kafka_AdminOptions_set_isolation_level, rd_kafka_AdminOptions_set_opaque,
    rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_t, rd_kafka_IsolationLevel_t,
    rd_kafka_admin_op_t, rd_kafka_error_destroy,
};

use super::Client;
use super::code::Code;
use super::queue::millis;

/// A request that failed as a whole, or one thing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The code.
    pub(crate) code: Code,
    /// librdkafka's words.
    pub(crate) reason: String,
}

impl Failed {
    /// No answer in time.
    pub(crate) fn timed_out() -> Self {
        Self {
            code: Code::TIMED_OUT,
            reason: String::new(),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

/// The options of an admin request.
pub(super) struct Options(NonNull<rd_kafka_AdminOptions_t>);

impl Options {
    /// For a request of this kind, with a limit on its time and the number
    /// that its answer will carry.
    pub(super) fn new(
        client: &Client,
        kind: rd_kafka_admin_op_t,
        limit: Duration,
        tag: usize,
    ) -> Self {
        // SAFETY: the client is live; librdkafka copies what it needs of it.
        let options = unsafe { rd_kafka_AdminOptions_new(client.rk(), kind) };
        let options = Self(NonNull::new(options).expect("the kinds used here exist"));
        let mut error = [0 as c_char; 128];
        // SAFETY: the options are live and the buffer has the length given.
        // The tag is a number and is never followed as a pointer. A refusal
        // of a limit in range does not occur; the default would then hold.
        unsafe {
            rd_kafka_AdminOptions_set_request_timeout(
                options.ptr(),
                millis(limit),
                error.as_mut_ptr(),
                error.len(),
            );
            rd_kafka_AdminOptions_set_opaque(
                options.ptr(),
                std::ptr::without_provenance_mut::<c_void>(tag),
            );
        }
        options
    }

    /// The same, read committed.
    pub(super) fn read_committed(self) -> Self {
        // SAFETY: the options are live, and of a kind that has the setting;
        // the error object, if any, is ours to destroy.
        unsafe {
            let error = rd_kafka_AdminOptions_set_isolation_level(
                self.ptr(),
                rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED,
            );
            assert!(error.is_null(), "ListOffsets takes an isolation level");
            rd_kafka_error_destroy(error);
        }
        self
    }

    /// The native options.
    pub(super) fn ptr(&self) -> *mut rd_kafka_AdminOptions_t {
        self.0.as_ptr()
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: live, and used no more: requests copy their options.
        unsafe { rd_kafka_AdminOptions_destroy(self.ptr()) };
    }
}
