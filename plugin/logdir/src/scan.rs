//! One replica's log, from its first batch to its last: what is in it, and
//! whether it is whole. Decides nothing: what it finds is for others to judge.

use serde::Serialize;
use slackwater_ports::Digest128;

use crate::LogdirError;
use crate::batch::BatchHeader;
use crate::record;
use crate::rolling::Rolling;
use crate::segment::{BatchSeen, SegmentReader, Want};
use crate::survey::Replica;
use crate::tail::{Last, TailSeen};
use crate::transactions::Open;

/// How much of the log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The last segments, as far back as the last records reach.
    Tail,
    /// All of it: headers and checksums.
    Full,
    /// All of it, and every record is decoded.
    Deep,
}

/// What is wanted of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanOptions {
    /// How much is read.
    pub depth: Depth,
    /// The digest begins with the batch that holds this offset.
    pub digest_from: u64,
    /// Where the cut is. The digest and the last records end there, and what
    /// lies at or past it is counted apart. `None`: the end of the log.
    pub until: Option<u64>,
    /// How many of the last data records are digested.
    pub tail: u32,
}

/// A batch that is not what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bad {
    /// The file's name.
    pub file: String,
    /// Position in it.
    pub position: u64,
    /// The offset that is expected or claimed there.
    pub offset: u64,
    /// What is wrong.
    pub why: String,
}

/// Offsets that no batch covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hole {
    /// The first one.
    pub first: u64,
    /// The offset at which the log goes on.
    pub next: u64,
}

/// What a replica's log holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaScan {
    /// Offset at which the reading began.
    pub scanned_from: u64,
    /// Log end offset as a broker that recovers the log would have it: where
    /// the valid batches of its last segment end.
    pub end: u64,
    /// Segments that were read.
    pub segments: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Batches that were read.
    pub batches: u64,
    /// Records by the headers, markers not counted.
    pub records: u64,
    /// Data records at or past the cut.
    pub beyond: u64,
    /// Leader epoch of the last batch before the cut.
    pub last_epoch: Option<i32>,
    /// Greatest timestamp, ms since the Unix epoch.
    pub last_timestamp_ms: Option<i64>,
    /// How many batches before the cut are not what they say.
    pub bad: u64,
    /// The first of them.
    pub first_bad: Option<Bad>,
    /// Runs of offsets that no batch covers: what compaction leaves, or loss.
    pub holes: u64,
    /// The first of them.
    pub first_hole: Option<Hole>,
    /// The offset below which the log shows that it was compacted: holes,
    /// batches with records taken out, delete horizons. 0 where it does not.
    pub cleaned_to: u64,
    /// Bytes after the last valid batch of the last segment: a write that a
    /// crash cut short, or preallocated.
    pub torn_bytes: u64,
    /// Transactions without a marker at the end.
    pub open_transactions: u64,
    /// Batches that are larger than this reader decodes; 0 unless it was asked
    /// to.
    pub undecoded: u64,
    /// Over the batches from `digest_from` to the cut.
    pub digest: Digest128,
    /// Over all batches that were read, to the cut.
    pub whole: Digest128,
    /// The last data records before the cut that a reader of committed
    /// records gets; `None` where they were not found.
    pub tail: Option<TailSeen>,
    /// Greatest timestamp and size of each segment, for retention.
    #[serde(skip)]
    pub segment_ages: Vec<SegmentAge>,
}

/// What retention looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentAge {
    /// First offset, by its name.
    pub base: u64,
    /// Its size.
    pub bytes: u64,
    /// The greatest of its timestamps; `None` where it holds none.
    pub max_timestamp_ms: Option<i64>,
}

