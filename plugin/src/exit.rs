//! Exit codes, all of them in one table. Nothing else in the program decides
//! one.

use std::process::ExitCode;

use slackwater_cut::{ClaimName, Cut, State, Verdict};
use slackwater_hold::Cause;
use slackwater_ports::{Failure, FailureKind};
use slackwater_volumes::VolumeError;

/// How the program ends.
///
/// | code | meaning |
/// |---|---|
/// | 0 | done; all required claims are proven |
/// | 1 | a required claim is refuted, source and mirror differ, or something failed |
/// | 2 | bad input, or a refusal: nothing was done |
/// | 3 | a required claim is unproven, or nothing could be compared |
/// | 4 | the mirror is held by another run |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done,
    /// 1
    Failed,
    /// 2
    BadInput,
    /// 3
    Unproven,
    /// 4
    Held,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadInput => 2,
            Exit::Unproven => 3,
            Exit::Held => 4,
        })
    }
}

/// Why a command did not end well: the code, and the cause in one line.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Stop {
    /// The code.
    pub exit: Exit,
    /// The last line printed.
    pub cause: String,
}

impl Stop {
    /// What was typed or read is wrong.
    pub fn bad_input(cause: impl ToString) -> Self {
        Self::new(Exit::BadInput, cause)
    }

    /// Something failed.
    pub fn failed(cause: impl ToString) -> Self {
        Self::new(Exit::Failed, cause)
    }

    /// It can't be told.
    pub fn unproven(cause: impl ToString) -> Self {
        Self::new(Exit::Unproven, cause)
    }

    /// Another run holds the mirror.
    pub fn held(cause: impl ToString) -> Self {
        Self::new(Exit::Held, cause)
    }

    fn new(exit: Exit, cause: impl ToString) -> Self {
        Self {
            exit,
            cause: cause.to_string().replace(['\n', '\r'], " "),
        }
    }
}

impl From<VolumeError> for Stop {
    fn from(error: VolumeError) -> Self {
        let exit = match &error {
            VolumeError::Settings(_)
            | VolumeError::Missing { .. }
            | VolumeError::NotEmpty { .. }
            | VolumeError::Unsuitable { .. } => Exit::BadInput,
            _ => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let exit = match failure.kind {
            FailureKind::Refused => Exit::BadInput,
            FailureKind::Failed => Exit::Failed,
            FailureKind::Held => Exit::Held,
        };
        Self::new(exit, failure.reason)
    }
}

impl Cause for Stop {
    fn cause(&self) -> &str {
        &self.cause
    }

    fn because(self, cause: String) -> Self {
        Self::new(self.exit, cause)
    }
}

/// The verdict on a whole run: its required claims, the worst first.
///
/// # Errors
/// The required claim that is not proven, with its reason.
pub fn of_claims(cut: &Cut, required: &[ClaimName]) -> Result<(), Stop> {
    if !matches!(cut.state, State::Closed { .. }) {
        return Err(Stop::failed(format!(
            "run {} is {}",
            cut.run_id,
            cut.state.word()
        )));
    }
    of_verdicts(cut, required)
}

/// The same of claims that are made of a run that need not be closed: what a restore
/// shows of one of which there is the seal alone.
///
/// # Errors
/// As above.
pub fn of_verdicts(cut: &Cut, required: &[ClaimName]) -> Result<(), Stop> {
    let find = |name: &ClaimName| cut.claims.iter().find(|claim| claim.name == *name);
    for name in required {
        if let Some(claim) = find(name)
            && claim.verdict == Verdict::Refuted
        {
            return Err(Stop::failed(format!("{name} is refuted: {}", claim.reason)));
        }
    }
    for name in required {
        match find(name) {
            Some(claim) if claim.verdict == Verdict::Proven => {}
            Some(claim) => {
                let cause = format!("{name} is unproven: {}", claim.reason);
                return Err(Stop::unproven(cause));
            }
            None => {
                let cause = format!("{name} is unproven: the cut does not claim it");
                return Err(Stop::unproven(cause));
            }
        }
    }
    Ok(())
}
