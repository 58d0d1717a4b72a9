//! Bytes of any kind in place of a log: nothing panics, nothing runs forever,
//! and all ways to read it agree on what it is.

use crate::log::agree::agree;
use crate::log::arbitrary::{self, segmented};
use crate::log::batch::{bytes_of, seal};
use crate::log::{Disk, PARTITION};
use proptest::collection::vec;
use proptest::prelude::*;
use slackwater_logdir::{Replica, SegmentReader};

fn replica_of(segments: &[(u64, Vec<u8>)], start: u64) -> (Disk, Replica) {
    let disk = Disk::new();
    disk.partition(PARTITION);
    for (base, bytes) in segments {
        disk.segment(PARTITION, *base, bytes);
    }
    disk.checkpoint("log-start-offset-checkpoint", &[("t", 0, start)]);
    let replica = disk.replica(PARTITION);
    (disk, replica)
}

/// What is done to the bytes of a segment.
#[derive(Debug, Clone)]
enum Damage {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, prop::sample::Index),
    /// A field of the header of the batch that begins there, if one does.
    Field(prop::sample::Index, i32),
    /// Makes the CRC of the first batch hold again.
    Seal,
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = || any::<prop::sample::Index>();
    let special = prop::sample::select(vec![0, 1, -1, 2, i32::MAX, i32::MIN, 49, 61, 1 << 23]);
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, to)| Damage::Set(at, to)),
        (at(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        at().prop_map(Damage::Cut),
        (at(), vec(any::<u8>(), 0..70)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), at()).prop_map(|(from, to)| Damage::Remove(from, to)),
        (at(), special).prop_map(|(at, to)| Damage::Field(at, to)),
        Just(Damage::Seal),
    ]
}

fn damaged(mut bytes: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    /// Where the fields of a header lie that say how much follows.
    const FIELDS: [usize; 6] = [4, 8, 23, 39, 53, 57];
    for one in all {
        let length = bytes.len();
        if length == 0 {
            break;
        }
        match one {
            Damage::Set(at, to) => bytes[at.index(length)] = *to,
            Damage::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Damage::Cut(at) => bytes.truncate(at.index(length)),
            Damage::Insert(at, more) => {
                let at = at.index(length);
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                bytes.drain(from.min(to)..from.max(to));
            }
            Damage::Field(at, to) => {
                let field = FIELDS[at.index(FIELDS.len())];
                if let Some(place) = bytes.get_mut(field..field + 4) {
                    place.copy_from_slice(&to.to_be_bytes());
                }
            }
            Damage::Seal => {
                let size = bytes
                    .get(8..12)
                    .map(|size| i32::from_be_bytes(size.try_into().unwrap()));
                let size = size.and_then(|size| usize::try_from(size).ok());
                if let Some(batch) = size.and_then(|size| bytes.get_mut(..size + 12))
                    && batch.len() > 61
                {
                    seal(batch);
                }
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_a_log_or_said_to_be_none(
        segments in vec((0..50u64, vec(any::<u8>(), 0..400)), 0..4),
        start in 0..60u64,
        until in prop::option::of(0..60u64),
    ) {
        let (_disk, replica) = replica_of(&segments, start);
        agree(&mut SegmentReader::default(), &replica, until, 5);
    }

    #[test]
    fn any_damaged_log_is_read_the_same_in_every_way(
        batches in arbitrary::log(2, 1..16),
        cuts: Vec<prop::sample::Index>,
        damages in vec((any::<prop::sample::Index>(), vec(damage(), 1..4)), 1..3),
        start in 0..40u64,
        until in prop::option::of(0..40u64),
        most in 0..20u32,
    ) {
        let mut segments: Vec<(u64, Vec<u8>)> = segmented(&batches, &cuts)
            .iter()
            .map(|batches| (batches.first().map_or(2, |one| one.base), bytes_of(batches)))
            .collect();
        for (which, damage) in &damages {
            let at = which.index(segments.len());
            segments[at].1 = damaged(std::mem::take(&mut segments[at].1), damage);
        }
        let (_disk, replica) = replica_of(&segments, start);
        agree(&mut SegmentReader::default(), &replica, until, most);
    }

    #[test]
    fn segments_that_overlap_or_are_out_of_place_are_read_the_same_in_every_way(
        batches in arbitrary::log(2, 1..16),
        bases in vec((0..60u64, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
        start in 0..40u64,
        until in prop::option::of(0..40u64),
    ) {
        prop_assume!(!batches.is_empty());
        let segments: Vec<(u64, Vec<u8>)> = bases
            .iter()
            .map(|(base, from, to)| {
                let (from, to) = (from.index(batches.len()), to.index(batches.len()));
                (*base, bytes_of(&batches[from.min(to)..from.max(to)]))
            })
            .collect();
        let (_disk, replica) = replica_of(&segments, start);
        agree(&mut SegmentReader::default(), &replica, until, 6);
    }
}
