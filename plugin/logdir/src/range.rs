//! A part of a log, to be held against the same part of another replica: its
//! batches, and where those may differ because each replica compacts by
//! itself, the last value of each live key.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use slackwater_ports::{Digest128, LiveKeys};

use crate::LogdirError;
use crate::batch::BatchHeader;
use crate::record;
use crate::rolling::Rolling;
use crate::segment::{BatchSeen, SegmentReader, Want};
use crate::survey::Replica;
use crate::transactions::{Aborted, Open};

/// Keys that are held at once, some 64 MiB. A log with more records is read
/// several times, a share of the keys each time.
const KEYS_AT_ONCE: u64 = 1 << 20;

/// Only one log's keys at a time, whatever the number of threads: the bound on
/// memory is the process's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RangeSeen {
    /// Over its batches: those that end at or past its begin, and begin
    /// before its end.
    pub batches: Digest128,
    /// Its live keys; `None` where they were not wanted or can't be read.
    pub live: Option<LiveKeys>,
    /// The greatest timestamp in its batches' headers; `None` where none has
    /// one.
    pub newest_ms: Option<i64>,
}

/// Reads the part from `from` (inclusive) to `until` (exclusive).
///
/// # Errors
/// A file that can't be read.
pub fn range(
    reader: &mut SegmentReader,
    replica: &Replica,
    from: u64,
    until: u64,
    live: bool,
) -> Result<RangeSeen, LogdirError> {
    let mut rolling = Rolling::default();
    let mut survey = Survey::default();
    let mut newest_ms = None;
    each(reader, replica, from, |batch| {
        if batch.header.base_offset < until {
            rolling.add(&batch.header);
            if batch.header.max_timestamp >= 0 {
                newest_ms = newest_ms.max(Some(batch.header.max_timestamp));
            }
            survey.take(batch);
        } else if live && survey.undecided() {
            survey.follow(batch);
        } else {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let live = if live {
        survey.live(reader, replica, from, until)?
    } else {
        None
    };
    Ok(RangeSeen {
        batches: rolling.finish(),
        live,
        newest_ms,
    })
}

/// Each good batch from that with `from` on, in order, until `visit` has seen
/// enough.
fn each(
    reader: &mut SegmentReader,
    replica: &Replica,
    from: u64,
    mut visit: impl FnMut(&BatchSeen<'_>) -> ControlFlow<()>,
) -> Result<(), LogdirError> {
    let segments = &replica.segments;
    for (index, segment) in segments.iter().enumerate() {
        // A segment holds nothing at or past the base of the next one.
        let over = segments
            .get(index + 1)
            .is_some_and(|next| next.base <= from);
        if over {
            continue;
        }
        let mut enough = false;
        reader.read_while(&segment.path, 0, Want::Content, |batch| {
            if batch.header.last_offset < from || !batch.crc_holds {
                return ControlFlow::Continue(());
            }
            let seen = visit(batch);
            enough = seen.is_break();
            seen
        })?;
        if enough {
            break;
        }
    }
    Ok(())
}

/// What must be known of a part before its live keys can be.
#[derive(Default)]
struct Survey {
    open: Open,
    aborted: Aborted,
    records: u64,
    undecoded: bool,
    scratch: Vec<u8>,
}

impl Survey {
    fn take(&mut self, batch: &BatchSeen<'_>) {
        let header = &batch.header;
        let Some(bytes) = batch.records else {
            self.undecoded = true;
            return;
        };
        if !header.control {
            self.records += u64::from(header.records);
            if header.transactional {
                self.open.take(header, None);
            }
        } else if header.transactional {
            self.marker(header, bytes);
        }
    }

    /// A transaction of the part may be ended past it: of what follows, its
    /// markers count.
    fn follow(&mut self, batch: &BatchSeen<'_>) {
        let header = &batch.header;
        if let (true, true, Some(bytes)) = (header.control, header.transactional, batch.records) {
            self.marker(header, bytes);
        }
    }

    fn marker(&mut self, header: &BatchHeader, bytes: &[u8]) {
        let marker = record::control(header, bytes, &mut self.scratch);
        if let Some(first) = self.open.take(header, marker)
            && marker == Some(record::Control::Abort)
        {
            self.aborted
                .add(header.producer_id, first, header.base_offset);
        }
    }

    /// Whether it is not known what became of a transaction.
    fn undecided(&self) -> bool {
        self.open.count() > 0
    }

    /// `None` where a transaction has no end: what is open is not compacted.
    fn live(
        &self,
        reader: &mut SegmentReader,
        replica: &Replica,
        from: u64,
        until: u64,
    ) -> Result<Option<LiveKeys>, LogdirError> {
        if self.undecoded || self.aborted.overflowed || self.undecided() {
            return Ok(None);
        }
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let shares = self.records.div_ceil(KEYS_AT_ONCE).max(1);
        let mut seen = LiveKeys {
            keys: 0,
            sum: Digest128(0),
        };
        for share in 0..shares {
            let of_share = |key: Digest128| key.0 as u64 % shares == share;
            let mut last: HashMap<Digest128, u64> = HashMap::new();
            let whole = self.data(reader, replica, from, until, |key, record| {
                if of_share(key) {
                    last.insert(key, record.offset);
                }
            })?;
            if !whole {
                return Ok(None);
            }
            self.data(reader, replica, from, until, |key, record| {
                if of_share(key) && last.get(&key) == Some(&record.offset) && record.value.is_some()
                {
                    let place = record.offset.to_be_bytes();
                    let time = record.timestamp_ms.to_be_bytes();
                    let content = record.content().0.to_be_bytes();
                    let one = Digest128::of([place.as_slice(), &time, &content]);
                    seen.keys += 1;
                    seen.sum = Digest128(seen.sum.0.wrapping_add(one.0));
                }
            })?;
        }
        Ok(Some(seen))
    }

    /// Each data record with a key that no abort took away. Gives whether all
    /// could be decoded.
    fn data(
        &self,
        reader: &mut SegmentReader,
        replica: &Replica,
        from: u64,
        until: u64,
        mut visit: impl FnMut(Digest128, &record::Record<'_>),
    ) -> Result<bool, LogdirError> {
        let (mut scratch, mut whole) = (Vec::new(), true);
        each(reader, replica, from, |batch| {
            let header = &batch.header;
            if header.base_offset >= until {
                return ControlFlow::Break(());
            }
            if header.control || self.aborted.holds(header) {
                return ControlFlow::Continue(());
            }
            let decoded = record::for_each(
                header,
                batch.records.unwrap_or_default(),
                &mut scratch,
                |record| {
                    if let Some(key) = record.key
                        && (from..until).contains(&record.offset)
                    {
                        visit(Digest128::of([key]), record);
                    }
                },
            );
            whole &= decoded.is_ok();
            ControlFlow::Continue(())
        })?;
        Ok(whole)
    }
}
