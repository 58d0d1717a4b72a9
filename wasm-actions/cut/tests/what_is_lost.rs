//! What a snapshot may lack without its claims falling, and what it may not:
//! cuts of real runs, changed and judged again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use slackwater_cut::{
    ClaimName, Content, Cut, FrontRead, PartitionRow, RangeRead, RowRange, Verdict, claims,
};
use slackwater_ports::Digest128;

fn cut() -> Cut {
    let file = "tests/fixtures/exactly-once.json";
    let text = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file));
    Cut::parse(&text.unwrap()).unwrap()
}

fn verdict(cut: &Cut, name: ClaimName) -> (Verdict, String) {
    let judged = claims::judge(cut);
    let claim = judged.into_iter().find(|claim| claim.name == name).unwrap();
    (claim.verdict, claim.reason)
}

/// The first row of `topic` that holds records.
fn row<'a>(cut: &'a mut Cut, topic: &str) -> &'a mut PartitionRow {
    let at = cut.rows.topics.iter().position(|one| one.name == topic);
    let at = u32::try_from(at.unwrap()).unwrap();
    let mut rows = cut.rows.partitions.iter_mut();
    rows.find(|row| row.topic == at && row.high_watermark > 10)
        .unwrap()
}

/// One replica begins at its end: all before is gone there.
fn lose_a_front(row: &mut PartitionRow) -> FrontRead {
    let content = row.content.as_mut().unwrap();
    let digests = content.replicas[1].digest;
    content.compared_from = row.high_watermark;
    for replica in &mut content.replicas {
        replica.digest = digests;
    }
    content.replicas[1].log_start_offset = row.high_watermark;
    content.replicas[1].read_from = row.high_watermark;
    let mut empty = content.replicas[1].tail.unwrap();
    empty.count = 0;
    content.replicas[1].tail = Some(empty);
    FrontRead {
        from: 0,
        until: row.high_watermark,
        newest_ms: None,
    }
}

fn of_both(cut: &Cut) -> [Verdict; 2] {
    [ClaimName::Durable, ClaimName::Intact].map(|name| verdict(cut, name).0)
}

#[test]
fn a_topic_that_moves_segments_to_remote_storage_is_unproven_and_named() {
    let mut cut = cut();
    let mirrored = cut.rows.topics.iter_mut().find(|one| one.source.is_some());
    let mirrored = mirrored.unwrap();
    mirrored.remote_storage = true;
    let name = mirrored.name.clone();
    assert_eq!(of_both(&cut), [Verdict::Unproven; 2]);
    for claim in [ClaimName::Durable, ClaimName::Intact] {
        let (_, why) = verdict(&cut, claim);
        assert!(why.starts_with(&format!("{name} moves segments")), "{why}");
    }
    let restored = cut
        .claims
        .iter()
        .find(|one| one.name == ClaimName::Restored);
    if let Some(restored) = restored {
        let verdict = restored.evidence.judge(&cut.rows).verdict;
        assert_eq!(verdict, Verdict::Unproven);
    }
}

#[test]
fn a_front_that_one_broker_lacks_refutes_where_retention_deletes_nothing() {
    let mut cut = cut();
    lose_a_front(row(&mut cut, "mm2-offsets"));
    assert_eq!(of_both(&cut), [Verdict::Refuted; 2]);
    let (_, why) = verdict(&cut, ClaimName::Intact);
    assert!(why.contains("its leader began at 0"), "{why}");
}

#[test]
fn a_front_that_was_too_young_to_be_deleted_is_not_taken_for_retentions_doing() {
    let mut cut = cut();
    let last_cut = cut.snapshot.as_ref().unwrap().volumes[0].cut_ms.unwrap();
    let row = row(&mut cut, "items");
    let mut front = lose_a_front(row);
    front.newest_ms = Some(i64::try_from(last_cut).unwrap() - 1_000);
    row.content.as_mut().unwrap().front = Some(front);
    assert_eq!(of_both(&cut), [Verdict::Unproven; 2]);
}

#[test]
fn a_front_that_was_old_enough_may_be_missing_on_one_broker() {
    let mut cut = cut();
    let row = row(&mut cut, "items");
    let mut front = lose_a_front(row);
    front.newest_ms = Some(1_000);
    row.content.as_mut().unwrap().front = Some(front);
    assert_eq!(of_both(&cut), [Verdict::Proven; 2]);
    // The age of another part says nothing of this one.
    row_content(&mut cut).front = Some(FrontRead { until: 1, ..front });
    assert_eq!(of_both(&cut), [Verdict::Unproven; 2]);
}

fn row_content(cut: &mut Cut) -> &mut slackwater_cut::RowContent {
    row(cut, "items").content.as_mut().unwrap()
}

#[test]
fn a_front_that_every_broker_lacks_is_not_accounted_for() {
    let mut cut = cut();
    for replica in &mut row_content(&mut cut).replicas {
        replica.log_start_offset = 5;
        replica.read_from = 5;
    }
    row_content(&mut cut).compared_from = 5;
    assert_eq!(of_both(&cut), [Verdict::Unproven; 2]);
}

#[test]
fn a_hole_that_no_cleaner_reached_is_not_taken_for_its_work() {
    let mut cut = cut();
    for replica in &mut row(&mut cut, "mm2-offsets")
        .content
        .as_mut()
        .unwrap()
        .replicas
    {
        replica.holes = 1;
        replica.cleaned_to = 9;
        replica.cleaner_offset = 8;
    }
    let (is, why) = verdict(&cut, ClaimName::Intact);
    assert_eq!(is, Verdict::Unproven);
    assert!(why.contains("no cleaner got further than 8"), "{why}");
}

