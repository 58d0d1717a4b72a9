//! The course of a run: one phase after the other, and what is done where one
//! fails.

use slackwater_ports::{Failure, FailureKind, Outcome, Seen};

use crate::Released;
use crate::salvage::{Recovered, Salvage, recover};

/// So often a guard is asked whether it is there: one that has much to do may be late.
const LOOKS: u32 = 3;

const SILENT: &str = "its guard does not answer, and holds it until its deadline";

/// A phase, as the course runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// quiesceMirror
    Quiesce,
    /// awaitDrain
    Drain,
    /// snapshotPartitions
    Snapshot,
    /// validateHead's second half: it closes the cut.
    Prove,
}

/// Why something did not end well.
pub trait Cause: From<Failure> {
    /// In one line.
    fn cause(&self) -> &str;
    /// The same kind, with another line.
    #[must_use]
    fn because(self, cause: String) -> Self;
}

/// The program's means, for one run.
pub trait Deck: Salvage {
    /// Runs one phase of this run.
    ///
    /// # Errors
    /// Why it failed.
    fn phase(&self, step: Step) -> Result<Outcome, Self::Stop>;
    /// What a phase said.
    fn told(&self, step: Step, outcome: &Outcome);
    /// Something that a person should know.
    fn warn(&self, line: &str);
    /// Whether the run may resume and stop once more where the mirror is ahead
    /// of its committed offsets.
    ///
    /// # Errors
    /// A run document that can't be read.
    fn may_settle(&self) -> Result<bool, Self::Stop>;
    /// Lets the connectors go on from their committed offsets for a moment,
    /// and takes the run back before its stop. The deadline stays.
    ///
    /// # Errors
    /// Connectors that don't start.
    fn resume_briefly(&self) -> Result<(), Self::Stop>;
    /// Asks the guard to take the closing look and resume.
    ///
    /// # Errors
    /// No answer.
    fn ask_release(&self) -> Seen<Released>;
    /// Asks it to resume and give the run up.
    ///
    /// # Errors
    /// No answer.
    fn ask_abandon(&self, reason: &str) -> Seen<Released>;
    /// Tells it that the run is closed.
    ///
    /// # Errors
    /// No answer.
    fn ask_finish(&self) -> Seen<()>;
    /// Whether this run's guard answers.
    fn guard_answers(&self) -> bool;
    /// Who else took the mirror after this run began.
    fn overtaken_by(&self) -> Option<String>;
    /// Ends this run, unless it has ended.
    fn void(&self, reason: &str);
}

/// The whole job. It ends with the mirror running.
///
/// # Errors
/// What failed; the run is given up then.
pub fn backup<D: Deck>(deck: &D) -> Result<(), D::Stop> {
    let done = told(deck, Step::Quiesce, deck.phase(Step::Quiesce))
        .and_then(|()| told(deck, Step::Drain, drain(deck)))
        .and_then(|()| told(deck, Step::Snapshot, deck.phase(Step::Snapshot)))
        .and_then(|()| release(deck))
        .and_then(|()| close(deck).map(drop));
    done.map_err(|stop| give_up(deck, stop))
}

fn told<D: Deck>(deck: &D, step: Step, outcome: Result<Outcome, D::Stop>) -> Result<(), D::Stop> {
    outcome.map(|outcome| deck.told(step, &outcome))
}

/// Waits for the drain; where the mirror is ahead of its committed offsets and
/// the run may settle that, it does so once and waits again.
///
/// # Errors
/// A mirror that does not drain.
pub fn drain<D: Deck>(deck: &D) -> Result<Outcome, D::Stop> {
    let outcome = deck.phase(Step::Drain)?;
    let ahead = outcome
        .outputs
        .iter()
        .any(|one| one.key == "ahead" && one.value != "0");
    if !ahead || !deck.may_settle()? {
        return Ok(outcome);
    }
    deck.warn(&format!("settling: {}", outcome.summary));
    deck.resume_briefly()?;
    deck.phase(Step::Quiesce)?;
    deck.phase(Step::Drain)
}

/// Lets the guard take the closing look and resume the mirror.
///
/// # Errors
/// A guard that does not answer; a mirror that is not resumed.
pub fn release<D: Deck>(deck: &D) -> Result<(), D::Stop> {
    let released = deck.ask_release().map_err(Failure::from)?;
    if let Err(why) = &released.bracket {
        deck.warn(&format!("warning: no closing look: {why}"));
    }
    released.resume.map_err(Failure::failed)?;
    Ok(())
}

/// Judges the claims and closes the cut, and lets the guard go.
///
/// # Errors
/// A cut that can't be closed. That the guard does not hear of it is none.
pub fn close<D: Deck>(deck: &D) -> Result<Outcome, D::Stop> {
    let outcome = deck.phase(Step::Prove)?;
    // The cut is closed: what is left of the hold ends by itself.
    if let Err(error) = deck.ask_finish() {
        deck.warn(&format!(
            "warning: the guard was not let go: {}",
            error.message
        ));
    }
    Ok(outcome)
}

/// What came of giving a run up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenUp {
    /// Nothing is stopped by it any more.
    Undone,
    /// The same, but that its guard had died.
    PutRight,
    /// Another run has the mirror by now.
    Overtaken(String),
    /// Why the mirror does not run.
    NotResumed(String),
}

/// Gives the run up, for this cause: the mirror runs again before this ends, where that
/// can be.
pub fn undo<D: Deck>(deck: &D, cause: &str) -> GivenUp {
    if let Some(holder) = deck.overtaken_by() {
        deck.void(cause);
        return GivenUp::Overtaken(holder);
    }
    let answers = (0..LOOKS).any(|_| deck.guard_answers());
    let asked = answers.then(|| deck.ask_abandon(cause));
    let undone = match asked {
        Some(Ok(released)) => released.resume,
        // No guard, or one that died over it: nothing was stopped, or what it
        // left is put right.
        silent => match recover(deck) {
            Ok(Recovered::PutRight { .. }) => return GivenUp::PutRight,
            Ok(Recovered::Held(holder)) => match (silent, holder) {
                (Some(Err(error)), _) => Err(error.message),
                // It is this run's, or `overtaken_by` had named another's.
                (_, Some(_)) => Err(SILENT.to_owned()),
                (_, None) => Ok(String::new()),
            },
            Ok(Recovered::Nothing) => Ok(String::new()),
            Err(error) => Err(error.cause().to_owned()),
        },
    };
    // Where no guard was there to do it.
    deck.void(cause);
    match undone {
        Ok(_) => GivenUp::Undone,
        Err(why) => GivenUp::NotResumed(why),
    }
}

/// Gives the run up because of `stop`. What could not be undone is said with the cause.
pub fn give_up<D: Deck>(deck: &D, stop: D::Stop) -> D::Stop {
    match undo(deck, stop.cause()) {
        GivenUp::Undone => stop,
        GivenUp::PutRight => {
            let cause = format!(
                "the guard died: the mirror was resumed, and the run is void ({})",
                stop.cause()
            );
            stop.because(cause)
        }
        GivenUp::Overtaken(holder) => Failure {
            kind: FailureKind::Held,
            reason: format!("the mirror is held by {holder}"),
        }
        .into(),
        GivenUp::NotResumed(why) => Failure::failed(format!(
            "{}; and the mirror is not resumed: {why}",
            stop.cause()
        ))
        .into(),
    }
}
