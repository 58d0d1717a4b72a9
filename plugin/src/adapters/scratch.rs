//! A run document in memory: for what is compared with a cut and must not
//! change it.

use std::sync::{Mutex, PoisonError};

use slackwater_ports::{PortError, PortErrorKind, RunRecord, RunStore, Seen};

/// The document.
#[derive(Debug)]
pub struct ScratchStore {
    record: Mutex<RunRecord>,
}

impl ScratchStore {
    /// Holds `document` as its first revision.
    pub fn new(document: String) -> Self {
        Self {
            record: Mutex::new(RunRecord {
                revision: 1,
                document,
            }),
        }
    }
}

impl RunStore for ScratchStore {
    fn load(&self) -> Seen<RunRecord> {
        Ok(self
            .record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone())
    }

    fn save(&self, expected: u64, document: &str) -> Seen<u64> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        if record.revision != expected {
            return Err(PortError::new(
                PortErrorKind::Conflict,
                format!(
                    "the document is at revision {}, not {expected}",
                    record.revision
                ),
            ));
        }
        record.revision += 1;
        document.clone_into(&mut record.document);
        Ok(record.revision)
    }
}
