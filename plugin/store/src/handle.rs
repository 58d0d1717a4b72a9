//! One run of the store as the port that phases see.

use slackwater_ports::{PortError, RunRecord, RunStore, Seen};

use crate::{RunId, Store};

/// The run document of one run.
#[derive(Debug, Clone)]
pub struct RunHandle {
    store: Store,
    run_id: RunId,
}

impl RunHandle {
    /// The document of `run_id`, which need not exist yet.
    pub fn new(store: Store, run_id: RunId) -> Self {
        Self { store, run_id }
    }

    /// Whose document it is.
    pub fn run_id(&self) -> &RunId {
        &self.run_id
    }

    /// Where it lies.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

impl RunStore for RunHandle {
    fn load(&self) -> Seen<RunRecord> {
        self.store.load(&self.run_id).map_err(PortError::from)
    }

    fn save(&self, expected: u64, document: &str) -> Seen<u64> {
        self.store
            .save(&self.run_id, expected, document)
            .map_err(PortError::from)
    }
}
