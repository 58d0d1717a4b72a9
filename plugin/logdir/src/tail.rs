//! The last data records of a log, as a reader of committed records gets
//! them: so that what a client saw can be held against what is kept.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;

use slackwater_ports::{RecordSeen, TailRead};

use crate::LogdirError;
use crate::batch::BatchHeader;
use crate::record::{self, Control};
use crate::segment::{SegmentReader, Want};
use crate::survey::Replica;

/// So many of the last batches are remembered. Where each record is a
/// transaction of its own, every second batch is a marker; 64 records need 128
/// then, and this leaves room for a tail of 1,000 and for aborted ones.
const REMEMBERED: usize = 4096;

/// The last batches that were read.
#[derive(Debug, Default)]
pub(crate) struct Last {
    batches: VecDeque<Remembered>,
    /// There were more.
    forgot: bool,
}

#[derive(Debug)]
struct Remembered {
    segment: usize,
    position: u64,
    header: BatchHeader,
    marker: Option<Control>,
}

impl Last {
    pub(crate) fn push(
        &mut self,
        segment: usize,
        position: u64,
        header: &BatchHeader,
        marker: Option<Control>,
    ) {
        if self.batches.len() == REMEMBERED {
            self.batches.pop_front();
            self.forgot = true;
        }
        self.batches.push_back(Remembered {
            segment,
            position,
            header: *header,
            marker,
        });
    }

    /// The last `most` data records below `until`; fewer where the reading
    /// began too late or there are no more. `None` where they may lie further
    /// back than is remembered, or can't be decoded.
    pub(crate) fn tail(
        &self,
        reader: &mut SegmentReader,
        replica: &Replica,
        until: u64,
        most: u32,
    ) -> Result<Option<TailRead>, LogdirError> {
        let most = most as usize;
        let mut ended: HashMap<i64, Option<Control>> = HashMap::new();
        // The last records, the last one first.
        let mut seen: Vec<RecordSeen> = Vec::new();
        for batch in self.batches.iter().rev() {
            if seen.len() >= most || batch.header.last_offset < replica.start {
                break;
            }
            let producer = batch.header.producer_id;
            if batch.header.control {
                ended.insert(producer, batch.marker);
                continue;
            }
            let committed = matches!(ended.get(&producer), Some(Some(Control::Commit)));
            if batch.header.transactional && !committed {
                continue;
            }
            let missing = most - seen.len();
            match records(reader, replica, batch, until, missing)? {
                Some(records) => seen.extend(records.into_iter().rev()),
                None => return Ok(None),
            }
        }
        if seen.len() < most && self.forgot {
            return Ok(None);
        }
        seen.reverse();
        Ok(Some(TailRead {
            count: u32::try_from(seen.len()).unwrap_or(u32::MAX),
            digest: RecordSeen::digest_of_run(&seen),
            last_offset: seen.last().map_or(0, |one| one.offset),
            last_timestamp_ms: seen.last().map_or(0, |one| one.timestamp_ms),
            batch_epoch: seen.last().and_then(|one| one.batch_epoch),
        }))
    }
}

/// The last `most` records of one batch between the log's start and `until`;
/// `None` where they can't be decoded. No more are ever held: a batch may
/// decompress to millions.
fn records(
    reader: &mut SegmentReader,
    replica: &Replica,
    batch: &Remembered,
    until: u64,
    most: usize,
) -> Result<Option<VecDeque<RecordSeen>>, LogdirError> {
    let path = &replica.segments[batch.segment].path;
    let mut found = None;
    reader.read_while(path, batch.position, Want::Content, |batch| {
        let Some(bytes) = batch.records else {
            return ControlFlow::Break(());
        };
        let mut records = VecDeque::new();
        let decoded = record::for_each(&batch.header, bytes, &mut Vec::new(), |record| {
            if record.offset < replica.start || record.offset >= until {
                return;
            }
            if records.len() == most {
                records.pop_front();
            }
            records.push_back(RecordSeen {
                offset: record.offset,
                timestamp_ms: record.timestamp_ms,
                timestamp_type: record.timestamp_type,
                batch_epoch: (record.batch_epoch >= 0).then_some(record.batch_epoch),
                content: record.content(),
            });
        });
        found = decoded.is_ok().then_some(records);
        ControlFlow::Break(())
    })?;
    Ok(found)
}
