//! One partition's records in order, however many: each is shown to whoever
//! reads, and none is kept.
//!
//! Whoever reads may take his time. librdkafka fetches ahead up to
//! `queued.max.messages.kbytes` of the client and then waits, so that a
//! slow reader costs no more memory than a fast one.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use slackwater_ports::{
    Cluster, Digest128, Ended, Isolation, PartitionId, PortError, Seen, TimestampType,
};

use crate::clusters::KafkaClusters;
use crate::describe::topic_name;
use crate::ffi::{Client, Code, Fetched, Queue, Reader, Record, metadata};
use crate::member::Member;
use crate::sweep::leader;

/// The longest wait in one go.
const POLL: Duration = Duration::from_millis(100);

/// Without a record and without the end for this long, nobody answers: a
/// leader that changes takes seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// A record, as long as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct StreamRecord<'m> {
    /// Its offset.
    pub offset: u64,
    /// Milliseconds since the Unix epoch; -1 where there is none.
    pub timestamp_ms: i64,
    /// Whose time it is.
    pub timestamp_type: TimestampType,
    /// Absent is not the same as empty.
    pub key: Option<&'m [u8]>,
    /// Absent in a tombstone.
    pub value: Option<&'m [u8]>,
    /// Name and value of each, in the order of the record.
    pub headers: &'m [(&'m [u8], Option<&'m [u8]>)],
}

impl<'m> StreamRecord<'m> {
    fn of(record: &'m Record<'m>) -> Self {
        Self {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            timestamp_type: record.timestamp_type,
            key: record.key,
            value: record.value,
            headers: &record.headers,
        }
    }

    /// The digest over key, value and headers: see [`Digest128::of_content`].
    pub fn content(&self) -> Digest128 {
        Digest128::of_content(self.key, self.value, self.headers)
    }
}

/// Reads partitions of one cluster, one after the other, on a client of its
/// own: several streams run beside each other.
pub struct Stream<'c> {
    member: &'c Member,
    client: Client,
}

impl KafkaClusters {
    /// A stream of this cluster.
    ///
    /// # Errors
    /// A cluster that is not configured; properties that librdkafka refuses.
    pub fn stream(&self, cluster: &Cluster, isolation: Isolation) -> Seen<Stream<'_>> {
        let member = self.member(cluster)?;
        let client = member.client(isolation)?;
        Ok(Stream { member, client })
    }
}

impl Stream<'_> {
    /// Shows the records from `start` on and below `until`, in order, until
    /// `visit` has seen enough ([`Ended::Most`]). Blocks. `until` is an end that
    /// the log has had: a leader that is new and does not know that yet is
    /// waited for.
    ///
    /// # Errors
    /// A name that can't be a topic's; a cluster that does not answer when it
    /// is asked where the partition is. What ends a reading that has begun is
    /// in the answer.
    pub fn read(
        &self,
        partition: &PartitionId,
        start: u64,
        until: u64,
        mut visit: impl FnMut(&StreamRecord<'_>) -> ControlFlow<()>,
    ) -> Seen<Ended> {
        if start >= until {
            return Ok(Ended::Until);
        }
        topic_name(self.member, &partition.topic).map_err(PortError::from)?;
        // librdkafka's simple consumer says nothing of a partition that is not
        // there.
        let topics = self
            .member
            .persist(&self.client, "Metadata", |limit| {
                metadata(&self.client, limit)
            })
            .map_err(PortError::from)?;
        if let Err(code) = leader(&topics, partition) {
            return Ok(Ended::Failed(code.to_string()));
        }
        let queue = Queue::new(&self.client);
        let mut reader = Reader::new(&queue);
        if let Err(code) = reader.start(partition, start) {
            return Ok(Ended::Failed(code.to_string()));
        }
        let mut heard = Instant::now();
        loop {
            let Some(message) = reader.next(POLL) else {
                if heard.elapsed() > SILENCE {
                    return Ok(Ended::TimedOut);
                }
                continue;
            };
            match message.read() {
                Fetched::Record(record) if record.offset >= until => return Ok(Ended::Until),
                // librdkafka seeks by batches: what it gives may begin before.
                Fetched::Record(record) if record.offset < start => {}
                Fetched::Record(record) => {
                    if visit(&StreamRecord::of(&record)).is_break() {
                        return Ok(Ended::Most);
                    }
                    if record.offset + 1 == until {
                        return Ok(Ended::Until);
                    }
                }
                Fetched::End(offset) if offset >= until => return Ok(Ended::EndOfPartition),
                Fetched::End(_) => {}
                Fetched::Failed(failed) => {
                    return Ok(match failed.code {
                        Code::AUTO_OFFSET_RESET => Ended::OutOfRange,
                        _ => Ended::Failed(failed.to_string()),
                    });
                }
            }
            // Whoever reads may have waited, and that is no silence.
            heard = Instant::now();
        }
    }
}
