//! What is known of a Kafka that may be gone: its runs beside it, and what outlives its
//! namespace in this program's own. Reads only.

use slackwater_kubernetes::{ConfigMapRuns, Makers};
use slackwater_store::RunId;

use super::Strimzi;
use super::marks::marks;
use crate::exit::Stop;
use crate::site::{Listed, Runs};

impl Strimzi {
    /// That the Kafka is there, or a run of it, which one that is gone can be restored from.
    ///
    /// # Errors
    /// Nothing is; no answer.
    pub fn must_be_known(&self) -> Result<(), Stop> {
        let beside = self.runs.last_of(&self.kafka.to_string(), 1);
        match beside.map_err(Stop::failed)?.is_empty() {
            true => self.known_elsewhere(1).map(drop),
            false => Ok(()),
        }
    }

    /// The last runs of it in this program's own namespace, where none is beside it: the
    /// Kafka's may be lost, and what it can be restored from is here.
    ///
    /// # Errors
    /// There is none, and no Kafka either; no answer.
    pub fn known_elsewhere(&self, most: usize) -> Result<Vec<Listed>, Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let kept = self.kept_runs(most)?;
        if !kept.is_empty() || self.kafka_if_there(&makers)?.is_some() {
            return Ok(kept);
        }
        Err(Stop::bad_input(format!(
            "there is no Kafka {}, and no run of one is left that is seen from here: name it as \
             NAMESPACE/NAME",
            self.kafka
        )))
    }

    fn kept_runs(&self, most: usize) -> Result<Vec<Listed>, Stop> {
        let Some(copies) = self.copies() else {
            return Ok(Vec::new());
        };
        let copies = Runs::ConfigMaps(copies);
        copies
            .kept_of(&self.kafka.to_string(), most)
            .map_err(Stop::failed)
    }

    /// Whether anything of a run is there: its document, a copy, snapshots.
    ///
    /// # Errors
    /// No answer.
    pub fn knows(&self, run: &RunId) -> Result<bool, Stop> {
        if self.document_if_there(run)?.is_some() {
            return Ok(true);
        }
        let snapshots = self.snapshots(run)?.count().map_err(Stop::failed)?;
        Ok(snapshots > 0 || self.kept(run)?.is_some())
    }

    /// Where copies of closed cuts are: in this program's own namespace.
    pub(super) fn copies(&self) -> Option<ConfigMapRuns> {
        let home = self.home.as_ref()?;
        let server = self.server.clone();
        Some(ConfigMapRuns::new(server, &home.namespace, marks))
    }
}
