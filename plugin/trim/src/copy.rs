//! One copy of a partition, read from one of its segments to its end: every
//! batch as far as they are valid, by their headers and checksums.

use std::ops::ControlFlow;
use std::path::PathBuf;

use slackwater_logdir::{BatchHeader, Control, LogdirError, Replica, SegmentReader, Want, control};
use slackwater_point::Line;
use slackwater_ports::Digest128;

/// A batch, and where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) header: BatchHeader,
    /// Position of its segment in the replica's list.
    pub(crate) segment: usize,
    /// Of its first byte there.
    pub(crate) position: u64,
    /// What it marks, where it is a marker.
    pub(crate) marker: Option<Control>,
}

impl Batch {
    pub(crate) fn line(&self) -> Line {
        Line {
            base: self.header.base_offset,
            last: self.header.last_offset,
            epoch: self.header.leader_epoch,
            crc: self.header.crc,
        }
    }
}

/// Why a copy's log ends where it does, where that is not the end of its last
/// segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) why: String,
    /// A broker that recovers the last segment takes it away: a write that was
    /// cut short, with nothing behind it. Else it is damage.
    pub(crate) at_end: bool,
}

/// What was read.
#[derive(Debug, Clone)]
pub(crate) struct CopyRead {
    /// The first segment that was read.
    pub(crate) first: usize,
    /// The offset at which it begins.
    pub(crate) read_from: u64,
    pub(crate) batches: Vec<Batch>,
    /// Where they end.
    pub(crate) end: u64,
    pub(crate) broken: Option<Broken>,
    /// Below it the cleaner was here.
    pub(crate) cleaned_to: u64,
    pub(crate) bytes: u64,
}

/// Reads `replica` from its segment `first` on.
///
/// # Errors
/// A file that can't be read.
pub(crate) fn read_copy(
    reader: &mut SegmentReader,
    replica: &Replica,
    first: usize,
) -> Result<CopyRead, LogdirError> {
    let segments = &replica.segments;
    let read_from = segments.get(first).map_or(replica.start, |one| one.base);
    let cleaner = replica.cleaner_offset.unwrap_or(0);
    // What a crash may leave unwritten lies above it.
    let flushed = replica.recovery_point.unwrap_or(0);
    let mut read = CopyRead {
        first,
        read_from,
        batches: Vec::new(),
        end: read_from,
        broken: None,
        cleaned_to: cleaner,
        bytes: 0,
    };
    let mut scratch = Vec::new();
    for (at, segment) in segments.iter().enumerate().skip(first) {
        let at_end = at + 1 == segments.len();
        let damage = |why: String| Broken { why, at_end: false };
        if segment.base < read.end {
            let why = format!("a segment from {} after {}", segment.base, read.end);
            read.broken = Some(damage(why));
        } else if let Err(why) = reach(&mut read, segment.base, cleaner) {
            read.broken = Some(damage(why));
        }
        if read.broken.is_some() {
            break;
        }
        let mut wrong = None;
        let end = reader.read_while(&segment.path, 0, Want::Content, |batch| {
            let header = batch.header;
            if let Some(Broken { at_end, .. }) = &mut wrong {
                // What a crash cut short has nothing behind it.
                *at_end &= !(batch.crc_holds && header.base_offset >= read.end);
                return match *at_end {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                };
            }
            let bad = if !batch.crc_holds {
                let why = format!("the batch at {} has another CRC", header.base_offset);
                Some(Broken {
                    why,
                    at_end: at_end && read.end >= flushed,
                })
            } else if header.base_offset < read.end {
                let why = format!("offset {} after {}", header.base_offset, read.end);
                Some(Broken {
                    why,
                    at_end: at_end && read.end >= flushed,
                })
            } else {
                let hole = reach(&mut read, header.base_offset, cleaner).err();
                hole.map(damage)
            };
            if let Some(bad) = bad {
                let may_be_cut_short = bad.at_end;
                wrong = Some(bad);
                return match may_be_cut_short {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                };
            }
            if header.was_cleaned() {
                read.cleaned_to = read.cleaned_to.max(header.last_offset + 1);
            }
            let marker = match (header.control, batch.records) {
                (true, Some(bytes)) => control(&header, bytes, &mut scratch),
                _ => None,
            };
            read.end = header.last_offset + 1;
            read.batches.push(Batch {
                header,
                segment: at,
                position: batch.position,
                marker,
            });
            ControlFlow::Continue(())
        })?;
        read.bytes += end.bytes;
        let stopped = end.stopped.map(|why| Broken {
            why: why.to_string(),
            at_end: at_end && read.end >= flushed,
        });
        read.broken = wrong.or(stopped);
        if read.broken.is_some() {
            break;
        }
    }
    Ok(read)
}

/// The log goes on at `offset`; a hole is the cleaner's work where its
/// checkpoint says so, and nobody's else.
fn reach(read: &mut CopyRead, offset: u64, cleaner: u64) -> Result<(), String> {
    if offset > read.end {
        if offset > cleaner {
            return Err(format!("offsets {} to {offset} are missing", read.end));
        }
        read.end = offset;
    }
    Ok(())
}

impl CopyRead {
    /// Whether nothing lies before what was read.
    pub(crate) fn is_whole(&self) -> bool {
        self.first == 0
    }

    /// Over what was read, and the sizes of all segments.
    pub(crate) fn seen(&self, replica: &Replica) -> Digest128 {
        let mut parts: Vec<Vec<u8>> = vec![self.read_from.to_be_bytes().to_vec()];
        for segment in &replica.segments {
            parts.push([segment.base.to_be_bytes(), segment.bytes.to_be_bytes()].concat());
        }
        for batch in &self.batches {
            let header = &batch.header;
            let mut line = header.base_offset.to_be_bytes().to_vec();
            line.extend(header.last_offset.to_be_bytes());
            line.extend(header.leader_epoch.to_be_bytes());
            line.extend(header.crc.to_be_bytes());
            parts.push(line);
        }
        parts.push(self.end.to_be_bytes().to_vec());
        Digest128::of(parts.iter().map(Vec::as_slice))
    }

    /// As the judge of copies takes it.
    pub(crate) fn judged(&self, node: i32, replica: &Replica) -> slackwater_point::Replica {
        slackwater_point::Replica {
            node,
            start: replica.start,
            read_from: self.read_from,
            whole: self.is_whole(),
            cleaned_to: self.cleaned_to,
            epochs: replica.epochs.clone(),
            lines: self.batches.iter().map(Batch::line).collect(),
            // A start beyond all that is there (`LogLoader`): an empty log.
            end: self.end.max(replica.start),
        }
    }
}

/// A copy as its directory shows it.
#[derive(Debug, Clone)]
pub(crate) struct CopyAt {
    /// Of which broker.
    pub(crate) node: i32,
    /// The log directory that it is in.
    pub(crate) dir: PathBuf,
    pub(crate) replica: Replica,
}
