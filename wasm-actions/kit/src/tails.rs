//! The last data records of many partitions, and the seam between a mirror's
//! and its source's.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Seam, Tail, Uneven};
use slackwater_ports::{
    Cluster, Digest128, Ended, Isolation, PartitionId, RecordSeen, Records, Seen, Span,
    TimestampType,
};

/// How much further back the next try starts when transaction markers,
/// aborted or compacted records left too few data records.
const WIDEN: u64 = 8;

/// Tries, each `WIDEN` times longer than the one before: from 64 records it
/// gets past 16 million offsets, then to the start of the log.
const TRIES: u32 = 8;

/// Of which partition, between which offsets.
#[derive(Debug, Clone)]
pub struct TailRequest {
    /// Which.
    pub partition: PartitionId,
    /// Its log start offset.
    pub start: u64,
    /// Where its last records end, exclusive.
    pub end: u64,
}

/// The last `most` data records below `end` of each. A partition whose
/// records could not be read to the end is missing from the answer.
pub fn read_tails(
    records: &impl Records,
    cluster: &Cluster,
    isolation: Isolation,
    requests: &[TailRequest],
    most: u32,
    timeout_ms: u64,
) -> Seen<BTreeMap<PartitionId, Vec<RecordSeen>>> {
    let mut tails = BTreeMap::new();
    let mut open: Vec<&TailRequest> = Vec::new();
    for request in requests {
        if request.end <= request.start {
            tails.insert(request.partition.clone(), Vec::new());
        } else {
            open.push(request);
        }
    }
    let mut back = u64::from(most);
    for attempt in 0..TRIES {
        if open.is_empty() {
            break;
        }
        let to_the_start = attempt + 1 == TRIES;
        let from = |request: &TailRequest| {
            if to_the_start {
                request.start
            } else {
                request.end.saturating_sub(back).max(request.start)
            }
        };
        let spans: Vec<Span> = open
            .iter()
            .map(|request| Span {
                partition: request.partition.clone(),
                start: from(request),
                until: request.end,
                most: u64::MAX,
                keep_last: most,
            })
            .collect();
        let reads = records.read(cluster, isolation, &spans, timeout_ms)?;
        let mut again = Vec::new();
        for (request, read) in open.into_iter().zip(reads) {
            let enough = read.count >= u64::from(most) || from(request) == request.start;
            match read.ended {
                Ended::Until | Ended::EndOfPartition if enough => {
                    tails.insert(request.partition.clone(), read.records);
                }
                Ended::Until | Ended::EndOfPartition => again.push(request),
                _ => {}
            }
        }
        open = again;
        back = back.saturating_mul(WIDEN);
    }
    Ok(tails)
}

/// What a cut keeps of the last records; `None` where there are none.
pub fn tail_of(records: &[RecordSeen]) -> Option<Tail> {
    let last = records.last()?;
    Some(Tail {
        count: u32::try_from(records.len()).unwrap_or(u32::MAX),
        digest: RecordSeen::digest_of_run(records),
        last_offset: last.offset,
        last_timestamp_ms: last.timestamp_ms,
        batch_epoch: last.batch_epoch,
    })
}

/// Compares the last records of both sides. `None` where one side has none.
pub fn seam(mirror: &[RecordSeen], source: &[RecordSeen], compacted: bool) -> Option<Seam> {
    let compared = mirror.len().min(source.len());
    if compared == 0 {
        return None;
    }
    let kept = |records: &[RecordSeen]| {
        records
            .iter()
            .all(|record| record.timestamp_type == TimestampType::CreateTime)
    };
    let timestamps = kept(mirror) && kept(source);
    let identities = |records: &[RecordSeen]| -> Vec<Digest128> {
        records
            .iter()
            .map(|record| identity(record, timestamps))
            .collect()
    };
    let (all_mirror, all_source) = (identities(mirror), identities(source));
    let last_mirror = &all_mirror[all_mirror.len() - compared..];
    let last_source = &all_source[all_source.len() - compared..];
    let equal = last_mirror == last_source;
    Some(Seam {
        compared: as_u32(compared),
        mirror_count: as_u32(mirror.len()),
        source_count: as_u32(source.len()),
        source_last_offset: source.last().map_or(0, |record| record.offset),
        mirror: rolling(last_mirror),
        source: rolling(last_source),
        periodic: is_periodic(last_source),
        timestamps,
        ahead: None,
        uneven: (compacted && !equal).then(|| uneven(&all_mirror, &all_source)),
    })
}

