//! A run of which others make the snapshots: what there is of them, and what proves
//! them when they are done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use slackwater_cut::{Cut, SnapshotsBy};
use slackwater_kubernetes::{BoundSnapshots, Job, Makers, OthersSnapshots, Place, Workers};
use slackwater_ports::{OtherSnapshot, VolumeSnapshot};
use slackwater_store::RunId;

use super::{KafkaName, Strimzi};
use crate::exit::Stop;

/// As long as the pod of validateHead has in the blueprint for Kanister.
const PROVES: Duration = Duration::from_secs(43_200);

/// On a Kafka: that its mirror is backed up with its namespace.
pub const OPTED_IN: &str = "slackwater.io/mirror=true";

type Snapshots = Arc<dyn VolumeSnapshot + Send + Sync>;

impl Strimzi {
    /// A run's document, where others make its snapshots.
    pub(super) fn by_others(&self, run: &RunId) -> Result<Option<Cut>, Stop> {
        let Some(document) = self.document_if_there(run)? else {
            return Ok(None);
        };
        let cut = Cut::parse(&document).map_err(Stop::failed)?;
        let by_others = cut.settings.snapshots_by == SnapshotsBy::Others;
        Ok(Some(cut).filter(|_| by_others))
    }

    /// All that there are of its claims.
    pub(super) fn others(&self, run: &RunId) -> Result<Option<Snapshots>, Stop> {
        let Some(cut) = self.by_others(run)? else {
            return Ok(None);
        };
        let mut volumes = self.volumes.clone();
        if volumes.is_empty() {
            let flushed = cut.snapshot.into_iter().flat_map(|one| one.flushed);
            volumes.extend(flushed.map(|one| slackwater_kubernetes::ClaimVolume {
                claim: one.volume,
                broker: one.broker,
            }));
        }
        let namespace = self.kafka.namespace();
        let others = OthersSnapshots::new(self.server.clone(), namespace, volumes);
        Ok(Some(Arc::new(others)))
    }

    /// Those that its cut names.
    pub(super) fn bound(&self, run: &RunId) -> Result<Option<Snapshots>, Stop> {
        let cut = self.by_others(run)?;
        let bound = cut.map(|cut| {
            let snapshot = cut.snapshot.into_iter();
            let each = snapshot.flat_map(|one| one.volumes.into_iter().zip(one.identities));
            each.map(|(seen, identity)| OtherSnapshot { seen, identity })
                .collect()
        });
        Ok(bound.map(|bound| {
            let namespace = self.kafka.namespace();
            let bound = BoundSnapshots::new(self.server.clone(), namespace, bound);
            Arc::new(bound) as Snapshots
        }))
    }

    /// Starts a pod of its own that reads the snapshots and closes the cut, for whoever
    /// may not wait for it. Its name.
    ///
    /// # Errors
    /// This program runs in no pod of its image; a refusal.
    pub fn prove_apart(&self, run: &RunId) -> Result<Place, Stop> {
        let home = self
            .home()
            .map_err(|error| Stop::bad_input(error.message))?;
        let workers = Workers::new(
            self.server.clone(),
            &home.namespace,
            run.clone(),
            home.program.clone(),
        );
        let kafka = self.kafka.to_string();
        let args = [
            "phase",
            "validateHead",
            "--run",
            run.as_str(),
            "--kafka",
            &kafka,
        ];
        let job = Job {
            role: "prover",
            suffix: "prove".to_owned(),
            args: args.map(str::to_owned).to_vec(),
            account: Some(home.account.clone()),
            nodes: None,
            claims: BTreeMap::new(),
            most: PROVES,
        };
        if let Err(error) = workers.sweep("prover") {
            tracing::info!("what proved earlier runs is left: {error}");
        }
        workers.make(&job).map_err(Stop::failed)
    }
}

/// The Kafkas of a namespace that are opted in.
///
/// # Errors
/// No way to the API server; no answer.
pub fn opted_in(
    kubeconfig: Option<&std::path::Path>,
    namespace: &str,
) -> Result<Vec<KafkaName>, Stop> {
    let server = slackwater_kubernetes::ApiServer::connect(kubeconfig).map_err(Stop::bad_input)?;
    let makers = Makers::discover(server.clone()).map_err(Stop::failed)?;
    let names = makers
        .kafkas_labelled(namespace, OPTED_IN)
        .map_err(Stop::failed)?;
    names
        .iter()
        .map(|name| {
            format!("{namespace}/{name}")
                .parse()
                .map_err(Stop::bad_input)
        })
        .collect()
}
