//! A cut of which others made the snapshots: each thing that is to be known of these
//! taken away, and no digest saves it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use slackwater_cut::{ClaimName, Cut, SnapshotsBy, Verdict, claims};
use slackwater_ports::SnapshotIdentity;

/// That of a real run, as if others had made its snapshots, and with nothing missing.
fn cut() -> Cut {
    let file = "tests/fixtures/exactly-once.json";
    let text = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file));
    let mut cut = Cut::parse(&text.unwrap()).unwrap();
    cut.settings.snapshots_by = SnapshotsBy::Others;
    let snapshot = cut.snapshot.as_mut().unwrap();
    snapshot.found_before = Some(vec!["before".to_owned()]);
    snapshot.confirmed_ms = snapshot.ended_ms;
    let count = snapshot.volumes.len();
    snapshot.identities = (0..count)
        .map(|at| SnapshotIdentity {
            uid: format!("uid-{at}"),
            content: Some(format!("content-{at}")),
            stored_as: Some(format!("stored-{at}")),
        })
        .collect();
    cut
}

fn of_both(cut: &Cut) -> [Verdict; 2] {
    let judged = claims::judge(cut);
    [ClaimName::Still, ClaimName::Durable].map(|name| {
        let claim = judged.iter().find(|claim| claim.name == name);
        claim.unwrap().verdict
    })
}

#[test]
fn others_snapshots_are_proven_where_all_is_known_of_them() {
    assert_eq!(of_both(&cut()), [Verdict::Proven; 2]);
}

#[test]
fn each_thing_that_is_not_known_of_them_takes_the_proof_away() {
    type Change = fn(&mut Cut);
    let changes: [(&str, Change); 8] = [
        ("nobody confirmed them", |cut| {
            cut.snapshot.as_mut().unwrap().confirmed_ms = None;
        }),
        ("what was there before is not known", |cut| {
            cut.snapshot.as_mut().unwrap().found_before = None;
        }),
        ("one is from before", |cut| {
            let snapshot = cut.snapshot.as_mut().unwrap();
            snapshot.found_before = Some(vec!["uid-1".to_owned()]);
        }),
        ("one is not known", |cut| {
            cut.snapshot.as_mut().unwrap().identities.pop();
        }),
        ("none is known", |cut| {
            cut.snapshot.as_mut().unwrap().identities.clear();
        }),
        ("one has no content", |cut| {
            cut.snapshot.as_mut().unwrap().identities[0].content = None;
        }),
        ("the storage's name of one is not known", |cut| {
            cut.snapshot.as_mut().unwrap().identities[0].stored_as = None;
        }),
        ("two are one", |cut| {
            let identities = &mut cut.snapshot.as_mut().unwrap().identities;
            identities[1] = identities[0].clone();
        }),
    ];
    for (what, change) in changes {
        let mut cut = cut();
        change(&mut cut);
        assert_eq!(of_both(&cut), [Verdict::Unproven; 2], "{what}");
    }
}

#[test]
fn that_others_made_them_is_not_taken_away_with_the_setting() {
    let mut cut = cut();
    cut.settings.snapshots_by = SnapshotsBy::Run;
    cut.snapshot.as_mut().unwrap().confirmed_ms = None;
    assert_eq!(of_both(&cut), [Verdict::Unproven; 2]);
}