/// Reads `replica`. `progress` is given bytes as they are read.
///
/// # Errors
/// A file that can't be read.
pub fn scan(
    reader: &mut SegmentReader,
    replica: &Replica,
    options: &ScanOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<ReplicaScan, LogdirError> {
    let last = replica.segments.len().saturating_sub(1);
    let mut first = match options.depth {
        Depth::Tail => last,
        Depth::Full | Depth::Deep => 0,
    };
    loop {
        let mut pass = Pass::new(replica, options, first);
        for (index, segment) in replica.segments.iter().enumerate().skip(first) {
            pass.segment(reader, index, index == last)?;
            progress(segment.bytes);
        }
        let found = pass.finish(reader)?;
        let enough = found
            .tail
            .as_ref()
            .is_some_and(|tail| tail.count >= options.tail);
        if first == 0 || enough {
            return Ok(found);
        }
        // Further back by as much again, so that a long way is few passes.
        first = first.saturating_sub(last - first + 1);
    }
}

/// One pass over the segments from one on.
struct Pass<'r> {
    replica: &'r Replica,
    options: &'r ScanOptions,
    until: u64,
    /// The offset that the next batch should have.
    expected: u64,
    /// Once a batch of the last segment is bad, the log ends before it.
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
    fn new(replica: &'r Replica, options: &'r ScanOptions, first: usize) -> Self {
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
                segment_ages: Vec::new(),
            },
        }
    }

    fn segment(
        &mut self,
        reader: &mut SegmentReader,
        index: usize,
        is_last: bool,
    ) -> Result<(), LogdirError> {
        let replica = self.replica;
        let segment = &replica.segments[index];
        self.reach(segment.base);
        let mut age = SegmentAge {
            base: segment.base,
            bytes: segment.bytes,
            max_timestamp_ms: None,
        };
        let end = reader.read(&segment.path, Want::Content, |batch| {
            let timestamp = batch.header.max_timestamp;
            if timestamp >= 0 {
                age.max_timestamp_ms = age.max_timestamp_ms.max(Some(timestamp));
            }
            self.batch(index, batch, is_last);
        })?;
        self.found.segments += 1;
        self.found.bytes += end.bytes;
        self.found.segment_ages.push(age);
        if let Some(why) = end.stopped {
            if is_last {
                self.found.torn_bytes = end.invalid();
            }
            // Without a cut, the last segment may end anywhere.
            let may_end = is_last && self.options.until.is_none();
            if self.expected < self.until && !may_end {
                self.bad(index, end.valid, self.expected, why.to_string());
            }
        }
        Ok(())
    }

    /// The log goes on at `offset`: what lies between is a hole.
    fn reach(&mut self, offset: u64) {
        if offset > self.expected && self.expected < self.until {
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
        if header.base_offset < self.expected {
            let why = format!("offset {} after {}", header.base_offset, self.expected);
            self.wrong(index, batch, is_last, why);
            return;
        }
        if !batch.crc_holds {
            self.wrong(index, batch, is_last, "its CRC does not hold".to_owned());
            self.lost_count = true;
            return;
        }
        if std::mem::take(&mut self.lost_count) {
            self.expected = header.base_offset;
        }
        self.reach(header.base_offset);
        self.expected = header.last_offset + 1;
        self.take(header);
        let marker = self.content(index, batch, is_last);
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
    fn content(
        &mut self,
        index: usize,
        batch: &BatchSeen<'_>,
        is_last: bool,
    ) -> Option<record::Control> {
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
            self.wrong(index, batch, is_last, error.to_string());
        }
        None
    }

    fn wrong(&mut self, index: usize, batch: &BatchSeen<'_>, is_last: bool, why: String) {
        let offset = batch.header.base_offset;
        if is_last {
            self.ended.get_or_insert(offset.min(self.expected));
        }
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

    fn finish(mut self, reader: &mut SegmentReader) -> Result<ReplicaScan, LogdirError> {
        self.found.end = self.ended.unwrap_or(self.expected);
        self.found.open_transactions = self.open.count();
        self.found.digest = self.rolling.finish();
        self.found.whole = self.whole.finish();
        self.found.tail = self
            .last
            .tail(reader, self.replica, self.until, self.options.tail)?;
        Ok(self.found)
    }
}
