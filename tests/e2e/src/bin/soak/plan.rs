//! What is done in a soak, from its seed alone. Pure.

use slackwater_e2e::{Chance, Stage};

use crate::fault::{Fault, Signal, Victim};

/// What a fault lasts: from a hiccup to longer than the window.
const LASTS_MS: [u64; 2] = [500, 20_000];

/// What the source is away at most: its producers wait 30 s for the end of a
/// transaction.
const SOURCE_MS: u64 = 8_000;

/// After a stage was reached.
const DELAY_MS: u64 = 400;

/// After the start of the program, which samples the source for 3 s before it
/// stops anything.
const BEGUN_MS: u64 = 4_000;

/// A thread of the program makes some dozens of requests, one of the guard's a
/// few.
const REQUESTS: [u64; 2] = [40, 6];

/// How far a clock jumps, in seconds: less and more than a window, and hours.
const JUMPS: [i64; 6] = [-7_200, -90, -5, 5, 90, 7_200];

/// Brokers of the mirror.
const BROKERS: u64 = 3;

/// When a fault befalls a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// After it was seen there; `None`: after the program's start.
    pub(crate) stage: Option<Stage>,
    /// So much later.
    pub(crate) delay_ms: u64,
}

impl Moment {
    pub(crate) fn words(self) -> &'static str {
        self.stage.map_or("begun", Stage::words)
    }
}

/// One backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) fault: Fault,
    pub(crate) moment: Moment,
    /// Until it is put right.
    pub(crate) lasts_ms: u64,
    /// The load comes in transactions.
    pub(crate) transactional: bool,
}

/// A whole soak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// MirrorMaker's exactly-once.
    pub(crate) exactly_once: bool,
    pub(crate) rounds: Vec<Round>,
}

/// One kind of fault, its particulars still open.
type Card = fn(&mut Chance) -> Fault;

/// Each once before any a second time.
const DECK: [Card; 22] = [
    |_| Fault::Nothing,
    |_| Fault::Signal(Signal::Kill, Victim::Program),
    |_| Fault::Signal(Signal::Freeze, Victim::Program),
    |_| Fault::Signal(Signal::Kill, Victim::Guard),
    |_| Fault::Signal(Signal::Freeze, Victim::Guard),
    |_| Fault::Signal(Signal::Kill, Victim::Both),
    |_| Fault::Signal(Signal::Freeze, Victim::Both),
    |_| Fault::Signal(Signal::Kill, Victim::Connect),
    |_| Fault::Signal(Signal::Freeze, Victim::Connect),
    |chance| Fault::Signal(Signal::Kill, Victim::Broker(broker(chance))),
    |chance| Fault::Signal(Signal::Freeze, Victim::Broker(broker(chance))),
    |_| Fault::Signal(Signal::Kill, Victim::Source),
    |_| Fault::Signal(Signal::Freeze, Victim::Source),
    |chance| Fault::AtRequest(Signal::Kill, Victim::Program, request(chance, 0)),
    |chance| Fault::AtRequest(Signal::Freeze, Victim::Program, request(chance, 0)),
    |chance| Fault::AtRequest(Signal::Kill, Victim::Guard, request(chance, 1)),
    |chance| Fault::AtRequest(Signal::Freeze, Victim::Guard, request(chance, 1)),
    |_| Fault::Unplug,
    |chance| Fault::FillVolume(broker(chance)),
    |_| Fault::FillStore,
    |chance| Fault::Clock(JUMPS[chance.below(JUMPS.len() as u64) as usize]),
    |chance| Fault::PowerLoss(broker(chance)),
];

fn broker(chance: &mut Chance) -> i32 {
    1 + chance.below(BROKERS) as i32
}

fn request(chance: &mut Chance, of: usize) -> u32 {
    1 + chance.below(REQUESTS[of]) as u32
}

