//! Clusters made up, planned and trimmed: what is left is what the definition
//! says, by what was written and not by what was read.

use crate::{log, world};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::log::batch::bytes_of;
use crate::log::{Batch, Rec};
use crate::world::{Shape, World, epochs, no_cut, options, planned, tree};
use fastrand::Rng;
use slackwater_logdir::{Locked, SegmentReader, Want, for_each, survey};
use slackwater_point::{Plan, PlannedStanding, Refused, TookPart, TransactionId, by_timestamp};
use slackwater_trim::{Held, RealDisk, TrimError};

const WORLDS: u64 = 2_000;

/// Offset, timestamp, key, value.
type Seen = (u64, i64, Option<Vec<u8>>, Option<Vec<u8>>);

/// The records of a log in a directory, as they are decoded.
fn records(dir: &Path) -> Vec<Seen> {
    let mut found = Vec::new();
    let replicas = survey(dir.parent().unwrap(), Locked::Allow)
        .unwrap()
        .remove(0)
        .replicas;
    let replica = replicas.into_iter().find(|one| one.path == dir).unwrap();
    for segment in &replica.segments {
        let end = SegmentReader::default()
            .read(&segment.path, Want::Content, |batch| {
                assert!(batch.crc_holds);
                for_each(
                    &batch.header,
                    batch.records.unwrap(),
                    &mut Vec::new(),
                    |record| {
                        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
                        found.push((
                            record.offset,
                            record.timestamp_ms,
                            owned(record.key),
                            owned(record.value),
                        ));
                    },
                )
                .unwrap();
            })
            .unwrap();
        assert_eq!(end.invalid(), 0);
    }
    found
}

fn written(record: &Rec) -> Seen {
    (
        record.offset,
        record.timestamp,
        record.key.clone(),
        record.value.clone(),
    )
}

/// What should be left of a log: its batches up to the cut, the last one perhaps
/// without its last records.
fn left(history: &[Batch], cut: u64) -> Vec<Batch> {
    let mut left: Vec<Batch> = history
        .iter()
        .filter(|one| one.base < cut)
        .cloned()
        .collect();
    if let Some(last) = left.last_mut() {
        last.records.retain(|record| record.offset < cut);
        last.last = last.last.min(cut - 1);
    }
    left
}

/// Nothing lies there that a broker would stumble on.
fn is_tidy(dir: &Path, cut: u64, wanted: &[Batch], touched: bool) {
    let mut last_log = 0;
    let mut indexes = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some((base, ending)) = name.split_once('.') else {
            continue;
        };
        let Ok(base) = base.parse::<u64>() else {
            continue;
        };
        match ending {
            "log" => last_log = last_log.max(base),
            "index" | "timeindex" => indexes.push(base),
            "snapshot" => assert!(base <= cut, "{name} past {cut}"),
            other => panic!("{name}: {other}"),
        }
    }
    if touched {
        assert!(
            indexes.iter().all(|base| *base < last_log),
            "{indexes:?} {last_log}"
        );
    }
    let text = fs::read_to_string(dir.join("leader-epoch-checkpoint")).unwrap();
    let lines: Vec<String> = epochs(wanted)
        .iter()
        .map(|(epoch, at)| format!("{epoch} {at}"))
        .collect();
    assert_eq!(
        text.lines().skip(2).collect::<Vec<_>>(),
        lines,
        "{}",
        dir.display()
    );
}

/// By what was written, and not by what a copy has: a transaction is kept in all partitions
/// in which it wrote, or in none, wherever there is a coordinator's log. Gives whether there
/// is, and any is kept.
fn is_whole(world: &World, plan: &Plan) -> bool {
    let mut kept: BTreeMap<TransactionId, BTreeSet<usize>> = BTreeMap::new();
    for (number, (log, row)) in world.logs().iter().zip(world::rows(plan)).enumerate() {
        for one in &log.transactions {
            let end = one
                .marker
                .filter(|end| end.committed && end.offset < row.cut);
            if end.is_some() {
                kept.entry(one.id).or_default().insert(number);
            }
        }
    }
    if world.told == TookPart::default() {
        return false;
    }
    for (id, there) in &kept {
        assert_eq!(there, &world.wrote[id], "{id:?}");
    }
    !kept.is_empty()
}

