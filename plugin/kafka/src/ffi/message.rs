//! What a consumer is given: a record, the end of a partition, or an error.

use std::marker::PhantomData;
use std::ptr::NonNull;

use rdkafka_sys::{
    rd_kafka_header_get_all, rd_kafka_message_destroy, rd_kafka_message_errstr,
    rd_kafka_message_headers, rd_kafka_message_leader_epoch, rd_kafka_message_t,
    rd_kafka_message_timestamp, rd_kafka_timestamp_type_t, rd_kafka_topic_name,
};
use slackwater_ports::TimestampType;

use super::Client;
use super::admin::Failed;
use super::code::Code;
use super::text::{copied, slice};

/// A header: its name and its value, which may be absent.
pub(crate) type Header<'m> = (&'m [u8], Option<&'m [u8]>);

/// A record, borrowed from the message.
pub(crate) struct Record<'m> {
    /// Its offset.
    pub(crate) offset: u64,
    /// -1 where there is none.
    pub(crate) timestamp_ms: i64,
    /// Whose time it is.
    pub(crate) timestamp_type: TimestampType,
    /// The batch's partition leader epoch.
    pub(crate) batch_epoch: Option<i32>,
    /// Absent is not the same as empty.
    pub(crate) key: Option<&'m [u8]>,
    /// Absent in a tombstone.
    pub(crate) value: Option<&'m [u8]>,
    /// In the order of the record.
    pub(crate) headers: Vec<Header<'m>>,
}

/// What a message turned out to be.
pub(crate) enum Fetched<'m> {
    /// A record.
    Record(Record<'m>),
    /// The end of the partition, which is at this offset.
    End(u64),
    /// An error of this partition.
    Failed(Failed),
}

/// A message of librdkafka, which its client must outlive.
pub(crate) struct Message<'c>(NonNull<rd_kafka_message_t>, PhantomData<&'c Client>);

impl Message<'_> {
    /// Takes a message over.
    ///
    /// # Safety
    /// `message` is null or a message that nobody else destroys, of a client
    /// that lives as long as the lifetime says.
    pub(super) unsafe fn taken(message: *mut rd_kafka_message_t) -> Option<Self> {
        NonNull::new(message).map(|message| Self(message, PhantomData))
    }

    /// The topic's name; empty where the message is of none.
    pub(crate) fn topic(&self) -> &str {
        // SAFETY: the message is live and holds its topic; the name lives as
        // long as the topic.
        unsafe {
            let topic = self.0.as_ref().rkt;
            if topic.is_null() {
                return "";
            }
            std::ffi::CStr::from_ptr(rd_kafka_topic_name(topic))
                .to_str()
                .unwrap_or("")
        }
    }

    /// The partition's number.
    pub(crate) fn partition(&self) -> u32 {
        // SAFETY: the message is live.
        u32::try_from(unsafe { (*self.0.as_ptr()).partition }).unwrap_or(u32::MAX)
    }

    /// What it is.
    pub(crate) fn read(&self) -> Fetched<'_> {
        let message = self.0.as_ptr();
        // SAFETY: the message is live.
        let (code, offset) =
            unsafe { (Code::behind(&raw const (*message).err), (*message).offset) };
        let offset = u64::try_from(offset).unwrap_or(0);
        if code == Code::PARTITION_EOF {
            return Fetched::End(offset);
        }
        if code.is_error() {
            // SAFETY: the message is live, and owns its text.
            let reason = unsafe { copied(rd_kafka_message_errstr(message)) };
            return Fetched::Failed(Failed { code, reason });
        }
        let headers = match self.headers() {
            Ok(headers) => headers,
            Err(failed) => return Fetched::Failed(failed),
        };
        let mut kind = rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is live; key and value have the lengths beside
        // them and live as long as it does.
        unsafe {
            let timestamp = rd_kafka_message_timestamp(message, &raw mut kind);
            let epoch = rd_kafka_message_leader_epoch(message);
            Fetched::Record(Record {
                offset,
                timestamp_ms: timestamp,
                timestamp_type: match kind {
                    rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME => {
                        TimestampType::CreateTime
                    }
                    rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => {
                        TimestampType::LogAppendTime
                    }
                    rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => {
                        TimestampType::None
                    }
                },
                batch_epoch: (epoch >= 0).then_some(epoch),
                key: bytes((*message).key.cast(), (*message).key_len),
                value: bytes((*message).payload.cast(), (*message).len),
                headers,
            })
        }
    }

    fn headers(&self) -> Result<Vec<Header<'_>>, Failed> {
        let mut found = Vec::new();
        let mut headers = std::ptr::null_mut();
        // SAFETY: the message is live, and owns its headers. Its codes are
        // librdkafka's own here: none, no entry, bad message.
        unsafe {
            let code = rd_kafka_message_headers(self.0.as_ptr(), &raw mut headers) as i32;
            if Code(code) == Code::NO_ENTRY {
                return Ok(found);
            }
            if Code(code).is_error() {
                let (code, reason) = (Code(code), String::from("reading its headers"));
                return Err(Failed { code, reason });
            }
            loop {
                let (mut name, mut value, mut size) = (std::ptr::null(), std::ptr::null(), 0);
                let code = rd_kafka_header_get_all(
                    headers,
                    found.len(),
                    &raw mut name,
                    &raw mut value,
                    &raw mut size,
                ) as i32;
                if Code(code).is_error() {
                    return Ok(found);
                }
                let name = std::ffi::CStr::from_ptr(name).to_bytes();
                found.push((name, bytes(value.cast(), size)));
            }
        }
    }
}

impl Drop for Message<'_> {
    fn drop(&mut self) {
        // SAFETY: live, and used no more.
        unsafe { rd_kafka_message_destroy(self.0.as_ptr()) };
    }
}

/// # Safety
/// `first` is null, for absent, or points to `count` bytes that live for `'a`.
unsafe fn bytes<'a>(first: *const u8, count: usize) -> Option<&'a [u8]> {
    // SAFETY: not null; the caller vouches for the rest.
    (!first.is_null()).then(|| unsafe { slice(first, count) })
}
