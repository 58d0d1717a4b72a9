//! Volumes planned by the numbers of their messages: what is kept is what the
//! definition says, and no more is read than that takes.

use crate::world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::log::batch::bytes_of;
use crate::log::{Batch, Rec};
use crate::site::{Site, empty_snapshot, row};
use crate::world::{Shape, World, no_cut, options, planned};
use fastrand::Rng;
use slackwater_cut::Class;
use slackwater_logdir::Record;
use slackwater_point::{
    MaxJettison, NO_PLACE, Numbered, Ordered, Refused, SeenNumbers, SequenceAsked, Spread,
    Unsolved, by_sequence,
};
use slackwater_ports::PartitionId;
use slackwater_trim::{OrderAsked, PlanOptions, SequenceOf, TrimError};

const COMPONENT: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn stated(first: Option<i64>, disorder: u64) -> SequenceAsked {
    SequenceAsked { first, disorder }
}

fn by(of: SequenceOf<'_>, stated: SequenceAsked) -> PlanOptions<'_> {
    PlanOptions {
        order: OrderAsked::Sequence {
            of,
            component: COMPONENT,
            stated,
        },
        ..options(0)
    }
}

/// A decimal number, which is the value.
fn in_value(_: &PartitionId, record: &Record<'_>) -> Result<Option<i64>, String> {
    let text = record.value.and_then(|bytes| str::from_utf8(bytes).ok());
    Ok(text.and_then(|text| text.parse().ok()))
}

/// One batch a message, each stamped 1000 times its number.
fn numbered(numbers: &[i64]) -> Vec<Batch> {
    let one = |(offset, number): (usize, &i64)| {
        let mut record = Rec::new(offset as u64, None, Some(&number.to_string()));
        record.timestamp = number * 1000;
        Batch::of(vec![record])
    };
    numbers.iter().enumerate().map(one).collect()
}

/// By the times at which they were written, with some that never were and some
/// that came twice.
fn numbers_of(rng: &mut Rng, world: &World) -> BTreeMap<(PartitionId, u64), i64> {
    let mut all: Vec<(i64, PartitionId, u64)> = Vec::new();
    for (number, partition) in world.partitions.iter().enumerate() {
        let id = PartitionId::new(world::TOPIC, u32::try_from(number).unwrap());
        for record in partition.history.iter().flat_map(|batch| &batch.records) {
            all.push((record.timestamp, id.clone(), record.offset));
        }
    }
    all.sort();
    let mut next = 0;
    let each = all.into_iter().map(|(_, partition, offset)| {
        next += match rng.u8(0..40) {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        let number = if rng.u8(0..20) == 0 { NO_PLACE } else { next };
        ((partition, offset), number)
    });
    each.collect()
}

#[test]
fn what_is_planned_is_what_the_definition_says() {
    const DISORDER: u64 = 8;
    let (mut cut, mut gone, mut excused) = (0, 0, 0);
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        // What a cleaner took out is a gap like any other.
        let shape = Shape {
            compacted: false,
            ..Shape::of(&mut rng)
        };
        let world = World::new(&mut rng, shape);
        let numbers = numbers_of(&mut rng, &world);
        let of = |partition: &PartitionId, record: &Record<'_>| {
            let number = numbers.get(&(partition.clone(), record.offset)).copied();
            Ok(number.filter(|number| *number != NO_PLACE))
        };
        let asked = stated(rng.bool().then_some(1), DISORDER);
        let mut logs = world.logs();
        let (mut seen, mut numbered) = (SeenNumbers::default(), Vec::new());
        for log in &mut logs {
            let mut there = BTreeSet::new();
            for record in &mut log.window.records {
                record.at = numbers[&(log.partition.clone(), record.offset)];
                if record.at != NO_PLACE {
                    there.insert(record.at);
                    seen.add(record.at).unwrap();
                }
            }
            numbered.push(Numbered {
                read_from: 0,
                least: there.first().copied(),
                greatest: there.last().copied(),
            });
        }
        let wanted = by_sequence(&logs, &world.told, &numbered, &seen, asked);
        let plan = match (planned(&world.paths(), &no_cut(), &by(&of, asked)), wanted) {
            (Ok(plan), Ok((point, gaps))) => {
                let cuts: Vec<u64> = world::rows(&plan).map(|one| one.cut).collect();
                assert_eq!(cuts, point.cuts, "seed {seed}");
                let Ordered::Sequence { first, last, .. } = plan.order else {
                    panic!("seed {seed}: {:?}", plan.order);
                };
                assert_eq!((first, last), (gaps.first, point.at), "seed {seed}");
                excused += u32::from(first > 1);
                plan
            }
            (Err(TrimError::Refused(one)), Err(Unsolved::Refused(other))) => {
                assert_eq!(one, other, "seed {seed}");
                continue;
            }
            (plan, wanted) => panic!("seed {seed}: {plan:?} {wanted:?}"),
        };
        for (row, log) in world::rows(&plan).zip(&logs) {
            let lost = log
                .window
                .records
                .iter()
                .filter(|one| one.offset >= row.cut);
            assert_eq!(
                row.jettisoned_records,
                Some(lost.count() as u64),
                "seed {seed}"
            );
            gone += u32::from(row.jettisoned_records != Some(0));
        }
        cut += u32::from(plan.pulled_by.is_some());
    }
    let all = [cut, gone, excused];
    assert!(all.iter().all(|count| *count > 30), "{all:?}");
}

