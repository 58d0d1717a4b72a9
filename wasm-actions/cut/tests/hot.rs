//! What a run that stopped nothing may claim: a cut of a real run, as if it had been hot.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use slackwater_cut::claims::judge;
use slackwater_cut::{Claim, ClaimName, Class, Cut, Strategy, Verdict};

const CLOSED: &str = include_str!("fixtures/exactly-once.json");

fn hot() -> Cut {
    let mut cut = Cut::parse(CLOSED).unwrap();
    cut.settings.strategy = Strategy::Hot;
    cut
}

fn intact(cut: &Cut) -> Claim {
    let mut claims = judge(cut).into_iter();
    claims.find(|one| one.name == ClaimName::Intact).unwrap()
}

#[test]
fn nothing_but_intact_is_proven_of_a_mirror_that_ran_on() {
    for claim in judge(&hot()) {
        let may_be = claim.name == ClaimName::Intact;
        assert_eq!(claim.verdict == Verdict::Proven, may_be, "{claim:?}");
    }
}

#[test]
fn a_copy_that_ends_before_what_was_acknowledged_is_not_intact_though_all_copies_agree() {
    let mut cut = hot();
    let topics = cut.rows.topics.clone();
    let mut rows = cut.rows.partitions.iter_mut();
    let row = rows
        .find(|row| topics[row.topic as usize].class == Class::Mirrored && row.high_watermark > 1);
    let row = row.unwrap();
    for copy in &mut row.content.as_mut().unwrap().replicas {
        copy.log_end_offset -= 1;
    }
    let claim = intact(&cut);
    assert_eq!(claim.verdict, Verdict::Unproven, "{}", claim.reason);
    assert!(
        claim.reason.contains("acknowledged before the flush"),
        "{}",
        claim.reason
    );
}
