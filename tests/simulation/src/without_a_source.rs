//! Runs that may do without a source that can't be reached: what they could not see is
//! unproven, and all else is as of any other run.

use slackwater_cut::{ClaimName, Cut, Verdict};

use crate::driver;
use crate::fault::{Fault, Kind};
use crate::invariants;
use crate::record::closed_cuts;
use crate::schedule::{Mode, Schedule};
use crate::sim::{self, Sim};
use crate::step::Step;

/// So many scenes each.
const SCENES: u64 = 12;

/// Longer than a run takes.
const FOR_GOOD_MS: u64 = 3_600_000;

/// A scene in which nothing else befalls a run, and the source is gone from a call of a step
/// on.
fn gone(seed: u64, step: Step, call: u32, does_without: bool) -> Schedule {
    let mut schedule = Schedule::outside(seed);
    let scene = &mut schedule.scene;
    scene.mode = Mode::Backup;
    (scene.hot, scene.settle) = (false, false);
    scene.does_without = does_without;
    // What is short of time has another reason to fail.
    scene.send_ms = 20;
    scene.window_ms = 150_000;
    scene.retries = 0;
    schedule.faults = vec![Fault {
        kind: Kind::SourceSilent,
        step,
        call,
        target: 0,
        lasts_ms: FOR_GOOD_MS,
    }];
    schedule
}

/// The cut that comes of it, if one does; all that must hold does.
fn cut_of(schedule: Schedule) -> Option<Cut> {
    let sim = Sim::new(schedule, false);
    driver::begin(&sim);
    assert!(sim::run(&sim), "{}", sim.schedule);
    let broken = invariants::check(&sim);
    assert!(broken.is_empty(), "{}{broken:?}", sim.schedule);
    let world = sim.world.borrow();
    closed_cuts(&world).first().map(|(cut, _)| cut.clone())
}

fn claim(cut: &Cut, name: ClaimName) -> (Verdict, &str) {
    let mut claims = cut.claims.iter().filter(|claim| claim.name == name);
    let found = claims.next().map(|one| (one.verdict, one.reason.as_str()));
    found.unwrap_or((Verdict::Unproven, "it is not in the cut"))
}

fn stood_still(cut: &Cut) {
    for name in [ClaimName::Still, ClaimName::Durable] {
        let (verdict, why) = claim(cut, name);
        assert_eq!(verdict, Verdict::Proven, "{name}: {why}");
    }
}

#[test]
fn a_source_that_is_gone_before_the_run_costs_what_is_compared_with_it_and_nothing_else() {
    for seed in 0..SCENES {
        let cut = cut_of(gone(seed, Step::Sample, 0, true)).unwrap();
        stood_still(&cut);
        for name in [ClaimName::Covers, ClaimName::Resumable] {
            let (verdict, why) = claim(&cut, name);
            assert_eq!(verdict, Verdict::Unproven, "{name}: {why}");
            assert!(why.contains("can't be reached"), "{why}");
        }
        assert_eq!(cut.unreachable().count(), 1);
        assert_eq!(cut.point, None);
        // Its copies are known all the same, by what the mirror has of them.
        assert!(cut.rows.unmatched_copies().next().is_some());
        assert_eq!(cut.rows.copies().count(), 0);
    }
}

#[test]
fn without_leave_such_a_run_makes_no_cut() {
    for seed in 0..SCENES {
        assert_eq!(cut_of(gone(seed, Step::Sample, 0, false)), None);
    }
}

#[test]
fn a_source_that_goes_while_the_mirror_is_held_fails_no_run_that_may_do_without_it() {
    let mut went = 0;
    for seed in 0..SCENES {
        for call in 0..Step::Drain.calls() {
            let cut = cut_of(gone(seed, Step::Drain, call, true)).unwrap();
            stood_still(&cut);
            if cut.unreachable().next().is_none() {
                continue;
            }
            went += 1;
            for name in [ClaimName::Covers, ClaimName::Resumable] {
                let (verdict, why) = claim(&cut, name);
                assert_eq!(verdict, Verdict::Unproven, "{name}: {why}");
            }
        }
    }
    assert!(went > 0, "it never went in time");
}
