//! A transaction that its coordinator knows in a partition which does not show it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use slackwater_point::{TookPart, TransactionId, by_timestamp};
use world::{Entry, Model, partition, read};

fn id(epoch: i16) -> TransactionId {
    TransactionId { producer: 5, epoch }
}

fn of(epochs: &[i16]) -> Model {
    let each = epochs.iter().flat_map(|epoch| {
        [
            Entry::Data {
                at: 1,
                transaction: Some(id(*epoch)),
            },
            Entry::Marker {
                of: id(*epoch),
                committed: true,
            },
        ]
    });
    Model {
        entries: each.collect(),
        ordered: true,
        complete_ms: Some(9),
    }
}

/// Where the two are cut, if the coordinator knows the second transaction in both.
fn cuts(other: &[i16], front_gone: bool) -> Vec<u64> {
    let mut logs = read(&[of(&[0, 1]), of(other)]);
    logs[1].front_gone = front_gone;
    let both = [partition(0), partition(1)].into_iter().collect();
    let told: TookPart = [(id(1), both)].into_iter().collect();
    by_timestamp(&logs, &told, 0).unwrap().cuts
}

#[test]
fn it_is_missing_and_dropped_everywhere() {
    assert_eq!(cuts(&[0], false), [2, 2]);
    assert_eq!(cuts(&[], false), [2, 0]);
    assert_eq!(cuts(&[0, 1], false), [4, 4]);
}

#[test]
fn where_retention_or_a_cleaner_may_have_taken_it_it_is_not_missed() {
    assert_eq!(cuts(&[], true), [4, 0]);
    // Unless an earlier one of its producer is still there: a later one would be, too.
    assert_eq!(cuts(&[0], true), [2, 2]);
}
