//! A run of which others make the snapshots: what there is of them, and what proves
//! them when they are done.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use slackwater_cut::{Cut, SnapshotsBy};
use slackwater_kubernetes::{
    ApiServer, BoundSnapshots, Job, Makers, OthersContent, OthersSnapshots, Place, SealedClaim,
    SealedClaims, Stored, Workers,
};
use slackwater_ports::{OtherSnapshot, VolumeSnapshot};
use slackwater_store::RunId;

use super::restoring::volumes_of;
use super::{KafkaName, Strimzi};
use crate::exit::Stop;
use crate::site::Runs;

/// As long as the pods of validateHead and restore have in the blueprint for Kanister.
const PROVES: Duration = Duration::from_secs(43_200);

/// On a Kafka: that its mirror is backed up with its namespace.
pub const OPTED_IN: &str = "slackwater.io/mirror=true";

/// What a pod of its own does that nobody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// Closes a cut.
    Proves,
    /// Goes on with a restore.
    Restores,
}

impl Apart {
    pub(super) const ALL: [Self; 2] = [Self::Proves, Self::Restores];

    pub(super) fn role(self) -> &'static str {
        match self {
            Self::Proves => "prover",
            Self::Restores => "restorer",
        }
    }

    /// Of the pod's name.
    fn suffix(self) -> &'static str {
        match self {
            Self::Proves => "prove",
            Self::Restores => "go-on",
        }
    }
}

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
            volumes = volumes_of(&cut);
        }
        let before = cut.snapshot.and_then(|one| one.found_before);
        let asked = match before {
            None => Stored::OfNone,
            Some(before) => Stored::OfAllBut(before.into_iter().collect()),
        };
        let namespace = self.kafka.namespace();
        let others = OthersSnapshots::new(self.server.clone(), namespace, volumes, asked);
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
        let kafka = self.kafka.to_string();
        let run_id = run.as_str();
        let args = [
            "phase",
            "validateHead",
            "--run",
            run_id,
            "--kafka",
            &kafka,
            "--closed-is-enough",
        ];
        self.apart(run, Apart::Proves, args.map(str::to_owned).to_vec())
    }

    /// Whether such a pod is at work.
    ///
    /// # Errors
    /// No answer.
    pub fn is_proven_apart(&self, run: &RunId) -> Result<bool, Stop> {
        let workers = self.workers(run)?;
        let role = Apart::Proves.role();
        workers.any_lives_as(role).map_err(Stop::failed)
    }

    /// Runs a command in a pod of its own, as whoever runs this, and does not wait for
    /// it. Its name.
    ///
    /// # Errors
    /// As for [`Strimzi::prove_apart`].
    pub fn apart(&self, run: &RunId, what: Apart, args: Vec<String>) -> Result<Place, Stop> {
        let home = self
            .home()
            .map_err(|error| Stop::bad_input(error.message))?;
        let workers = self.workers(run)?;
        let job = Job {
            role: what.role(),
            suffix: what.suffix().to_owned(),
            args,
            account: Some(home.account.clone()),
            nodes: None,
            claims: BTreeMap::new(),
            writes: false,
            run_as: None,
            most: PROVES,
            leaves_at_once: false,
        };
        if let Err(error) = workers.sweep(what.role()) {
            tracing::info!("pods of earlier runs are left: {error}");
        }
        workers.make(&job).map_err(Stop::failed)
    }

    fn workers(&self, run: &RunId) -> Result<Workers, Stop> {
        let home = self
            .home()
            .map_err(|error| Stop::bad_input(error.message))?;
        Ok(Workers::new(
            self.server.clone(),
            &home.namespace,
            run.clone(),
            home.program.clone(),
        ))
    }

    fn sealed_claims(&self) -> SealedClaims {
        SealedClaims::new(self.server.clone(), self.kafka.namespace())
    }

    /// That the seal may be noted on claims: asked before anything is stopped.
    ///
    /// # Errors
    /// It may not; no answer.
    pub fn may_note_seal(&self) -> Result<(), Stop> {
        self.must_be_allowed(&self.sealed_claims().rights(), "nothing was stopped")
    }

    /// Notes on its claims which run has sealed them: others back them up with that.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn note_seal(&self, run: &RunId) -> Result<(), Stop> {
        let claims: Vec<String> = self.volumes.iter().map(|one| one.claim.clone()).collect();
        self.sealed_claims()
            .note(&claims, run)
            .map_err(Stop::failed)
    }

    /// The same of what others have restored: that these claims are of this backup.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn note_restored(&self, cut: &Cut, run: &RunId) -> Result<(), Stop> {
        let claims = volumes_of(cut).into_iter().map(|one| one.claim);
        let claims: Vec<String> = claims.collect();
        self.sealed_claims()
            .note(&claims, run)
            .map_err(Stop::failed)
    }

    /// Its node pools that have claims, and those of each.
    pub fn pools(&self) -> BTreeMap<String, Vec<String>> {
        self.brokers.pools()
    }

    /// The ConfigMap that a run's document is in, or its first part.
    ///
    /// # Errors
    /// Runs that are in none.
    pub fn config_map_of(&self, run: &RunId) -> Result<String, Stop> {
        match &self.runs {
            Runs::ConfigMaps(runs) => runs.config_map_of(run).map_err(Stop::failed),
            Runs::Folder(_) => Err(Stop::failed("runs in Kubernetes are in ConfigMaps")),
        }
    }

    /// Takes away a run that has touched nothing: another one was begun before it.
    ///
    /// # Errors
    /// No answer.
    pub fn forget(&self, run: &RunId) -> Result<(), Stop> {
        match &self.runs {
            Runs::ConfigMaps(runs) => runs.delete(run).map_err(Stop::failed),
            Runs::Folder(_) => Ok(()),
        }
    }

    /// Its claims, and which run is noted on each.
    ///
    /// # Errors
    /// No answer.
    pub fn claims(&self) -> Result<BTreeMap<String, SealedClaim>, Stop> {
        self.sealed_claims()
            .list(self.kafka.name())
            .map_err(Stop::failed)
    }
}

