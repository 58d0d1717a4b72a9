//! Copies that contradict each other, or are damaged: what is put right, and what is refused.

use crate::world;

use std::fs;

use crate::brokers::{brokers, paths, plain, plan_of, three, trim};
use crate::log::batch::bytes_of;
use crate::world::{no_cut, nodes, options, planned, tree};
use slackwater_point::PlannedStanding;
use slackwater_trim::{Held, RealDisk, TrimError};
use tempfile::TempDir;

#[test]
fn what_a_cleaner_took_from_one_copy_may_be_missing_in_one_that_was_made_of_it() {
    let mut batches = plain(6);
    // Whole, as a follower that begins anew is given it.
    batches.remove(2);
    let shorter = batches[..4].to_vec();
    let root = brokers(&[batches.clone(), batches, shorter]);
    let refused = plan_of(&root).unwrap_err();
    assert!(
        matches!(refused, TrimError::Damaged { offset: 6, .. }),
        "{refused}"
    );
    let checkpoint = nodes(root.path())[0].join("cleaner-offset-checkpoint");
    fs::write(checkpoint, "0\n1\nsrc.t 0 9\n").unwrap();
    let plan = plan_of(&root).unwrap();
    trim(&root, &plan).unwrap();
    let shown = slackwater_trim::show(&nodes(root.path()), &plan, 0).unwrap();
    let copies = &shown.partitions[0].copies;
    assert_eq!(copies.len(), 3);
    for copy in copies {
        assert_eq!(copy.wrong, None, "{}", copy.node);
        assert!(copy.same, "{}", copy.node);
    }
}

/// An election, a roll and a cleaner's pass between two copies: batches don't tell any more
/// where the logs part, and what brokers have noted of epochs does.
#[test]
fn what_is_of_a_leader_whose_log_did_not_last_goes_where_a_cleaner_has_been_too() {
    let log = |batches: u64, epoch: i32| {
        let mut all = plain(batches);
        all[3..].iter_mut().for_each(|batch| batch.epoch = epoch);
        all
    };
    let mut kept = log(8, 6);
    kept.drain(3..5);
    let root = brokers(&[log(5, 5), kept.clone(), kept]);
    for (dir, epoch) in nodes(root.path()).iter().zip([5, 6, 6]) {
        let noted = format!("0\n2\n0 0\n{epoch} 9\n");
        fs::write(dir.join("src.t-0/leader-epoch-checkpoint"), noted).unwrap();
        if epoch == 6 {
            fs::write(dir.join("cleaner-offset-checkpoint"), "0\n1\nsrc.t 0 18\n").unwrap();
        }
    }
    let plan = plan_of(&root).unwrap();
    let first = &plan.partitions[0].replicas[0];
    assert_eq!(
        (first.standing, first.end, first.agrees_to),
        (PlannedStanding::Superseded, 15, 9)
    );
    // Whoever looks at it as it is sees it, too.
    let shown = slackwater_trim::show(&nodes(root.path()), &plan, 0).unwrap();
    assert!(!shown.partitions[0].copies[0].same);
    trim(&root, &plan).unwrap();
    let shown = slackwater_trim::show(&nodes(root.path()), &plan, 0).unwrap();
    assert!(shown.partitions[0].copies.iter().all(|copy| copy.same));
    let bytes = |node: usize| world::scanned(&nodes(root.path())[node].join("src.t-0")).whole;
    assert_eq!(bytes(0), bytes(1));
}

#[test]
fn two_copies_that_contradict_each_other_are_refused_and_the_odd_one_of_three_is_named() {
    let mut other = plain(4);
    other[2].records[0].value = Some(b"another".to_vec());
    let root = brokers(&[plain(4), other.clone(), plain(4)]);
    let refused = plan_of(&root).unwrap_err();
    assert!(
        matches!(
            refused,
            TrimError::Divergent {
                offset: 6,
                odd: Some(2),
                ..
            }
        ),
        "{refused}"
    );
    let root = brokers(&[plain(4), other]);
    let refused = planned(&paths(&root, 2), &no_cut(), &options(0)).unwrap_err();
    assert!(
        matches!(refused, TrimError::Divergent { odd: None, .. }),
        "{refused}"
    );
    // What is said to be done about it is enough.
    let said = refused.to_string();
    assert!(
        said.contains("put a copy of the right directory in place of the other"),
        "{said}"
    );
    in_place_of(&root, 2, 1);
    planned(&paths(&root, 2), &no_cut(), &options(0)).unwrap();
}

