//! What came of one round.

use slackwater_cut::{ClaimName, Cut, State, Verdict};

use crate::plan::Round;

/// What a run left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdicts {
    /// A cut, all of whose required claims are proven.
    Proven,
    /// A cut, of which a required claim is unproven, and none refuted.
    Unproven,
    /// A cut, of which a required claim is refuted.
    Refuted,
    /// No cut.
    Failed,
}

/// Who let the mirror run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumer {
    /// It was never stopped.
    Nobody,
    /// The guard, for the program.
    Guard,
    /// The guard by itself: the program was gone, or the deadline passed.
    GuardAlone,
    /// The program: the guard was gone.
    Program,
    /// The timer: both were.
    Timer,
    /// A person.
    Hand,
}

impl Resumer {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Resumer::Nobody => "was not stopped",
            Resumer::Guard => "guard, asked",
            Resumer::GuardAlone => "guard, alone",
            Resumer::Program => "program",
            Resumer::Timer => "timer",
            Resumer::Hand => "a person",
        }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) round: Round,
    /// The fault came where it was meant to.
    pub(crate) struck: bool,
    pub(crate) code: Option<i32>,
    pub(crate) cause: String,
    pub(crate) hung: bool,
    pub(crate) verdicts: Verdicts,
    pub(crate) resumer: Resumer,
    /// The longest stop.
    pub(crate) stopped_ms: u64,
    /// How late it ended.
    pub(crate) late_ms: u64,
    /// Later than it may.
    pub(crate) too_late: bool,
    /// Records compared in isolation.
    pub(crate) compared: u64,
    /// How what came back differs, where all was proven.
    pub(crate) false_proof: Vec<String>,
    /// What must not be, in words, all but a false proof.
    pub(crate) broken: Vec<String>,
}

/// What the run document says.
pub(crate) fn verdicts(cut: Option<&Cut>) -> Verdicts {
    let Some(cut) = cut.filter(|cut| matches!(cut.state, State::Closed { .. })) else {
        return Verdicts::Failed;
    };
    let of = |name: &ClaimName| {
        let claim = cut.claims.iter().find(|claim| claim.name == *name);
        claim.map_or(Verdict::Unproven, |claim| claim.verdict)
    };
    let all: Vec<Verdict> = cut.settings.require.iter().map(of).collect();
    if all.contains(&Verdict::Refuted) {
        Verdicts::Refuted
    } else if all.iter().all(|one| *one == Verdict::Proven) {
        Verdicts::Proven
    } else {
        Verdicts::Unproven
    }
}

/// `by_timer`: the timer says that it did.
pub(crate) fn resumer(cut: Option<&Cut>, by_timer: bool) -> Resumer {
    let stopped = cut.and_then(|cut| cut.quiesce.as_ref()?.stop_started_ms);
    let (Some(cut), Some(_)) = (cut, stopped) else {
        return Resumer::Nobody;
    };
    if by_timer {
        return Resumer::Timer;
    }
    match &cut.state {
        State::Void { reason, .. } if reason.contains("its guard died") => Resumer::Program,
        State::Void { reason, .. } if reason.contains("by hand") => Resumer::Hand,
        State::Void { reason, .. }
            if [
                "ended before it",
                "the deadline passed",
                "not closed in time",
            ]
            .iter()
            .any(|part| reason.contains(part)) =>
        {
            Resumer::GuardAlone
        }
        _ => Resumer::Guard,
    }
}

impl Outcome {
    /// In one line.
    pub(crate) fn line(&self) -> String {
        let Round {
            fault,
            moment,
            lasts_ms,
            ..
        } = self.round;
        let missed = if self.struck { "" } else { ", NOT STRUCK" };
        let code = self
            .code
            .map_or("killed".to_owned(), |code| format!("exit {code}"));
        let late = match self.late_ms {
            0 => String::new(),
            ms => format!(", {:.1} s late", ms as f64 / 1e3),
        };
        format!(
            "{fault}{}, {} +{} ms for {:.1} s{missed}: {code}, {:?}, resumed by: {}, stopped {:.1} \
             s{late}, {} records compared",
            fault.detail(),
            moment.words(),
            moment.delay_ms,
            lasts_ms as f64 / 1e3,
            self.verdicts,
            self.resumer.words(),
            self.stopped_ms as f64 / 1e3,
            self.compared
        )
    }
}
