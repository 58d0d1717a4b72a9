//! The cut store: run documents, and the lease.

use std::collections::BTreeMap;

use slackwater_ports::{PortError, PortErrorKind, RunRecord, Seen};

use super::process::ProcessId;

/// Who signed the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) run: String,
    pub(crate) token: String,
    pub(crate) deadline_ms: Option<u64>,
}

/// What a Lease says of its holder, who is `locked_by`: dead or alive.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lease {
    /// Another one after each write.
    pub(crate) version: u64,
    /// How often it was taken.
    pub(crate) transitions: u64,
    /// When it was renewed last, by its holder's clock.
    pub(crate) renewed_ms: u64,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    pub(crate) documents: BTreeMap<String, RunRecord>,
    /// It takes no more before then.
    pub(crate) full_until: u64,
    pub(crate) signature: Option<Signature>,
    pub(crate) locked_by: Option<ProcessId>,
    pub(crate) lease: Lease,
    /// Runs that were void and are not any more.
    pub(crate) overwritten: Vec<String>,
}

/// How a run that was given up begins its state, in canonical JSON.
const VOID: &str = "\"state\":{\"void\"";

impl Store {
    pub(crate) fn load(&self, run: &str) -> Seen<RunRecord> {
        self.documents
            .get(run)
            .cloned()
            .ok_or_else(|| PortError::new(PortErrorKind::Refused, format!("there is no run {run}")))
    }

    pub(crate) fn save(&mut self, run: &str, now: u64, expected: u64, text: &str) -> Seen<u64> {
        if now < self.full_until {
            let why = "no space is left on the store's device";
            return Err(PortError::new(PortErrorKind::Refused, why));
        }
        let record = self.documents.entry(run.to_owned()).or_insert(RunRecord {
            revision: 0,
            document: String::new(),
        });
        if record.revision != expected {
            let why = format!("run {run} is at revision {}", record.revision);
            return Err(PortError::new(PortErrorKind::Conflict, why));
        }
        if record.document.contains(VOID) && !text.contains(VOID) {
            self.overwritten.push(run.to_owned());
        }
        record.revision += 1;
        text.clone_into(&mut record.document);
        Ok(record.revision)
    }
}