fn as_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A record without its offset: what it is on either side.
pub fn identity(record: &RecordSeen, timestamps: bool) -> Digest128 {
    if timestamps {
        let time = record.timestamp_ms.to_be_bytes();
        Digest128::of([record.content.0.to_be_bytes().as_slice(), &time])
    } else {
        record.content
    }
}

fn rolling(identities: &[Digest128]) -> Digest128 {
    let bytes: Vec<[u8; 16]> = identities.iter().map(|one| one.0.to_be_bytes()).collect();
    Digest128::of(bytes.iter().map(<[u8; 16]>::as_slice))
}

/// So many records that repeat are no chance.
const OVERLAP: usize = 8;

/// Whether the run repeats itself, so that a shift by that period would not
/// show: over half its length, or over `OVERLAP` records of it; a short run,
/// over any.
fn is_periodic(run: &[Digest128]) -> bool {
    let longest = match run.len() {
        0 | 1 => return false,
        short if short <= OVERLAP => short - 1,
        long => (long / 2).max(long - OVERLAP),
    };
    (1..=longest).any(|period| {
        run.iter()
            .zip(&run[period..])
            .all(|(one, other)| one == other)
    })
}

/// Each side compacts by itself, so each may lack what the other has: what
/// both have must come in the same order, and the last one must be the same.
fn uneven(mirror: &[Digest128], source: &[Digest128]) -> Uneven {
    let of_source: BTreeSet<&Digest128> = source.iter().collect();
    let in_mirror: Vec<&Digest128> = mirror
        .iter()
        .filter(|one| of_source.contains(one))
        .collect();
    let of_mirror: BTreeSet<&Digest128> = mirror.iter().collect();
    let in_source: Vec<&Digest128> = source
        .iter()
        .filter(|one| of_mirror.contains(one))
        .collect();
    let out_of_order = in_mirror
        .iter()
        .zip(&in_source)
        .filter(|(one, other)| one != other)
        .count()
        + in_mirror.len().abs_diff(in_source.len());
    let last = |run: &[Digest128]| run.last().copied().unwrap_or(Digest128(0));
    Uneven {
        common: as_u32(in_source.len()),
        out_of_order: as_u32(out_of_order),
        mirror_last: last(mirror),
        source_last: last(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u128) -> RecordSeen {
        RecordSeen {
            offset: n as u64,
            timestamp_ms: n as i64,
            timestamp_type: TimestampType::CreateTime,
            batch_epoch: Some(0),
            content: Digest128(n),
        }
    }

    fn run(of: impl IntoIterator<Item = u128>) -> Vec<RecordSeen> {
        of.into_iter().map(record).collect()
    }

    #[test]
    fn equal_tails_have_equal_digests_even_where_one_side_is_shorter() {
        let seam = seam(&run(1..=64), &run(40..=64), false).unwrap();
        assert_eq!((seam.compared, seam.mirror == seam.source), (25, true));
        assert!(!seam.periodic);
    }

    #[test]
    fn one_record_too_many_shows() {
        let seam = seam(&run(1..=65), &run(1..=64), false).unwrap();
        assert_ne!(seam.mirror, seam.source);
    }

    #[test]
    fn a_run_that_repeats_itself_is_periodic() {
        let seam = seam(&run([1, 2, 1, 2, 1, 2]), &run([1, 2, 1, 2, 1, 2]), false).unwrap();
        assert!(seam.periodic);
    }

    #[test]
    fn compacted_tails_agree_where_what_both_have_is_in_order() {
        let seam = seam(&run([1, 3, 5, 9]), &run([1, 2, 5, 9]), true).unwrap();
        let uneven = seam.uneven.unwrap();
        assert_eq!((uneven.common, uneven.out_of_order), (3, 0));
        assert_eq!(uneven.mirror_last, uneven.source_last);
    }

    #[test]
    fn nothing_on_one_side_is_no_comparison() {
        assert_eq!(seam(&run([1]), &[], false), None);
    }
}