/// Two topics on three brokers; the copies of the last partition were taken before
/// its last message came.
fn two_topics(lacks: i64) -> Site {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic("src.u", Class::Mirrored, 1, Some("u"));
    let of =
        |rest: i64, last: i64| -> Vec<i64> { (1..=last).filter(|one| one % 3 == rest).collect() };
    site.all("src.t-0", &numbered(&of(1, 302)));
    site.all("src.t-1", &numbered(&of(2, 302)));
    site.all("src.u-0", &numbered(&of(0, lacks - 1)));
    site
}

#[test]
fn a_message_that_is_missing_in_one_topic_cuts_all_others() {
    let site = two_topics(300);
    let plan = site.plan(&by(&in_value, stated(None, 50))).unwrap();
    let cuts: Vec<u64> = plan.partitions.iter().map(|one| one.cut).collect();
    // 301 and 302 go.
    assert_eq!(cuts, [100, 100, 99]);
    let Ordered::Sequence {
        component,
        last,
        gaps,
        missing,
        listed,
        ..
    } = &plan.order
    else {
        panic!("{:?}", plan.order);
    };
    assert_eq!(
        (
            component.as_str(),
            *last,
            *gaps,
            *missing,
            listed.as_slice()
        ),
        (COMPONENT, 299, 1, 1, [(300, 300)].as_slice())
    );
    let spread = |one: Option<Spread>| one.map(|one| (one.ms, one.messages));
    let spreads = (spread(plan.spread_before), spread(plan.spread_after));
    assert_eq!(spreads, (Some((1_000, 2)), Some((0, 0))));
    let pulled = plan.pulled_by.as_ref().unwrap();
    assert_eq!(
        (pulled.partition.to_string(), pulled.offset),
        ("src.t-0".to_owned(), 100)
    );
    assert!(
        plan.guarantee.contains("to 299 are all kept"),
        "{}",
        plan.guarantee
    );
}

#[test]
fn numbers_of_a_copy_that_turns_out_to_be_damaged_further_back_do_not_count_as_there() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    let even: Vec<i64> = (0..1000).map(|at| 2 * at).collect();
    let odd: Vec<i64> = even.iter().map(|one| one + 1).collect();
    let even = numbered(&even);
    site.all("src.t-1", &numbered(&odd));
    for (node, end) in [(1, 1000), (2, 930), (3, 930)] {
        site.copy(node, "src.t-0", &[&even[..920], &even[920..end]]);
    }
    let asked = by(&in_value, stated(None, 100));
    assert_eq!(row(&site.plan(&asked).unwrap(), "src.t", 0).cut, 1000);
    // Its last segment is whole, and so it was counted.
    let log = "node-1/src.t-0/00000000000000000000.log";
    site.flip(log, bytes_of(&even[..890]).len() + 70);
    let refused = site.plan(&asked).unwrap_err();
    assert!(
        matches!(
            &refused,
            TrimError::Damaged { node: 1, offset: 890, whole, .. } if *whole == [(2, 930), (3, 930)]
        ),
        "{refused}"
    );
}

#[test]
fn a_topic_that_is_left_out_is_kept_whole_and_its_numbers_are_missed() {
    let site = two_topics(300);
    let mut options = by(&in_value, stated(Some(1), 50));
    options.exclude = vec!["src.u".to_owned()];
    let plan = site.plan(&options).unwrap();
    assert_eq!(row(&plan, "src.u", 0).cut, 99);
    // 3 is not there.
    assert_eq!(row(&plan, "src.t", 0).cut, 1);
    assert_eq!(row(&plan, "src.t", 1).cut, 1);
}

