//! The order of the source's acceptance: what the point says of the instants at
//! which messages were accepted, held against these instants.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::collections::BTreeSet;

use fastrand::Rng;
use slackwater_cut::{HotHead, HotRecord};
use slackwater_point::{Between, Located, Locator, Log, Refused, Seen, Sweep, Unsolved, by_source};
use slackwater_ports::{Digest128, Interval};
use world::{Entry, Model, as_wanted, models, read, transactions_are_whole, unread};

/// The instants at which each sweep asked each partition.
fn sweeps(rng: &mut Rng, partitions: usize, until: i64) -> Vec<(Interval, Vec<i64>)> {
    let mut now = 0;
    let mut all = Vec::new();
    while now < until {
        let first = now + rng.i64(0..4);
        let asked: Vec<i64> = (0..partitions).map(|_| first + rng.i64(0..3)).collect();
        let last = asked.iter().copied().max().unwrap() + rng.i64(0..2);
        let interval = Interval {
            first_request_ms: first as u64,
            last_answer_ms: last as u64,
        };
        all.push((interval, asked));
        now = last + 1;
    }
    all
}

/// Where a head that was asked for at an instant lies: what was accepted before
/// it, is below; `accepted` of what the copy lacks. It is looked for in the segments that were
/// read, of which the transactions are known.
fn located(log: &Log, model: &Model, asked: i64, lacks: Option<i64>) -> Located {
    if lacks.is_some_and(|next| next < asked) {
        return Located::NotThere;
    }
    let above = model.records().into_iter().find(|one| one.at >= asked);
    match above.map_or(model.end(), |one| one.offset) {
        offset if offset < log.transactions_from => Located::Older,
        offset => Located::At(offset),
    }
}

#[test]
fn no_two_messages_are_inverted_that_were_accepted_further_apart_than_it_says() {
    let (mut points, mut closed) = (0, 0);
    for seed in 0..6000 {
        let mut rng = Rng::with_seed(seed);
        let mut now = 0;
        let (models, told) = models(&mut rng, |_| {
            now += 1;
            now
        });
        // The next message of each partition, that its copy came too early for.
        let lacks: Vec<Option<i64>> = models
            .iter()
            .map(|model| model.newest().unwrap_or(0) + rng.i64(1..6))
            .map(|next| (next <= now).then_some(next))
            .collect();
        let swept = sweeps(&mut rng, models.len(), now);
        let solve = |logs: &[Log]| {
            let each = swept.iter().map(|(interval, asked)| Sweep {
                asked: *interval,
                located: (0..logs.len())
                    .map(|at| located(&logs[at], &models[at], asked[at], lacks[at]))
                    .collect(),
            });
            by_source(logs, &told.said, &each.collect::<Vec<_>>())
        };
        let solved = solve(&read(&models));
        // With less read another partition may be named, where several are to blame.
        let lazy = as_wanted(&models, solve);
        assert_eq!(lazy.clone().ok(), solved.clone().ok(), "seed {seed}");
        let (point, between) = match solved {
            Ok(solved) => solved,
            Err(Unsolved::Refused(Refused::NoSample { .. } | Refused::NoFloor { .. })) => continue,
            Err(other) => panic!("seed {seed}: {other:?}"),
        };
        points += 1;
        assert!(
            transactions_are_whole(&models, &point.cuts, &told),
            "seed {seed}"
        );
        let (mut kept, mut lost) = (Vec::new(), Vec::new());
        for (at, model) in models.iter().enumerate().filter(|(_, model)| model.ordered) {
            for record in model.records() {
                let is_kept = record.offset < point.cuts[at];
                if is_kept {
                    kept.push(record.at)
                } else {
                    lost.push(record.at)
                }
            }
            lost.extend(lacks[at]);
        }
        let Between {
            all_before_ms,
            none_after_ms,
        } = between;
        assert!(
            lost.iter().all(|at| *at >= all_before_ms as i64),
            "seed {seed}: {models:?}"
        );
        assert!(
            kept.iter().all(|at| *at <= none_after_ms as i64),
            "seed {seed}: {models:?}"
        );
        let inverted = kept.iter().max().zip(lost.iter().min());
        if let Some((late, early)) = inverted {
            assert!(late - early <= between.epsilon_ms() as i64, "seed {seed}");
        }
        closed += u32::from(swept.iter().all(|(asked, _)| {
            asked.first_request_ms != all_before_ms || asked.last_answer_ms != none_after_ms
        }));
    }
    // Transactions pull some of them below the sweep itself.
    assert!(points > 1500 && closed > 100, "{points} {closed}");
}

