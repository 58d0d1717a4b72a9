//! Calibration: ten things that befall a run between two of its phases, which
//! a lab of real clusters can be made to do too. World and lab must come to the
//! same verdicts; `tests/e2e/tests/calibration.rs` sees that they do.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::ClaimName;

use crate::driver::{self, all_run};
use crate::fault::{Fault, Kind};
use crate::program::Command;
use crate::record::closed_cuts;
use crate::schedule::{Driver, Mode, Schedule};
use crate::sim::{self, Sim};
use crate::step::Step;

/// Scenes of the world in which each is tried: whatever else is random must
/// not matter.
const SCENES: u64 = 24;

/// What befalls the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plot {
    /// Nothing.
    Nothing,
    /// After the drain, the source deletes what waits for the mirror.
    LostWhileHeld,
    /// After the drain, somebody writes to a copy.
    ForeignAfterDrain,
    /// After the snapshots, somebody writes to a copy.
    ForeignAfterCut,
    /// After the drain, somebody resumes the connectors.
    RevertedAfterDrain,
    /// After the snapshots, somebody resumes the connectors.
    RevertedAfterCut,
    /// After the drain, leaders are elected.
    LeaderAfterDrain,
    /// After the drain, a topic's configuration is changed.
    ConfigAfterDrain,
    /// After the drain, the guard is killed.
    GuardKilledAfterDrain,
    /// After the snapshots, the guard is killed.
    GuardKilledAfterCut,
}

/// The verdict on each required claim, by name, and whether the mirror runs in
/// the end. No verdicts where the run was given up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdicts {
    /// For example `still` and `proven`.
    pub claims: BTreeMap<String, String>,
    /// In the end.
    pub mirror_runs: bool,
}

/// Of these the verdicts are compared.
pub const CLAIMS: [ClaimName; 5] = [
    ClaimName::Still,
    ClaimName::Durable,
    ClaimName::Intact,
    ClaimName::Covers,
    ClaimName::Resumable,
];

impl Plot {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Nothing,
        Self::LostWhileHeld,
        Self::ForeignAfterDrain,
        Self::ForeignAfterCut,
        Self::RevertedAfterDrain,
        Self::RevertedAfterCut,
        Self::LeaderAfterDrain,
        Self::ConfigAfterDrain,
        Self::GuardKilledAfterDrain,
        Self::GuardKilledAfterCut,
    ];

    /// What the world comes to: one element, where nothing random matters.
    pub fn in_the_world(self) -> BTreeSet<Verdicts> {
        (0..SCENES).map(|seed| self.once(seed)).collect()
    }

    fn once(self, seed: u64) -> Verdicts {
        let sim = Sim::new(self.schedule(seed), false);
        driver::begin(&sim);
        let ended = sim::run(&sim);
        let mirror_runs = ended && all_run(&sim.world.borrow());
        let world = sim.world.borrow();
        let claims = closed_cuts(&world)
            .first()
            .map_or_else(BTreeMap::new, |(cut, _)| {
                let asked = cut
                    .claims
                    .iter()
                    .filter(|claim| CLAIMS.contains(&claim.name));
                asked
                    .map(|claim| (claim.name.to_string(), claim.verdict.to_string()))
                    .collect()
            });
        Verdicts {
            claims,
            mirror_runs,
        }
    }

    /// The lab's scene, as the world has it: a loaded mirror of three replicas
    /// that is read whole, phase by phase.
    fn schedule(self, seed: u64) -> Schedule {
        let mut schedule = Schedule::outside(seed);
        let scene = &mut schedule.scene;
        scene.mode = Mode::Phases;
        scene.driver = Driver::Block;
        scene.replicas = 3;
        scene.send_ms = 20;
        scene.window_ms = 60_000;
        (scene.cold, scene.hot) = (false, false);
        scene.verify_full = true;
        scene.settle = false;
        scene.does_without = false;
        scene.retries = 0;
        schedule.faults.clear();
        schedule.between = self.fault();
        schedule
    }

    fn fault(self) -> Option<(Command, Fault)> {
        let (drain, cut) = (Command::Drain, Command::Snapshot);
        let (kind, after) = match self {
            Self::Nothing => return None,
            Self::LostWhileHeld => (Kind::SourceDeletes, drain),
            Self::ForeignAfterDrain => (Kind::ForeignProducer, drain),
            Self::ForeignAfterCut => (Kind::ForeignProducer, cut),
            Self::RevertedAfterDrain => (Kind::Reverted, drain),
            Self::RevertedAfterCut => (Kind::Reverted, cut),
            Self::LeaderAfterDrain => (Kind::LeaderMoves, drain),
            Self::ConfigAfterDrain => (Kind::TopicChanged, drain),
            Self::GuardKilledAfterDrain => (Kind::GuardKilled, drain),
            Self::GuardKilledAfterCut => (Kind::GuardKilled, cut),
        };
        let fault = Fault {
            kind,
            // Between two: not in any.
            step: Step::Drain,
            call: 0,
            target: 0,
            lasts_ms: 2_500,
        };
        Some((after, fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_befalls_the_world_between_two_phases_leads_to_one_verdict() {
        for plot in Plot::ALL {
            let verdicts = plot.in_the_world();
            assert_eq!(verdicts.len(), 1, "{plot:?}: {verdicts:#?}");
        }
    }
}
