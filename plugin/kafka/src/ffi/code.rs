//! Error codes: Kafka's own (positive) and librdkafka's (negative).

use std::fmt;

use rdkafka_sys::{RDKafkaRespErr, rd_kafka_err2name, rd_kafka_err2str, rd_kafka_error_t};

use super::text::copied;

/// An error code; 0 is no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

impl Code {
    /// `NO_ERROR`.
    pub(crate) const NONE: Code = Code(0);
    /// `_PARTITION_EOF`: the end of a partition was reached.
    pub(crate) const PARTITION_EOF: Code = Code(-191);
    /// `_AUTO_OFFSET_RESET`: the offset asked for lies outside the log.
    pub(crate) const AUTO_OFFSET_RESET: Code = Code(-140);
    /// `_TIMED_OUT`.
    pub(crate) const TIMED_OUT: Code = Code(-185);
    /// `_TRANSPORT`: no connection.
    pub(crate) const TRANSPORT: Code = Code(-195);
    /// `_ALL_BROKERS_DOWN`.
    pub(crate) const ALL_BROKERS_DOWN: Code = Code(-187);
    /// `_RESOLVE`: a host's name could not be resolved.
    pub(crate) const RESOLVE: Code = Code(-193);
    /// `_AUTHENTICATION`.
    pub(crate) const AUTHENTICATION: Code = Code(-169);
    /// `_SSL`.
    pub(crate) const SSL: Code = Code(-181);
    /// `_NOENT`: nothing of that kind.
    pub(crate) const NO_ENTRY: Code = Code(-156);
    /// `UNKNOWN_TOPIC_OR_PART`.
    pub(crate) const UNKNOWN_TOPIC_OR_PART: Code = Code(3);
    /// `LEADER_NOT_AVAILABLE`.
    pub(crate) const LEADER_NOT_AVAILABLE: Code = Code(5);
    /// `NOT_LEADER_FOR_PARTITION`.
    pub(crate) const NOT_LEADER: Code = Code(6);
    /// `REQUEST_TIMED_OUT`, as a broker says it.
    pub(crate) const REQUEST_TIMED_OUT: Code = Code(7);
    /// `NETWORK_EXCEPTION`.
    pub(crate) const NETWORK_EXCEPTION: Code = Code(13);
    /// `COORDINATOR_LOAD_IN_PROGRESS`: offsets are being read from the log.
    pub(crate) const COORDINATOR_LOADS: Code = Code(14);
    /// `COORDINATOR_NOT_AVAILABLE`.
    pub(crate) const NO_COORDINATOR: Code = Code(15);
    /// `NOT_COORDINATOR`.
    pub(crate) const NOT_COORDINATOR: Code = Code(16);
    /// `TOPIC_AUTHORIZATION_FAILED`: the user may not do that with the topic.
    pub(crate) const TOPIC_AUTHORIZATION: Code = Code(29);
    /// `KAFKA_STORAGE_ERROR`.
    pub(crate) const STORAGE: Code = Code(56);
    /// `FENCED_LEADER_EPOCH`.
    pub(crate) const FENCED_LEADER_EPOCH: Code = Code(74);
    /// `UNKNOWN_LEADER_EPOCH`.
    pub(crate) const UNKNOWN_LEADER_EPOCH: Code = Code(75);
    /// `OFFSET_NOT_AVAILABLE`: a new leader whose high watermark is not known
    /// yet (KIP-207).
    pub(crate) const OFFSET_NOT_AVAILABLE: Code = Code(78);

    /// Whether there is an error.
    pub(crate) fn is_error(self) -> bool {
        self != Self::NONE
    }

    /// Whether the same request may well be answered a moment later.
    pub(crate) fn may_pass(self) -> bool {
        [
            Self::TIMED_OUT,
            Self::TRANSPORT,
            Self::ALL_BROKERS_DOWN,
            Self::LEADER_NOT_AVAILABLE,
            Self::NOT_LEADER,
            Self::REQUEST_TIMED_OUT,
            Self::NETWORK_EXCEPTION,
            Self::COORDINATOR_LOADS,
            Self::NO_COORDINATOR,
            Self::NOT_COORDINATOR,
            Self::STORAGE,
            Self::FENCED_LEADER_EPOCH,
            Self::UNKNOWN_LEADER_EPOCH,
            Self::OFFSET_NOT_AVAILABLE,
        ]
        .contains(&self)
    }

    /// Whether it tells of a connection, rather than of a topic.
    pub(crate) fn is_of_a_connection(self) -> bool {
        [
            Self::TRANSPORT,
            Self::ALL_BROKERS_DOWN,
            Self::RESOLVE,
            Self::AUTHENTICATION,
            Self::SSL,
            Self::TIMED_OUT,
        ]
        .contains(&self)
    }

    /// Reads the code behind a pointer to the bindings' enum.
    ///
    /// # Safety
    /// `code` points to a readable `rd_kafka_resp_err_t`.
    pub(super) unsafe fn behind(code: *const RDKafkaRespErr) -> Self {
        // SAFETY: the enum is repr(i32), and every bit pattern is an i32.
        Self(unsafe { code.cast::<i32>().read() })
    }

    /// The code of an error object; none for a null pointer.
    ///
    /// # Safety
    /// `error` is null or a live `rd_kafka_error_t`.
    pub(super) unsafe fn of(error: *const rd_kafka_error_t) -> Self {
        if error.is_null() {
            return Self::NONE;
        }
        type Getter<T> = unsafe extern "C" fn(*const rd_kafka_error_t) -> T;
        let getter: Getter<RDKafkaRespErr> = rdkafka_sys::rd_kafka_error_code;
        // SAFETY: the two function types differ only in repr(i32) enum against
        // i32, which have one ABI.
        let getter: Getter<i32> = unsafe { std::mem::transmute(getter) };
        // SAFETY: the caller vouches for the pointer.
        Self(unsafe { getter(error) })
    }
}

impl fmt::Display for Code {
    /// Kafka's name of the error and what it means.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(code) = RDKafkaRespErr::try_from(self.0) else {
            return write!(f, "Kafka error {}", self.0);
        };
        // SAFETY: both give static strings for every code.
        let (name, meaning) = unsafe {
            (
                copied(rd_kafka_err2name(code)),
                copied(rd_kafka_err2str(code)),
            )
        };
        write!(f, "{} ({meaning})", name.trim_start_matches('_'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_by_the_name_that_kafka_gives_it() {
        assert!(Code::NOT_LEADER.to_string().starts_with("NOT_LEADER"));
        assert!(
            Code::UNKNOWN_TOPIC_OR_PART
                .to_string()
                .starts_with("UNKNOWN_TOPIC_OR_PART")
        );
    }

    #[test]
    fn a_code_that_this_library_does_not_know_is_told_by_its_number() {
        assert_eq!(Code(31_999).to_string(), "Kafka error 31999");
    }
}
