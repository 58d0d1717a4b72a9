//! The order of timestamps, against its definition tried on every way to cut.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::BTreeSet;

use fastrand::Rng;
use slackwater_point::{Refused, TookPart, Unsolved, by_timestamp};
use world::{
    Coordinator, Entry, Model, all_cuts, as_wanted, greatest, models, read, transactions_are_whole,
};

/// Nothing that is kept is later than what is lost, or than what may be missing
/// behind an end.
fn is_right(models: &[Model], cuts: &[u64], told: &Coordinator, epsilon: i64) -> bool {
    let ordered = || models.iter().zip(cuts).filter(|(model, _)| model.ordered);
    let kept = ordered().flat_map(|(model, cut)| {
        let records = model.records().into_iter();
        records.filter(|one| one.offset < *cut).map(|one| one.at)
    });
    let lost = ordered().flat_map(|(model, cut)| {
        let records = model.records().into_iter();
        records.filter(|one| one.offset >= *cut).map(|one| one.at)
    });
    let missing =
        ordered().map(|(model, _)| model.newest().max(model.complete_ms).unwrap() - epsilon);
    let latest = kept.max();
    let earliest = lost.chain(missing).min().unwrap();
    latest.is_none_or(|latest| latest <= earliest) && transactions_are_whole(models, cuts, told)
}

#[test]
fn it_is_the_greatest_cut_that_is_right() {
    let (mut cut, mut pulled) = (0, 0);
    for seed in 0..4000 {
        let mut rng = Rng::with_seed(seed);
        let mut now = 0;
        let (mut models, told) = models(&mut rng, |rng| {
            now += 1;
            now - rng.i64(0..3)
        });
        for model in &mut models {
            model.complete_ms = match rng.u8(0..3) {
                0 => Some(rng.i64(0..12)),
                _ => None,
            };
            if model.newest().max(model.complete_ms).is_none() {
                model.complete_ms = Some(5);
            }
        }
        let epsilon = rng.i64(0..3);
        let all = all_cuts(&models);
        let right: Vec<Vec<u64>> = all
            .into_iter()
            .filter(|cuts| is_right(&models, cuts, &told, epsilon))
            .collect();
        let wanted = greatest(&right).expect("there is a greatest one");
        let whole = by_timestamp(&read(&models), &told.said, epsilon as u64).unwrap();
        assert_eq!(whole.cuts, wanted, "seed {seed}: {models:?}");
        // And the same with as little read as is asked for.
        let lazy = as_wanted(&models, |logs| {
            by_timestamp(logs, &told.said, epsilon as u64)
        })
        .unwrap();
        assert_eq!(lazy, whole, "seed {seed}");
        let ends: Vec<u64> = models.iter().map(Model::end).collect();
        cut += u32::from(wanted != ends);
        pulled += u32::from(whole.pull.is_some_and(|pull| !pull.is_end));
        assert_eq!(whole.pull.is_some(), wanted != ends);
    }
    // The worlds are of all kinds.
    assert!(cut > 1000 && pulled > 500, "{cut} {pulled}");
}

fn plain(timestamps: &[i64]) -> Model {
    let data = |at: &i64| Entry::Data {
        at: *at,
        transaction: None,
    };
    Model {
        entries: timestamps.iter().map(data).collect(),
        ordered: true,
        complete_ms: None,
    }
}

#[test]
fn an_idle_partition_holds_the_point_back_unless_it_is_known_to_be_complete() {
    let mut models = [plain(&[10, 20, 30]), plain(&[11])];
    let none = TookPart::default();
    let point = by_timestamp(&read(&models), &none, 0).unwrap();
    assert_eq!((point.at, point.cuts), (11, vec![1, 1]));
    models[1].complete_ms = Some(25);
    let point = by_timestamp(&read(&models), &none, 0).unwrap();
    assert_eq!((point.at, point.cuts), (25, vec![2, 1]));
}

#[test]
fn epsilon_is_taken_off_what_ends_tell() {
    let models = [plain(&[10, 20, 30]), plain(&[12, 22])];
    let point = by_timestamp(&read(&models), &TookPart::default(), 5).unwrap();
    assert_eq!((point.at, point.cuts), (17, vec![1, 1]));
}

#[test]
fn a_partition_out_of_order_lowers_the_point_until_nothing_kept_follows_what_is_lost() {
    let models = [plain(&[10, 50, 20, 60]), plain(&[15, 21, 45])];
    let point = by_timestamp(&read(&models), &TookPart::default(), 0).unwrap();
    // 45 cuts before 50; 20 is lost with it; 21 must go, too.
    assert_eq!((point.at, point.cuts), (20, vec![1, 1]));
    let pull = point.pull.unwrap();
    assert_eq!((pull.log, pull.offset, pull.at), (0, 2, Some(20)));
}

#[test]
fn a_partition_of_which_nothing_is_known_forbids_a_point() {
    let models = [plain(&[10]), plain(&[])];
    let refused = by_timestamp(&read(&models), &TookPart::default(), 0).unwrap_err();
    assert_eq!(
        refused,
        Unsolved::Refused(Refused::Unbounded {
            partition: world::partition(1),
            topics: BTreeSet::from(["t".to_owned()]),
        })
    );
    let mut two = read(&[plain(&[]), plain(&[]), plain(&[])]);
    two[2].partition.topic = "u".to_owned();
    let refused = by_timestamp(&two, &TookPart::default(), 0).unwrap_err();
    let Unsolved::Refused(refused) = refused else {
        panic!("{refused:?}");
    };
    let said = refused.to_string();
    assert!(
        said.ends_with("leave out what is such, --exclude-order=t --exclude-order=u"),
        "{said}"
    );
    let mut alone = [plain(&[10])];
    alone[0].ordered = false;
    let refused = by_timestamp(&read(&alone), &TookPart::default(), 0).unwrap_err();
    assert_eq!(refused, Unsolved::Refused(Refused::Nothing));
}
