//! Where what kernels have told of volumes is kept: in the store's folder, or beside
//! the Kafka. Adds how a person takes it away.

use std::collections::BTreeMap;

use slackwater_kubernetes::FlushErrors;
use slackwater_store::{MirrorName, Store};

use super::ground::FlushNotes;

/// In a folder.
pub(super) struct InFolder {
    store: Store,
    mirror: MirrorName,
}

impl InFolder {
    pub(super) fn new(store: Store, mirror: MirrorName) -> Self {
        Self { store, mirror }
    }
}

impl FlushNotes for InFolder {
    fn known(&self) -> Result<BTreeMap<String, String>, String> {
        let known = self.store.flush_errors(&self.mirror);
        let file = self.store.flush_errors_file(&self.mirror);
        let by = format!("rm {}", file.display());
        let known = known.map_err(|error| error.to_string())?;
        Ok(with_remedy(known, "volume", &by))
    }

    fn note(&self, volume: &str, told: &str) -> Result<(), String> {
        let noted = self.store.note_flush_error(&self.mirror, volume, told);
        noted.map_err(|error| error.to_string())
    }
}

/// Beside a Kafka.
pub(super) struct BesideKafka(pub(super) FlushErrors);

impl FlushNotes for BesideKafka {
    fn known(&self) -> Result<BTreeMap<String, String>, String> {
        let known = self.0.known().map_err(|error| error.to_string())?;
        Ok(with_remedy(known, "claim", &self.0.taken_away_by()))
    }

    fn note(&self, volume: &str, told: &str) -> Result<(), String> {
        self.0.note(volume, told).map_err(|error| error.to_string())
    }
}

fn with_remedy(known: BTreeMap<String, String>, what: &str, by: &str) -> BTreeMap<String, String> {
    let each = known.into_iter().map(|(volume, told)| {
        let line = format!(
            "a flush before failed ({told}), and what was lost is not told again: have its broker \
             fetch its replicas anew on a new {what}, then `{by}`"
        );
        (volume, line)
    });
    each.collect()
}
