//! The log, the run document, the guard, and how a phase ends.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::{log, run_store, types};

cases!(log::Level => ports::Level { Debug, Info, Warn, Error });
record!(types::Output => ports::Output { key, value });
record!(types::Outcome => ports::Outcome { summary, outputs });
cases!(types::FailureKind => ports::FailureKind { Refused, Failed, Held });
record!(types::Failure => ports::Failure { kind, reason });

record!(ports::RunRecord => run_store::RunRecord { revision, document });
record!(ports::GuardView => types::GuardView { token, holding, interruptions, deadline_ms, identity });