#[test]
fn what_is_left_is_what_the_definition_says() {
    let (mut cut_inside, mut grown, mut dead, mut exact, mut cut_at_all) = (0, 0, 0, 0, 0);
    let (mut cleaned, mut in_what_was_cleaned, mut known) = (0, 0, 0);
    for seed in 0..WORLDS {
        let mut rng = Rng::with_seed(seed);
        let shape = Shape::of(&mut rng);
        let world = World::new(&mut rng, shape);
        let epsilon = rng.u64(0..3);
        let logs = world.logs();
        let wanted = by_timestamp(&logs, &world.told, epsilon);
        let plan = match (
            planned(&world.paths(), &no_cut(), &options(epsilon)),
            wanted,
        ) {
            (Ok(plan), Ok(wanted)) => {
                let cuts: Vec<u64> = world::rows(&plan).map(|one| one.cut).collect();
                // An end that is older than what lies before it is taken at its word.
                assert!(
                    cuts.iter().zip(&wanted.cuts).all(|(one, most)| one <= most),
                    "seed {seed}"
                );
                exact += u32::from(cuts == wanted.cuts);
                plan
            }
            (Err(_), Err(_)) => continue,
            (
                Err(TrimError::Compacted {
                    cut, cleaned_to, ..
                }),
                Ok(_),
            ) => {
                assert!(cut < cleaned_to, "seed {seed}");
                let mut cleaned = world.partitions.iter().map(|one| one.cleaned_to);
                assert!(cleaned.any(|one| one == cleaned_to), "seed {seed}");
                in_what_was_cleaned += 1;
                continue;
            }
            (plan, wanted) => panic!("seed {seed}: {plan:?} {wanted:?}"),
        };
        let before = tree(world.root.path());
        Held::take(&world.paths(), &RealDisk)
            .unwrap()
            .trim(&plan)
            .unwrap();
        let after = tree(world.root.path());
        let (mut kept, mut lost) = (Vec::new(), Vec::new());
        known += u32::from(is_whole(&world, &plan));
        for (planned, (log, partition)) in
            world::rows(&plan).zip(logs.iter().zip(&world.partitions))
        {
            let cut = planned.cut;
            cut_at_all += u32::from(cut < log.end);
            cleaned += u32::from(cut < log.end && partition.cleaned_to > 0);
            for record in &log.window.records {
                let side = if record.offset < cut {
                    &mut kept
                } else {
                    &mut lost
                };
                side.push(record.at);
            }
            lost.extend(log.newest.map(|newest| newest - epsilon as i64));
            for one in &log.transactions {
                let whole = one.marker.is_some_and(|end| end.offset < cut);
                assert!(
                    whole || cut <= one.first,
                    "seed {seed}: cut through {one:?}"
                );
            }
            let wanted = left(&partition.history, cut);
            cut_inside += u32::from(
                partition
                    .history
                    .iter()
                    .any(|one| one.base < cut && cut <= one.last),
            );
            let wanted_records: Vec<_> = wanted
                .iter()
                .flat_map(|one| &one.records)
                .map(written)
                .collect();
            let name = format!("{}-{}", world::TOPIC, planned.partition.partition);
            let mut digests = Vec::new();
            let copies = (1..).zip(&partition.copies);
            for (node, copy) in copies.filter(|(_, copy)| !copy.is_absent) {
                let dir = world.node(node).join(&name);
                assert_eq!(records(&dir), wanted_records, "seed {seed} node {node}");
                let touched = before.iter().any(|(path, bytes)| {
                    path.starts_with(format!("node-{node}/{name}"))
                        && after.get(path) != Some(bytes)
                });
                is_tidy(&dir, cut, &wanted, touched);
                let replicas = world::scanned(&dir);
                assert_eq!(
                    (replicas.end, replicas.torn_bytes, replicas.bad),
                    (cut, 0, 0),
                    "seed {seed}"
                );
                digests.push(replicas.whole);
                grown +=
                    u32::from(log::batch::bytes_of(&copy.batches).len() < bytes_of(&wanted).len());
                dead += u32::from(copy.batches.len() > copy.common);
            }
            assert!(digests.iter().all(|one| *one == digests[0]), "seed {seed}");
        }
        let inverted = kept.iter().max().zip(lost.iter().min());
        assert!(
            inverted.is_none_or(|(late, early)| late <= early),
            "seed {seed}"
        );
        // To another plan all copies are the same; of a log that is empty by now, it
        // can't be told how far it is.
        match planned(&world.paths(), &no_cut(), &options(epsilon)) {
            Ok(again) => {
                let all = again.partitions.iter().flat_map(|one| &one.replicas);
                let mut standings = all.map(|replica| replica.standing);
                assert!(
                    standings
                        .all(|one| matches!(one, PlannedStanding::Kept | PlannedStanding::Same)),
                    "seed {seed}"
                );
            }
            Err(TrimError::Refused(Refused::Unbounded { .. }) | TrimError::Compacted { .. }) => {}
            Err(other) => panic!("seed {seed}: {other}"),
        }
        // And back it is as it was, byte by byte; and forth again.
        Held::take(&world.paths(), &RealDisk)
            .unwrap()
            .untrim()
            .unwrap();
        assert!(tree(world.root.path()) == before, "seed {seed}");
        Held::take(&world.paths(), &RealDisk)
            .unwrap()
            .trim(&plan)
            .unwrap();
        assert!(tree(world.root.path()) == after, "seed {seed}");
    }
    let all = [
        cut_inside,
        grown,
        dead,
        cut_at_all,
        cleaned,
        in_what_was_cleaned,
        known,
    ];
    assert!(all.iter().all(|count| *count > 40), "{all:?}");
    assert!(u64::from(exact) > WORLDS / 3, "{exact}");
}

#[test]
fn copies_that_contradict_each_other_are_never_planned() {
    let mut contradicting = 0;
    for seed in 0..WORLDS / 4 {
        let mut rng = Rng::with_seed(seed);
        let shape = Shape::of(&mut rng);
        let mut world = World::new(&mut rng, shape);
        if !world.contradict(&mut rng) {
            continue;
        }
        contradicting += 1;
        let refused = planned(&world.paths(), &no_cut(), &options(0)).unwrap_err();
        assert!(
            matches!(refused, TrimError::Divergent { .. }),
            "seed {seed}: {refused}"
        );
    }
    assert!(contradicting > 100, "{contradicting}");
}
