//! Logs of any kind, for property tests.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::log::batch::{Batch, abort, commit};
use crate::log::codec::Packing;
use crate::log::record::Rec;

/// Ids of the producers with transactions.
const PRODUCERS: [i64; 3] = [7, 8, 1 << 40];

/// What a log is extended by.
#[derive(Debug, Clone)]
enum Step {
    Data {
        /// `None`: no transaction.
        producer: Option<i64>,
        records: Vec<Content>,
        packing: Packing,
        append_time: Option<i64>,
    },
    Marker {
        producer: i64,
        commits: bool,
    },
    NewLeader,
}

/// Key (few, so that they repeat), value, headers, whether it has a timestamp.
type Content = (
    Option<u8>,
    Option<Vec<u8>>,
    Vec<(Vec<u8>, Option<Vec<u8>>)>,
    i64,
);

fn content() -> impl Strategy<Value = Content> {
    (
        prop::option::weighted(0.8, 0..6u8),
        prop::option::weighted(0.7, vec(any::<u8>(), 0..40)),
        vec(
            (
                vec(any::<u8>(), 0..4),
                prop::option::of(vec(any::<u8>(), 0..4)),
            ),
            0..3,
        ),
        prop_oneof![4 => 0..2_000_000_000_000i64, 1 => Just(-1), 1 => any::<i64>()],
    )
}

fn step() -> impl Strategy<Value = Step> {
    let data = (
        prop_oneof![2 => Just(None), 3 => select(&PRODUCERS[..]).prop_map(Some)],
        vec(content(), 1..5),
        select(&Packing::ALL[..]),
        prop::option::weighted(0.2, 0..2_000_000_000_000i64),
    )
        .prop_map(|(producer, records, packing, append_time)| Step::Data {
            producer,
            records,
            packing,
            append_time,
        });
    let marker = (select(&PRODUCERS[..]), any::<bool>())
        .prop_map(|(producer, commits)| Step::Marker { producer, commits });
    prop_oneof![6 => data, 3 => marker, 1 => Just(Step::NewLeader)]
}

/// A log without a gap, as it is before any cleaning; from offset `base` on.
pub fn log(base: u64, steps: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Batch>> {
    vec(step(), steps).prop_map(move |steps| build(base, steps))
}

fn build(base: u64, steps: Vec<Step>) -> Vec<Batch> {
    let (mut next, mut epoch) = (base, 0);
    let mut batches = Vec::new();
    for step in steps {
        let mut batch = match step {
            Step::NewLeader => {
                epoch += 1;
                continue;
            }
            Step::Marker {
                producer,
                commits: true,
            } => commit(next, producer),
            Step::Marker { producer, .. } => abort(next, producer),
            Step::Data {
                producer,
                records,
                packing,
                append_time,
            } => {
                let records = (next..).zip(records).map(|(at, one)| record(at, one));
                let batch = Batch::of(records.collect()).packed(packing);
                let mut batch = match producer {
                    Some(producer) => batch.in_transaction(producer),
                    None => batch,
                };
                batch.append_time = append_time;
                batch
            }
        };
        batch.epoch = epoch;
        next = batch.last + 1;
        batches.push(batch);
    }
    batches
}

fn record(offset: u64, (key, value, headers, timestamp): Content) -> Rec {
    Rec {
        offset,
        timestamp,
        key: key.map(|key| vec![key]),
        value,
        headers,
    }
}

/// The same log in segments, cut between any batches.
pub fn segmented(batches: &[Batch], cuts: &[prop::sample::Index]) -> Vec<Vec<Batch>> {
    let mut at: Vec<usize> = cuts
        .iter()
        .filter(|_| !batches.is_empty())
        .map(|cut| cut.index(batches.len()))
        .filter(|cut| *cut > 0)
        .collect();
    at.sort_unstable();
    at.dedup();
    let mut segments = Vec::new();
    let mut begin = 0;
    for end in at.into_iter().chain([batches.len()]) {
        segments.push(batches[begin..end].to_vec());
        begin = end;
    }
    segments
}

/// For `Disk::segments`.
pub fn slices(segments: &[Vec<Batch>]) -> Vec<&[Batch]> {
    segments.iter().map(Vec::as_slice).collect()
}
