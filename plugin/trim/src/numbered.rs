//! The numbers of one partition's records, by whatever gives them: asked for from
//! the end of the kept log backwards, batch by batch, only as far as the search for
//! the point wants. Each record is counted once, however often its log is read.

use std::sync::{Mutex, PoisonError};

use slackwater_logdir::{Record, Replica, SegmentReader};
use slackwater_point::{NO_PLACE, Numbered, Place, SeenNumbers, UNNUMBERED, Window};
use slackwater_ports::PartitionId;

use crate::copy::{Batch, CopyRead};
use crate::error::TrimError;
use crate::examine::Reach;
use crate::history::{History, decode};

/// The number of a message, by the message; or why it could not be told, in words
/// that name the remedy.
pub type SequenceOf<'f> =
    &'f (dyn Fn(&PartitionId, &Record<'_>) -> Result<Option<i64>, String> + Sync);

/// A window begins so many numbers lower than was asked for, so that a point which
/// goes down a little does not make it begin anew.
const SLACK: i64 = 10_000;

/// Gives numbers, and keeps what was given.
#[derive(Clone, Copy)]
pub(crate) struct Numbering<'a> {
    pub(crate) of: SequenceOf<'a>,
    /// Of all partitions.
    pub(crate) seen: &'a Mutex<SeenNumbers>,
}

/// A batch whose records were counted.
#[derive(Debug, Clone, Copy)]
struct CountedBatch {
    /// As its header has it.
    records: u32,
    least: Option<i64>,
    greatest: Option<i64>,
}

/// The last batches of the kept log, up to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted(Vec<CountedBatch>);

/// What was found.
pub(crate) struct Found {
    pub(crate) numbered: Numbered,
    pub(crate) window: Window,
    /// The timestamps of the window's records, in their order.
    pub(crate) window_ms: Vec<i64>,
}

/// A kept log, as far as it was read.
pub(crate) struct KeptLog<'a> {
    pub(crate) partition: &'a PartitionId,
    pub(crate) replica: &'a Replica,
    pub(crate) read: &'a CopyRead,
    pub(crate) history: &'a History,
    pub(crate) end: u64,
}

impl KeptLog<'_> {
    /// Counts back as far as `reach` asks; `None` where more has to be read first.
    pub(crate) fn count(
        &self,
        reader: &mut SegmentReader,
        counted: &mut Counted,
        reach: &Reach,
        numbering: Numbering<'_>,
    ) -> Result<Option<Found>, TrimError> {
        let batches = &self.read.batches;
        let mut step = 1;
        while counted.0.len() < batches.len() && !self.is_enough(counted, reach) {
            let to = batches.len() - counted.0.len();
            let from = to.saturating_sub(step);
            self.count_batches(reader, counted, &batches[from..to], numbering)?;
            step *= 2;
        }
        let all = counted.0.len() == batches.len();
        if !self.is_enough(counted, reach) && !self.read.is_whole() {
            return Ok(None);
        }
        let numbered = Numbered {
            read_from: match (all && self.read.is_whole(), self.first(counted)) {
                (true, _) => 0,
                (false, Some(first)) => first,
                (false, None) => self.end,
            },
            least: counted.0.iter().filter_map(|one| one.least).min(),
            greatest: counted.0.iter().filter_map(|one| one.greatest).max(),
        };
        let (window, window_ms) = self.window(reader, counted, reach, numbering)?;
        Ok(Some(Found {
            numbered,
            window,
            window_ms,
        }))
    }

    /// Where the counted batches begin.
    fn first(&self, counted: &Counted) -> Option<u64> {
        let batches = &self.read.batches;
        let first = batches.get(batches.len() - counted.0.len())?;
        Some(first.header.base_offset)
    }

    fn is_enough(&self, counted: &Counted, reach: &Reach) -> bool {
        let least = counted.0.iter().filter_map(|one| one.least).min();
        let low = reach
            .below
            .is_none_or(|below| least.is_some_and(|least| least < below));
        let far = reach
            .from
            .is_none_or(|from| self.first(counted).is_some_and(|first| first <= from));
        let records: u64 = counted.0.iter().map(|one| u64::from(one.records)).sum();
        low && far && (least.is_some() || records >= UNNUMBERED)
    }

    fn count_batches(
        &self,
        reader: &mut SegmentReader,
        counted: &mut Counted,
        batches: &[Batch],
        numbering: Numbering<'_>,
    ) -> Result<(), TrimError> {
        let nothing = |batch: &Batch| CountedBatch {
            records: batch.header.records,
            least: None,
            greatest: None,
        };
        let mut found: Vec<CountedBatch> = batches.iter().map(nothing).collect();
        let mut numbers = Vec::new();
        self.each(reader, batches, numbering, |place, _| {
            if place.at == NO_PLACE {
                return;
            }
            numbers.push(place.at);
            let of = batches.partition_point(|one| one.header.last_offset < place.offset);
            if let Some(one) = found.get_mut(of) {
                one.least = Some(one.least.map_or(place.at, |least| least.min(place.at)));
                one.greatest = one.greatest.max(Some(place.at));
            }
        })?;
        let mut seen = numbering
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for number in numbers {
            seen.add(number)?;
        }
        found.append(&mut counted.0);
        counted.0 = found;
        Ok(())
    }

    /// The records from the first one on that may go.
    fn window(
        &self,
        reader: &mut SegmentReader,
        counted: &Counted,
        reach: &Reach,
        numbering: Numbering<'_>,
    ) -> Result<(Window, Vec<i64>), TrimError> {
        let batches = &self.read.batches[self.read.batches.len() - counted.0.len()..];
        let mut first = batches.len();
        if let Some(from) = reach.from {
            first = batches.partition_point(|one| one.header.last_offset < from);
        }
        if let Some(above) = reach.above {
            let above = Some(above.saturating_sub(SLACK));
            let begins = counted.0.iter().position(|one| one.greatest > above);
            first = first.min(begins.unwrap_or(first));
        }
        let (before, inside) = batches.split_at(first);
        let mut window = Window {
            from: inside
                .first()
                .map_or(self.end, |batch| batch.header.base_offset),
            before: counted.0[..before.len()]
                .iter()
                .filter_map(|one| one.greatest)
                .max(),
            records: Vec::new(),
        };
        let mut window_ms = Vec::new();
        self.each(reader, inside, numbering, |place, timestamp_ms| {
            window.records.push(place);
            window_ms.push(timestamp_ms);
        })?;
        Ok((window, window_ms))
    }

    /// Each data record with its place and timestamp.
    fn each(
        &self,
        reader: &mut SegmentReader,
        batches: &[Batch],
        numbering: Numbering<'_>,
        mut visit: impl FnMut(Place, i64),
    ) -> Result<(), TrimError> {
        let mut wrong = None;
        decode(reader, self.replica, batches, self.history, |record| {
            if wrong.is_some() {
                return;
            }
            match (numbering.of)(self.partition, record) {
                Ok(number) => {
                    let place = Place {
                        offset: record.offset,
                        at: number.unwrap_or(NO_PLACE),
                    };
                    visit(place, record.timestamp_ms);
                }
                Err(why) => wrong = Some((record.offset, why)),
            }
        })?;
        match wrong {
            None => Ok(()),
            Some((offset, why)) => Err(TrimError::OrderKey {
                partition: self.partition.clone(),
                offset,
                why,
            }),
        }
    }
}
