//! The run document, at hand while a phase works on it.

use slackwater_cut::{Cut, State};
use slackwater_ports::{Failure, PortErrorKind, RunStore};

/// How often a write is tried again when somebody else wrote in between. Only
/// the guard and the plugin write, each a handful of times a run.
const WRITE_ATTEMPTS: u32 = 8;

/// The document as it was last read or written.
#[derive(Debug)]
pub struct Session {
    cut: Cut,
    revision: u64,
}

impl Session {
    /// Reads the document. A run that has ended is a failure: nothing may be
    /// added to it.
    pub fn load(store: &impl RunStore) -> Result<Self, Failure> {
        let session = Self::load_any(store)?;
        session.still_going()?;
        Ok(session)
    }

    /// Reads the document, ended or not.
    pub fn load_any(store: &impl RunStore) -> Result<Self, Failure> {
        let record = store.load()?;
        let cut = Cut::parse(&record.document)
            .map_err(|error| Failure::failed(format!("the run document can't be read: {error}")))?;
        Ok(Self {
            cut,
            revision: record.revision,
        })
    }

    /// The document.
    pub fn cut(&self) -> &Cut {
        &self.cut
    }

    /// Its revision in the store.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Changes the document and writes it. Where somebody else wrote in
    /// between, `change` is applied to what he wrote; where he ended the run,
    /// nothing is written: of a close and a void the first wins.
    pub fn update(
        &mut self,
        store: &impl RunStore,
        change: impl Fn(&mut Cut),
    ) -> Result<(), Failure> {
        self.update_at(store, |cut, _| change(cut))
    }

    /// The same, for a change that holds the revision it is written as.
    pub fn update_at(
        &mut self,
        store: &impl RunStore,
        change: impl Fn(&mut Cut, u64),
    ) -> Result<(), Failure> {
        for _ in 0..WRITE_ATTEMPTS {
            let mut cut = self.cut.clone();
            change(&mut cut, self.revision + 1);
            let document = cut.to_canonical().map_err(|error| {
                Failure::failed(format!("the run document can't be written: {error}"))
            })?;
            match store.save(self.revision, &document) {
                Ok(revision) => {
                    self.cut = cut;
                    self.revision = revision;
                    return Ok(());
                }
                Err(error) if error.kind == PortErrorKind::Conflict => *self = Self::load(store)?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::failed(format!(
            "the run document of {} changed {WRITE_ATTEMPTS} times while it was written",
            self.cut.run_id
        )))
    }

    fn still_going(&self) -> Result<(), Failure> {
        match &self.cut.state {
            State::Open | State::Sealed => Ok(()),
            State::Closed { .. } => Err(Failure::failed(format!(
                "run {} is closed already",
                self.cut.run_id
            ))),
            State::Void { reason, .. } => Err(Failure::failed(format!(
                "run {} is void: {reason}",
                self.cut.run_id
            ))),
        }
    }
}
