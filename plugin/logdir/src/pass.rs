//! One pass over the segments of a log from one of them on: what `scan` finds.

use slackwater_ports::Digest128;

use crate::LogdirError;
use crate::batch::BatchHeader;
use crate::record;
use crate::rolling::Rolling;
use crate::scan::{Bad, Depth, Hole, ReplicaScan, ScanOptions};
use crate::segment::{BatchSeen, SegmentReader, Want};
use crate::survey::Replica;
use crate::tail::Last;
use crate::transactions::Open;

pub(crate) struct Pass<'r> {
    replica: &'r Replica,
    options: &'r ScanOptions,
    until: u64,
    /// The offset that the next batch should have.
    expected: u64,
    /// Where in the last segment the log ends, because what lies there is no
    /// valid batch.
    ended: Option<u64>,
    rolling: Rolling,
    whole: Rolling,
    /// Behind a bad batch it is not known where the log goes on.
    lost_count: bool,
    open: Open,
    last: Last,
    scratch: Vec<u8>,
    found: ReplicaScan,
}

impl<'r> Pass<'r> {
    /// From the segment at `first` on.
    pub(crate) fn new(replica: &'r Replica, options: &'r ScanOptions, first: usize) -> Self {
        let base = replica
            .segments
            .get(first)
            .map_or(replica.start, |one| one.base);
        Self {
            replica,
            options,
            until: options.until.unwrap_or(u64::MAX),
            expected: base,
            ended: None,
            rolling: Rolling::default(),
            whole: Rolling::default(),
            lost_count: false,
            open: Open::default(),
            last: Last::default(),
            scratch: Vec::new(),
            found: ReplicaScan {
                scanned_from: base,
                end: base,
                segments: 0,
                bytes: 0,
                batches: 0,
                records: 0,
                beyond: 0,
                last_epoch: None,
                last_timestamp_ms: None,
                bad: 0,
                first_bad: None,
                holes: 0,
                first_hole: None,
                cleaned_to: 0,
                torn_bytes: 0,
                open_transactions: 0,
                undecoded: 0,
                digest: Digest128(0),
                whole: Digest128(0),
                tail: None,
            },
        }
    }

    /// Reads the segment at `index`. Each is given once, in order.
    pub(crate) fn segment(
        &mut self,
        reader: &mut SegmentReader,
        index: usize,
        is_last: bool,
    ) -> Result<(), LogdirError> {
        let replica = self.replica;
        let segment = &replica.segments[index];
        self.begin(index, segment.base);
        let end = reader.read(&segment.path, Want::Content, |batch| {
            self.batch(index, batch, is_last);
        })?;
        self.found.segments += 1;
        self.found.bytes += end.bytes;
        if is_last {
            self.found.torn_bytes = end.bytes - self.ended.unwrap_or(end.valid);
        }
        if let Some(why) = end.stopped
            && self.ended.is_none()
        {
            // Without a cut, the last segment may end anywhere.
            let may_end = is_last && self.options.until.is_none();
            if self.expected < self.until && !may_end {
                self.bad(index, end.valid, self.expected, why.to_string());
            }
        }
        Ok(())
    }

    /// A segment begins where its name says: what came before it says nothing
    /// of what is valid in it, so that the log's end does not depend on how
    /// much of the log is read.
    fn begin(&mut self, index: usize, base: u64) {
        if base < self.expected && base < self.until && !self.lost_count {
            let why = format!("a segment from offset {base} on after {}", self.expected);
            self.bad(index, 0, base, why);
        }
        self.reach(base);
        self.expected = base;
    }

    /// The log goes on at `offset`: what lies between is a hole.
    fn reach(&mut self, offset: u64) {
        let known = !std::mem::take(&mut self.lost_count);
        if known && offset > self.expected && self.expected < self.until {
            let hole = Hole {
                first: self.expected,
                next: offset,
            };
            self.found.holes += 1;
            self.found.first_hole.get_or_insert(hole);
            self.found.cleaned_to = self.found.cleaned_to.max(offset.min(self.until));
        }
        self.expected = self.expected.max(offset);
    }

    fn batch(&mut self, index: usize, batch: &BatchSeen<'_>, is_last: bool) {
        let header = &batch.header;
        self.found.batches += 1;
        let why = if !batch.crc_holds {
            Some("its CRC does not hold".to_owned())
        } else if self.ended.is_some() {
            // Recovery takes it away, however good it is.
            return;
        } else if header.base_offset < self.expected {
            Some(format!(
                "offset {} after {}",
                header.base_offset, self.expected
            ))
        } else {
            None
        };
        if let Some(why) = why {
            if is_last {
                self.ended.get_or_insert(batch.position);
            }
            self.lost_count |= !batch.crc_holds;
            self.wrong(index, batch, why);
            return;
        }
        self.reach(header.base_offset);
        self.expected = header.last_offset + 1;
        self.take(header);
        let marker = self.content(index, batch);
        if header.transactional {
            self.open.take(header, marker);
        }
        if header.base_offset < self.until {
            self.last.push(index, batch.position, header, marker);
        }
    }

    /// What its header tells.
    fn take(&mut self, header: &BatchHeader) {
        let found = &mut self.found;
        if !header.control {
            found.records += u64::from(header.records);
        }
        found.beyond += header.data_from(self.until);
        if header.max_timestamp >= 0 {
            found.last_timestamp_ms = found.last_timestamp_ms.max(Some(header.max_timestamp));
        }
        if header.base_offset < self.until {
            found.last_epoch = Some(header.leader_epoch);
            if header.was_cleaned() {
                found.cleaned_to = found.cleaned_to.max(header.last_offset + 1);
            }
            self.whole.add(header);
            if header.last_offset >= self.options.digest_from {
                self.rolling.add(header);
            }
        }
    }

    /// The marker of a control batch; and where it is wanted, all records.
    fn content(&mut self, index: usize, batch: &BatchSeen<'_>) -> Option<record::Control> {
        let header = &batch.header;
        let Some(records) = batch.records else {
            self.found.undecoded += 1;
            return None;
        };
        if header.control {
            return record::control(header, records, &mut self.scratch);
        }
        if self.options.depth == Depth::Deep
            && let Err(error) = record::decoded(header, records, &mut self.scratch)
        {
            self.wrong(index, batch, error.to_string());
        }
        None
    }

    fn wrong(&mut self, index: usize, batch: &BatchSeen<'_>, why: String) {
        let offset = batch.header.base_offset;
        if offset < self.until {
            self.bad(index, batch.position, offset, why);
        }
    }

    fn bad(&mut self, index: usize, position: u64, offset: u64, why: String) {
        self.found.bad += 1;
        let path = &self.replica.segments[index].path;
        self.found.first_bad.get_or_insert_with(|| Bad {
            file: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            position,
            offset,
            why,
        });
    }

    /// What was found. Reads the last records once more, to digest them.
    pub(crate) fn finish(mut self, reader: &mut SegmentReader) -> Result<ReplicaScan, LogdirError> {
        // `LogLoader.deleteSegmentsIfLogStartGreaterThanLogEnd`
        self.found.end = self.expected.max(self.replica.start);
        self.found.open_transactions = self.open.count();
        self.found.digest = self.rolling.finish();
        self.found.whole = self.whole.finish();
        self.found.tail = self
            .last
            .tail(reader, self.replica, self.until, self.options.tail)?;
        Ok(self.found)
    }
}