/// The Kafkas of a namespace that are opted in.
///
/// # Errors
/// No way to the API server; no answer.
pub fn opted_in(kubeconfig: Option<&Path>, namespace: &str) -> Result<Vec<KafkaName>, Stop> {
    let server = ApiServer::connect(kubeconfig).map_err(Stop::bad_input)?;
    kafkas(&server, namespace, OPTED_IN)
}

/// Kafkas of a namespace whose claims a run has sealed once.
///
/// # Errors
/// No way to the API server; no answer.
pub fn sealed_once(kubeconfig: Option<&Path>, namespace: &str) -> Result<Vec<KafkaName>, Stop> {
    let server = ApiServer::connect(kubeconfig).map_err(Stop::bad_input)?;
    let claims = SealedClaims::new(server.clone(), namespace);
    let mut sealed = Vec::new();
    for kafka in kafkas(&server, namespace, "")? {
        let noted = claims.list(kafka.name()).map_err(Stop::failed)?;
        if noted.values().any(|claim| claim.run.is_some()) {
            sealed.push(kafka);
        }
    }
    Ok(sealed)
}

fn kafkas(server: &ApiServer, namespace: &str, labels: &str) -> Result<Vec<KafkaName>, Stop> {
    let makers = Makers::discover(server.clone()).map_err(Stop::failed)?;
    let names = makers
        .kafkas_labelled(namespace, labels)
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

/// The snapshots that a cut names where others made them.
pub(super) fn made_by_others(cut: &Cut) -> Vec<OthersContent> {
    if cut.settings.snapshots_by != SnapshotsBy::Others {
        return Vec::new();
    }
    let snapshot = cut.snapshot.iter();
    let each = snapshot.flat_map(|one| one.volumes.iter().zip(&one.identities));
    let each = each.filter_map(|(seen, identity)| {
        Some(OthersContent {
            claim: seen.volume.clone(),
            content: identity.content.clone()?,
            handle: identity.stored_as.clone()?,
        })
    });
    each.collect()
}