/// A copy of one broker's directory of the partition in place of another's.
fn in_place_of(root: &TempDir, other: usize, one: usize) {
    let of = |node: usize| nodes(root.path())[node - 1].join("src.t-0");
    for file in tree(&of(other)).keys() {
        fs::remove_file(of(other).join(file)).unwrap();
    }
    for (file, bytes) in tree(&of(one)) {
        fs::write(of(other).join(file), bytes).unwrap();
    }
}

#[test]
fn where_the_copy_that_would_be_kept_is_damaged_those_that_are_whole_are_named_with_their_ends() {
    let root = brokers(&[plain(6), plain(3), plain(2)]);
    let log = nodes(root.path())[0].join("src.t-0/00000000000000000000.log");
    let mut bytes = fs::read(&log).unwrap();
    bytes[bytes_of(&plain(4)).len() + 70] ^= 1;
    fs::write(&log, bytes).unwrap();
    let refused = plan_of(&root).unwrap_err();
    let TrimError::Damaged {
        node,
        offset,
        whole,
        ..
    } = &refused
    else {
        panic!("{refused}");
    };
    assert_eq!((*node, *offset), (1, 12));
    assert_eq!(*whole, [(2, 9), (3, 6)]);
    let said = refused.to_string();
    assert!(!said.contains("every copy"), "{said}");
    assert!(said.contains("that of node 2 ends at 9"), "{said}");
    in_place_of(&root, 1, 2);
    assert_eq!(plan_of(&root).unwrap().partitions[0].end, 9);
}

#[test]
fn a_corrupt_batch_is_repaired_from_another_copy_and_refused_where_all_have_it() {
    let root = three(&plain(6));
    let log = |node: usize| nodes(root.path())[node].join("src.t-0/00000000000000000000.log");
    let whole = fs::read(log(0)).unwrap();
    let mut bad = whole.clone();
    bad[whole.len() / 2 + 70] ^= 1;
    fs::write(log(0), &bad).unwrap();
    let plan = plan_of(&root).unwrap();
    let row = &plan.partitions[0];
    assert_eq!(
        (row.kept_of, row.replicas[0].standing),
        (2, PlannedStanding::Shorter)
    );
    trim(&root, &plan).unwrap();
    let of = |node: usize| world::scanned(&nodes(root.path())[node].join("src.t-0"));
    assert_eq!(
        (of(0).whole, of(0).bad, of(0).torn_bytes),
        (of(1).whole, 0, 0)
    );
    let all = |bytes: &[u8], flushed: u64| {
        let root = three(&plain(6));
        for dir in nodes(root.path()) {
            fs::write(dir.join("src.t-0/00000000000000000000.log"), bytes).unwrap();
            let flushed = format!("0\n1\nsrc.t 0 {flushed}\n");
            fs::write(dir.join("recovery-point-offset-checkpoint"), flushed).unwrap();
        }
        plan_of(&root)
    };
    // All of them, with batches behind it: no crash has left that.
    let refused = all(&bad, 0).unwrap_err();
    assert!(matches!(refused, TrimError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains("has another CRC"), "{refused}");
    assert!(
        refused.to_string().contains("no other is whole"),
        "{refused}"
    );
    // The last one, which a crash may have cut short, unless it was flushed.
    let mut last = whole.clone();
    last[whole.len() - 1] ^= 1;
    assert_eq!(all(&last, 0).unwrap().partitions[0].end, 15);
    let refused = all(&last, 18).unwrap_err();
    assert!(matches!(refused, TrimError::Damaged { .. }), "{refused}");
}

#[test]
fn a_missing_segment_is_repaired_from_another_copy_and_refused_where_all_lack_it() {
    let root = three(&plain(6));
    let split = |node: usize| {
        let dir = nodes(root.path())[node].join("src.t-0");
        for at in 0..3usize {
            let base = at as u64 * 6;
            let path = dir.join(format!("{base:020}.log"));
            fs::write(path, bytes_of(&plain(6)[at * 2..at * 2 + 2])).unwrap();
        }
        fs::remove_file(dir.join("00000000000000000006.log")).unwrap();
    };
    split(0);
    let plan = plan_of(&root).unwrap();
    let row = &plan.partitions[0];
    assert_eq!((row.kept_of, row.replicas[0].end, row.end), (2, 6, 18));
    let broken = row.replicas[0].broken.as_deref().unwrap();
    assert_eq!(broken, "offsets 6 to 12 are missing");
    trim(&root, &plan).unwrap();
    Held::take(&nodes(root.path()), &RealDisk)
        .unwrap()
        .untrim()
        .unwrap();
    split(1);
    split(2);
    let refused = plan_of(&root).unwrap_err();
    assert!(
        matches!(refused, TrimError::Damaged { offset: 6, .. }),
        "{refused}"
    );
}
