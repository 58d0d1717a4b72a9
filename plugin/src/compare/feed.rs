//! Records of one partition on their way from the thread that reads them to
//! the one that compares them: through a channel that holds few.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use slackwater_compare::{Item, Items};
use slackwater_kafka::StreamRecord;
use slackwater_kit::identity;
use slackwater_logdir::{Isolation as FileIsolation, SegmentReader, records};
use slackwater_ports::{Digest128, Ended, Isolation, RecordSeen, TimestampType};

use super::sides::{Extent, Reader, of_file};

/// Records that cross at once: so many that crossing costs nothing.
const CHUNK: usize = 1024;

/// Chunks under way: 80 bytes a record make this 1.3 MB for both sides.
const CHUNKS: usize = 8;

/// Why a partition can't be compared as it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Interrupted {
    /// A side does not keep the producer's time: compare without.
    Timestamps,
    /// The log starts later by now: begin there.
    Moved,
    /// It can't be read.
    Failed(String),
}

enum Chunk {
    Items(Vec<Item>),
    End,
    Interrupted(Interrupted),
}

/// What of a record is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compared {
    /// Its timestamp too.
    pub(super) timestamps: bool,
    /// Keys are told apart: a side compacts.
    pub(super) keys: bool,
}

/// The reading end.
pub(super) struct Feed {
    chunks: Receiver<Chunk>,
    items: std::vec::IntoIter<Item>,
    over: bool,
}

/// The writing end.
pub(super) struct Feeder {
    chunks: SyncSender<Chunk>,
    items: Vec<Item>,
    compared: Compared,
    interrupted: Option<Interrupted>,
}

/// Both.
pub(super) fn feed(compared: Compared) -> (Feeder, Feed) {
    let (sender, receiver) = sync_channel(CHUNKS);
    let feeder = Feeder {
        chunks: sender,
        items: Vec::with_capacity(CHUNK),
        compared,
        interrupted: None,
    };
    let feed = Feed {
        chunks: receiver,
        items: Vec::new().into_iter(),
        over: false,
    };
    (feeder, feed)
}

impl Items for Feed {
    type Error = Interrupted;

    fn next(&mut self) -> Result<Option<Item>, Interrupted> {
        loop {
            if let Some(item) = self.items.next() {
                return Ok(Some(item));
            }
            if self.over {
                return Ok(None);
            }
            match self.chunks.recv() {
                Ok(Chunk::Items(items)) => self.items = items.into_iter(),
                Ok(Chunk::End) => self.over = true,
                Ok(Chunk::Interrupted(why)) => return Err(why),
                // It sends its end, whatever it is: this is a bug.
                Err(_) => return Err(Interrupted::Failed("its reader is gone".to_owned())),
            }
        }
    }
}

impl Feeder {
    /// Reads a partition to its end, or until nobody wants more of it. `done`
    /// counts offsets.
    pub(super) fn run(mut self, reader: &Reader<'_>, extent: &Extent, done: &AtomicU64) {
        let mut position = extent.start;
        let mut pass = |record: &StreamRecord<'_>| {
            let after = record.offset + 1;
            // In a file, the first may lie before the extent.
            done.fetch_add(after.saturating_sub(position), Ordering::Relaxed);
            position = after;
            self.take(record)
        };
        let ended = match (reader, &extent.replica) {
            (Reader::Stream(stream), _) => {
                let read = stream.read(&extent.partition, extent.start, extent.until, pass);
                match read {
                    Ok(Ended::Most | Ended::Until | Ended::EndOfPartition) => None,
                    Ok(Ended::OutOfRange) => Some(Interrupted::Moved),
                    Ok(Ended::TimedOut) => Some(Interrupted::Failed(
                        "its leader has not answered for a minute".to_owned(),
                    )),
                    Ok(Ended::Failed(why)) => Some(Interrupted::Failed(why)),
                    Err(error) => Some(Interrupted::Failed(error.message)),
                }
            }
            (Reader::Files(isolation), Some(replica)) => {
                let isolation = match isolation {
                    Isolation::ReadCommitted => FileIsolation::ReadCommitted,
                    Isolation::ReadUncommitted => FileIsolation::ReadUncommitted,
                };
                let mut files = SegmentReader::default();
                let read = records(&mut files, replica, isolation, |record| {
                    if record.offset >= extent.until {
                        return ControlFlow::Break(());
                    }
                    pass(&of_file(record))
                });
                match read {
                    Ok(end) => end.broken_at.map(|at| {
                        Interrupted::Failed(format!(
                            "from offset {at} on a batch can't be read: see `slackwater logdir scan`"
                        ))
                    }),
                    Err(error) => Some(Interrupted::Failed(error.to_string())),
                }
            }
            (Reader::Files(_), None) => Some(Interrupted::Failed("it has no replica".to_owned())),
        };
        done.fetch_add(extent.until.saturating_sub(position), Ordering::Relaxed);
        self.end(ended);
    }

    fn take(&mut self, record: &StreamRecord<'_>) -> ControlFlow<()> {
        let Compared { timestamps, keys } = self.compared;
        if timestamps && record.timestamp_type != TimestampType::CreateTime {
            self.interrupted = Some(Interrupted::Timestamps);
            return ControlFlow::Break(());
        }
        let seen = RecordSeen {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            timestamp_type: record.timestamp_type,
            batch_epoch: None,
            content: record.content(),
        };
        self.items.push(Item {
            offset: seen.offset,
            identity: identity(&seen, timestamps),
            timestamp_ms: seen.timestamp_ms,
            key: record.key.filter(|_| keys).map(|key| Digest128::of([key])),
            tombstone: record.key.is_some() && record.value.is_none(),
        });
        if self.items.len() < CHUNK {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut self.items, Vec::with_capacity(CHUNK));
        match self.chunks.send(Chunk::Items(full)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Whoever compares may have gone: then nobody wants to know.
    fn end(self, ended: Option<Interrupted>) {
        let _ = self.chunks.send(Chunk::Items(self.items));
        let _ = self.chunks.send(match self.interrupted.or(ended) {
            Some(why) => Chunk::Interrupted(why),
            None => Chunk::End,
        });
    }
}