#[test]
fn one_that_takes_too_much_is_refused_with_the_record_that_pulls_it_back() {
    let site = two_topics(150);
    let mut options = by(&in_value, stated(None, 50));
    options.max = MaxJettison {
        ms: 60_000,
        percent: 1,
    };
    let refused = site.plan(&options).unwrap_err();
    assert!(matches!(
        refused,
        TrimError::Refused(Refused::TooMuch { .. })
    ));
    assert_eq!(
        refused.to_string(),
        "the point would take 102 of 202 records of src.t, more than --max-jettison allows: the record \
         at offset 50 of src.t-0, stamped 151000 ms, pulls it back; leave its topic out with \
         --exclude-order if it says nothing"
    );
    options.max.ms = 200_000;
    site.plan(&options).unwrap();
}

#[test]
fn only_the_last_batches_are_asked_for_their_numbers() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    let half = |rest: i64| -> Vec<i64> { (1..=6000).filter(|one| one % 2 == rest).collect() };
    let (odd, even) = (numbered(&half(1)), numbered(&half(0)));
    for node in 1..=3 {
        site.copy(node, "src.t-0", &[&odd[..100], &odd[100..]]);
        site.copy(node, "src.t-1", &[&even[..100], &even[100..2999]]);
        // Producers were never idempotent: no transaction can lie further back.
        for partition in ["src.t-0", "src.t-1"] {
            let dir = site.root.path().join(format!("node-{node}/{partition}"));
            empty_snapshot(&dir, 100);
        }
    }
    let asked = AtomicU64::new(0);
    let of = |partition: &PartitionId, record: &Record<'_>| {
        asked.fetch_add(1, Ordering::Relaxed);
        in_value(partition, record)
    };
    let plan = site.plan(&by(&of, stated(None, 50))).unwrap();
    assert_eq!(plan.pulled_by, None);
    assert_eq!(plan.read.older_segments, 0);
    let tail = asked.swap(0, Ordering::Relaxed);
    assert!(tail < 600, "{tail}");
    // Whoever wants all of it has all of it read.
    let plan = site.plan(&by(&of, stated(Some(1), 50))).unwrap();
    assert_eq!(plan.read.older_segments, 2);
    assert_eq!(asked.load(Ordering::Relaxed), 5999);
}

#[test]
fn heartbeats_have_no_numbers_and_nothing_is_read_for_them() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.topic("src.heartbeats", Class::Mirrored, 1, Some("heartbeats"));
    let beats = |at: u64| {
        let mut record = Rec::new(at, Some("src"), Some("a beat"));
        record.timestamp = 1000 * at as i64;
        Batch::of(vec![record])
    };
    let beats: Vec<Batch> = (0..3000).map(beats).collect();
    let numbers = numbered(&(1..=500).collect::<Vec<_>>());
    for node in 1..=3 {
        site.copy(node, "src.t-0", &[&numbers[..200], &numbers[200..]]);
        site.copy(node, "src.heartbeats-0", &[&beats[..100], &beats[100..]]);
        for (partition, base) in [("src.t-0", 200), ("src.heartbeats-0", 100)] {
            let dir = site.root.path().join(format!("node-{node}/{partition}"));
            empty_snapshot(&dir, base);
        }
    }
    let asked = AtomicU64::new(0);
    let of = |partition: &PartitionId, record: &Record<'_>| {
        asked.fetch_add(1, Ordering::Relaxed);
        in_value(partition, record)
    };
    let plan = site.plan(&by(&of, stated(None, 50))).unwrap();
    assert_eq!((plan.pulled_by, plan.read.older_segments), (None, 0));
    let asked = asked.load(Ordering::Relaxed);
    assert!((1000..1500).contains(&asked), "{asked}");
}

#[test]
fn a_record_whose_number_cannot_be_told_is_named() {
    let site = two_topics(300);
    let of = |partition: &PartitionId, record: &Record<'_>| match record.offset {
        97 => Err("it was ended by a trap".to_owned()),
        _ => in_value(partition, record),
    };
    let refused = site
        .plan(&by(&of, stated(Some(1), 0)))
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("the record at offset 97 of src.") && refused.ends_with("a trap"),
        "{refused}"
    );
}

#[test]
fn topics_without_any_number_are_no_order() {
    let site = two_topics(300);
    let of = |_: &PartitionId, _: &Record<'_>| Ok(None);
    let refused = site.plan(&by(&of, stated(None, 0))).unwrap_err();
    assert!(
        matches!(refused, TrimError::Refused(Refused::Unnumbered)),
        "{refused}"
    );
}