impl Plan {
    /// `only` keeps the faults whose names contain one of these; without any,
    /// all are kept.
    pub(crate) fn from_seed(seed: u64, rounds: usize, only: &[String]) -> Self {
        let mut chance = Chance::new(seed);
        let exactly_once = chance.below(2) == 0;
        let mut deck: Vec<Card> = Vec::new();
        let wanted = |card: &Card| {
            let name = card(&mut Chance::new(0)).to_string();
            only.is_empty() || only.iter().any(|part| name.contains(part))
        };
        let known: Vec<Card> = DECK.into_iter().filter(wanted).collect();
        let mut planned = Vec::new();
        while planned.len() < rounds && !known.is_empty() {
            if deck.is_empty() {
                deck.clone_from(&known);
            }
            let card = deck.swap_remove(chance.below(deck.len() as u64) as usize);
            planned.push(round(card(&mut chance), &mut chance));
        }
        Self {
            exactly_once,
            rounds: planned,
        }
    }
}

fn round(fault: Fault, chance: &mut Chance) -> Round {
    let [least, most] = LASTS_MS;
    let most = match fault {
        Fault::Signal(_, Victim::Source) => SOURCE_MS,
        _ => most,
    };
    Round {
        fault,
        moment: moment(fault, chance),
        lasts_ms: least + chance.below(most - least),
        transactional: chance.below(2) == 0,
    }
}

/// A guard is there from the stop on; a program's requests are counted from
/// its start.
fn moment(fault: Fault, chance: &mut Chance) -> Moment {
    let stages = Stage::ALL.len() as u64;
    let needs_guard = matches!(fault, Fault::Signal(_, Victim::Guard | Victim::Both));
    let at = match fault {
        Fault::AtRequest(_, Victim::Program, _) => 0,
        Fault::AtRequest(..) => 1,
        _ if needs_guard => 1 + chance.below(stages),
        _ => chance.below(stages + 1),
    };
    let stage = at
        .checked_sub(1)
        .and_then(|at| Stage::ALL.get(at as usize))
        .copied();
    let within = match (fault, stage) {
        (Fault::AtRequest(..), _) => 1,
        (_, None) => BEGUN_MS,
        _ => DELAY_MS,
    };
    Moment {
        stage,
        delay_ms: chance.below(within),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_gives_one_plan_and_another_seed_another() {
        let plan = |seed| Plan::from_seed(seed, 50, &[]);
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        assert_eq!(plan(1).rounds[..10], Plan::from_seed(1, 10, &[]).rounds);
    }

    #[test]
    fn every_fault_comes_once_before_any_comes_again() {
        for seed in 0..20 {
            let plan = Plan::from_seed(seed, DECK.len(), &[]);
            let names: BTreeSet<String> = plan
                .rounds
                .iter()
                .map(|one| one.fault.to_string())
                .collect();
            assert_eq!(names.len(), DECK.len());
        }
    }

    #[test]
    fn every_stage_and_every_broker_is_struck_by_some_seed() {
        let rounds: Vec<Round> = (0..50)
            .flat_map(|seed| Plan::from_seed(seed, 50, &[]).rounds)
            .collect();
        let moments: BTreeSet<_> = rounds.iter().map(|one| one.moment.words()).collect();
        assert_eq!(moments.len(), Stage::ALL.len() + 1);
        for id in 1..=3 {
            assert!(rounds.iter().any(|one| one.fault == Fault::FillVolume(id)));
        }
    }

    #[test]
    fn what_strikes_a_guard_waits_until_there_is_one() {
        for round in Plan::from_seed(3, 500, &["guard".to_owned()]).rounds {
            assert!(round.moment.stage.is_some(), "{round:?}");
        }
    }

    #[test]
    fn a_name_that_no_fault_has_gives_an_empty_plan() {
        assert!(
            Plan::from_seed(1, 5, &["flood".to_owned()])
                .rounds
                .is_empty()
        );
    }
}