#[test]
fn the_newest_sweep_that_all_partitions_hold_is_taken() {
    let data = |at| Entry::Data {
        at,
        transaction: None,
    };
    let model = |times: &[i64]| Model {
        entries: times.iter().copied().map(data).collect(),
        ordered: true,
        complete_ms: None,
    };
    let models = [model(&[1, 3, 5]), model(&[2])];
    let sweep = |ms, located: [Located; 2]| Sweep {
        asked: Interval {
            first_request_ms: ms,
            last_answer_ms: ms + 1,
        },
        located: located.to_vec(),
    };
    let sweeps = [
        sweep(4, [Located::At(2), Located::At(1)]),
        sweep(8, [Located::At(3), Located::NotThere]),
    ];
    let none = slackwater_point::TookPart::default();
    let (point, between) = by_source(&read(&models), &none, &sweeps).unwrap();
    assert_eq!(point.cuts, [2, 1]);
    assert_eq!((between.all_before_ms, between.none_after_ms), (4, 5));
    assert_eq!(point.pull.unwrap().log, 1);
    let refused = by_source(&unread(&models), &none, &sweeps[1..]).unwrap_err();
    let partition = world::partition(1);
    assert_eq!(
        refused,
        Unsolved::Refused(Refused::NoSample {
            samples: 1,
            partition,
            topics: BTreeSet::from(["t".to_owned()]),
        })
    );
}

fn record(content: u128) -> HotRecord {
    HotRecord {
        offset: 900 + content as u64,
        timestamp_ms: 5,
        content: Digest128(content),
    }
}

fn locate_marks(last: Vec<HotRecord>, log: &[u128], from_start: bool) -> Located {
    let head = HotHead {
        high_watermark: 1000,
        last,
    };
    let mut locator = Locator::new(&head);
    for (offset, content) in (10..).zip(log) {
        locator.follow(Seen {
            offset,
            timestamp_ms: 5,
            content: Digest128(*content),
        });
    }
    locator.end(from_start, 10)
}

/// With a head right above these records.
fn locate(head: &[u128], log: &[u128], from_start: bool) -> Located {
    let marks = head.iter().map(|one| record(*one)).collect();
    locate_marks(marks, log, from_start)
}

/// From the first to the last.
fn run(of: std::ops::RangeInclusive<u128>) -> Vec<u128> {
    of.collect()
}

#[test]
fn a_head_is_found_by_the_records_below_it_and_never_by_its_offset() {
    let head = run(3..=12);
    assert_eq!(locate(&head, &run(1..=13), true), Located::At(22));
    // Some records alone that are the same, are not the run.
    let part = [run(4..=12), run(3..=13)].concat();
    assert_eq!(locate(&head, &part, true), Located::At(29));
    // Whether MirrorMaker sent it again, or a producer did before the head, nothing tells.
    let between = run(20..=30);
    for twice in [
        [run(3..=12), run(3..=12)].concat(),
        [run(3..=12), between, run(3..=12)].concat(),
    ] {
        assert_eq!(locate(&head, &twice, true), Located::NotThere);
        assert_eq!(locate(&head, &twice, false), Located::NotThere);
    }
    assert_eq!(locate(&head, &run(1..=11), true), Located::NotThere);
    assert_eq!(locate(&head, &run(13..=14), false), Located::Older);
}

#[test]
fn retention_may_have_left_the_last_of_the_run_only() {
    let head = run(2..=12);
    assert_eq!(locate(&head, &run(5..=13), true), Located::At(18));
    assert_eq!(locate(&head, &run(3..=12), true), Located::At(20));
    assert_eq!(locate(&head, &run(5..=13), false), Located::Older);
    // So few may be a chance.
    assert_eq!(locate(&head, &run(9..=13), true), Located::NotThere);
}

#[test]
fn records_that_repeat_or_are_few_tell_no_place() {
    let ticks = [7; 16];
    assert_eq!(locate(&ticks, &[7; 40], true), Located::NotThere);
    let turns = [1, 2, 3].repeat(5);
    assert_eq!(
        locate(&turns, &[1, 2, 3].repeat(9), true),
        Located::NotThere
    );
    assert_eq!(locate(&run(3..=5), &run(1..=9), true), Located::NotThere);
    // But where the source never had more.
    let all: Vec<HotRecord> = (0..3)
        .map(|offset| HotRecord {
            offset,
            ..record(u128::from(offset))
        })
        .collect();
    assert_eq!(locate_marks(all, &run(0..=5), true), Located::At(13));
}

#[test]
fn an_empty_source_lies_before_everything_and_an_emptied_one_says_nothing() {
    let empty = HotHead {
        high_watermark: 0,
        last: Vec::new(),
    };
    assert_eq!(Locator::new(&empty).end(true, 10), Located::At(10));
    assert_eq!(locate(&[], &[1, 2], true), Located::NotThere);
}