#[test]
fn a_compacted_log_with_holes_and_no_other_replica_is_not_proven_whole() {
    let mut cut = cut();
    let row = row(&mut cut, "mm2-offsets");
    row.replicas.truncate(1);
    let broker = row.replicas[0];
    let dirs = cut.content.as_ref().unwrap().dirs.clone();
    let row = self::row(&mut cut, "mm2-offsets");
    let replicas = &mut row.content.as_mut().unwrap().replicas;
    replicas.retain(|one| dirs[one.dir as usize].broker == broker);
    assert_eq!(replicas.len(), 1);
    replicas[0].holes = 1;
    replicas[0].cleaned_to = 5;
    replicas[0].cleaner_offset = 9;
    let (is, why) = verdict(&cut, ClaimName::Intact);
    assert_eq!(is, Verdict::Unproven);
    assert!(why.contains("no other replica"), "{why}");
}

/// One replica has other batches than the others, as two readings tell; and its last leader
/// epoch is this much before theirs.
fn fork(row: &mut PartitionRow, epochs: i32) {
    let all = row.content.as_ref().unwrap().replicas.iter();
    let cleaned = all.map(|one| one.cleaned_to.max(one.cleaner_offset)).max();
    let content = row.content.as_mut().unwrap();
    let (one, other) = (
        Digest128::of([b"one".as_slice()]),
        Digest128::of([b"other".as_slice()]),
    );
    for (at, replica) in content.replicas.iter_mut().enumerate() {
        replica.digest = if at == 0 { other } else { one };
        let behind = if at == 0 { 0 } else { epochs };
        replica.last_epoch = replica.last_epoch.map(|epoch| epoch + behind);
    }
    let ends = content.replicas.iter().map(|one| one.log_end_offset);
    let read = content.replicas.iter().map(|replica| RangeRead {
        dir: replica.dir,
        batches: Some(replica.digest),
        live: None,
    });
    content.range = Some(RowRange {
        from: content.compared_from.max(cleaned.unwrap()),
        until: ends.min().unwrap(),
        replicas: read.collect(),
    });
}

#[test]
fn what_a_former_leader_alone_has_of_a_topic_that_nobody_holds_still_is_neither_held_against_it_nor_proven()
 {
    let forked = |topic: &str, epochs: i32| {
        let mut cut = cut();
        fork(row(&mut cut, topic), epochs);
        verdict(&cut, ClaimName::Intact)
    };
    for (topic, epochs) in [("__transaction_state", 0), ("items", 0), ("items", 1)] {
        let (is, why) = forked(topic, epochs);
        assert_eq!(is, Verdict::Refuted, "{topic} {epochs}: {why}");
    }
    let (is, why) = forked("__transaction_state", 1);
    assert_eq!(is, Verdict::Unproven, "{why}");
    assert!(why.contains("led by another broker"), "{why}");
}

#[test]
fn a_snapshot_without_a_majority_of_the_voters_is_not_durable() {
    let mut cut = cut();
    for log in &mut cut.content.as_mut().unwrap().metadata {
        log.voters = vec![1, 100, 101];
    }
    let (is, why) = verdict(&cut, ClaimName::Durable);
    assert_eq!(is, Verdict::Unproven);
    assert!(why.contains("no controller could be elected"), "{why}");
    for log in &mut cut.content.as_mut().unwrap().metadata {
        log.voters.clear();
    }
    assert_eq!(verdict(&cut, ClaimName::Durable).0, Verdict::Unproven);
}

#[test]
fn leader_epochs_that_nobody_knows_are_not_taken_for_equal() {
    let mut cut = cut();
    for row in &mut cut.rows.partitions {
        row.leader_epoch = None;
    }
    let still = cut.rows.still_digest();
    let drain = cut.drain.as_mut().unwrap();
    drain.still = still;
    for look in &mut drain.looks {
        look.still = still;
    }
    cut.bracket.as_mut().unwrap().still = still;
    let (is, why) = verdict(&cut, ClaimName::Still);
    assert_eq!(is, Verdict::Unproven);
    assert!(why.contains("leader epoch"), "{why}");
}

#[test]
fn a_claim_with_the_evidence_of_another_does_not_verify() {
    let mut cut = cut();
    let still = cut.claims.iter().find(|one| one.name == ClaimName::Still);
    let mut borrowed = still.unwrap().clone();
    borrowed.name = ClaimName::Restored;
    cut.claims.retain(|one| one.name != ClaimName::Restored);
    cut.add_claim(borrowed);
    let verified = slackwater_cut::verify(&cut.to_canonical().unwrap()).unwrap();
    assert!(verified.digest_holds && !verified.holds(), "{verified:?}");
}

#[test]
fn what_went_on_beside_volumes_that_were_not_read_is_not_taken_for_a_mirror_that_moved() {
    let text = include_str!("fixtures/cold.json");
    let mut cut = Cut::parse(text).unwrap();
    let moved = cut
        .bracket
        .as_ref()
        .is_some_and(|one| !one.moved.is_empty());
    assert!(moved, "the fixture has an end that went on after the cut");
    assert_eq!(verdict(&cut, ClaimName::Still).0, Verdict::Proven);
    let depth = cut.content.as_ref().unwrap().depth;
    cut.content = Some(Content::unreadable(depth, 1, "no way to them".to_owned()));
    for row in &mut cut.rows.partitions {
        row.content = None;
    }
    let (still, why) = verdict(&cut, ClaimName::Still);
    assert_eq!(still, Verdict::Unproven, "{why}");
    let (durable, why) = verdict(&cut, ClaimName::Durable);
    assert_eq!(durable, Verdict::Unproven, "{why}");
}
