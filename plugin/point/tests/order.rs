//! The order of sequences, against its definition tried on every way to cut.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::BTreeSet;

use fastrand::Rng;
use slackwater_point::{NO_PLACE, TookPart, Unsolved, by_sequence};
use world::{Entry, Model, all_cuts, as_wanted, greatest, models, read, transactions_are_whole};

fn plain(numbers: &[i64]) -> Model {
    let data = |at: &i64| Entry::Data {
        at: *at,
        transaction: None,
    };
    Model {
        entries: numbers.iter().map(data).collect(),
        ordered: true,
        complete_ms: None,
    }
}

/// The N of these cuts: all of 1…N are kept, and nothing above; `None` where
/// something above is.
fn reached(models: &[Model], cuts: &[u64], told: &TookPart) -> Option<i64> {
    let mut kept: BTreeSet<i64> = BTreeSet::new();
    for (model, cut) in models.iter().zip(cuts).filter(|(model, _)| model.ordered) {
        let records = model.records().into_iter().filter(|one| one.offset < *cut);
        kept.extend(records.map(|one| one.at).filter(|at| *at != NO_PLACE));
    }
    let last = (1..)
        .take_while(|number| kept.contains(number))
        .last()
        .unwrap_or(0);
    let right = kept.last().is_none_or(|most| *most <= last);
    (right && transactions_are_whole(models, cuts, told)).then_some(last)
}

#[test]
fn it_is_the_greatest_number_up_to_which_all_are_kept() {
    let mut some = 0;
    for seed in 0..4000 {
        let mut rng = Rng::with_seed(seed);
        let mut next = 0;
        let (models, told) = models(&mut rng, |rng| match rng.u8(0..12) {
            0 => NO_PLACE,
            // MirrorMaker sent it once more.
            1 => (next - 1).max(1),
            2 => {
                next += 2;
                next
            }
            _ => {
                next += 1;
                next
            }
        });
        let mut best = (0, Vec::new());
        for cuts in all_cuts(&models) {
            if let Some(last) = reached(&models, &cuts, &told) {
                if last > best.0 {
                    best = (last, Vec::new());
                }
                if last == best.0 {
                    best.1.push(cuts);
                }
            }
        }
        let wanted = greatest(&best.1).expect("there is a greatest one");
        let (point, gaps) = by_sequence(&read(&models), &told, 1).unwrap();
        assert_eq!(
            (point.at, &point.cuts),
            (best.0, &wanted),
            "seed {seed}: {models:?} {told:?}"
        );
        let lazy = as_wanted(&models, |logs| by_sequence(logs, &told, 1)).unwrap();
        assert_eq!(lazy, (point, gaps), "seed {seed}: {models:?} {told:?}");
        some += u32::from(best.0 > 0);
    }
    assert!(some > 1000, "{some}");
}

/// Msg[2002] lies in partition 15, and the copy of partition 0 was taken before
/// Msg[2001] came.
#[test]
fn message_2002_is_dropped_where_2001_is_missing() {
    let mut models: Vec<Model> = (0..16).map(|_| plain(&[])).collect();
    for number in 1..=2002i64 {
        let partition = (number - 1) % 16;
        let lacks = partition == 0 && number == 2001;
        if !lacks {
            let entry = Entry::Data {
                at: number,
                transaction: None,
            };
            // 2002 in partition 15, behind 2000.
            let to = if number == 2002 {
                15
            } else {
                partition as usize
            };
            models[to].entries.push(entry);
        }
    }
    assert_eq!(models[15].records().last().unwrap().at, 2002);
    let (point, gaps) = by_sequence(&read(&models), &TookPart::new(), 1).unwrap();
    assert_eq!(point.at, 2000);
    assert_eq!(
        (gaps.runs, gaps.numbers, gaps.listed),
        (1, 1, vec![(2001, 2001)])
    );
    for (model, cut) in models.iter().zip(&point.cuts).take(15) {
        assert_eq!(*cut, model.end());
    }
    assert_eq!(point.cuts[15], models[15].end() - 1);
    let pull = point.pull.unwrap();
    assert_eq!((pull.log, pull.at), (15, Some(2002)));
}

#[test]
fn logs_are_read_whole() {
    let models = [plain(&[1, 2, 3])];
    let asked = by_sequence(&world::unread(&models), &TookPart::new(), 1);
    assert!(matches!(asked, Err(Unsolved::Older(wanted)) if wanted.len() == 1));
}
