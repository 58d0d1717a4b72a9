//! The log, the run document, the guard, and how a phase ends.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::{log, run_store, types};

cases!(ports::Level => log::Level { Debug, Info, Warn, Error });
record!(ports::Output => types::Output { key, value });
record!(ports::Outcome => types::Outcome { summary, outputs });
cases!(ports::FailureKind => types::FailureKind { Refused, Failed, Held });
record!(ports::Failure => types::Failure { kind, reason });

record!(run_store::RunRecord => ports::RunRecord { revision, document });
record!(types::GuardView => ports::GuardView { token, holding, interruptions, deadline_ms, identity });
