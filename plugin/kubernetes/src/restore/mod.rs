//! A restore in place, or a clone elsewhere, on a real API server: what there is, and each step, one at
//! a time. Which comes next is decided in `slackwater-restore`; here nothing is.
//!
//! Claims are exchanged under a Kafka whose operator leaves it alone; what was
//! there before stays in volumes that are told to outlive their claims, with a
//! note of how these were. Everything that is written is read back, and every wait
//! has its end.

mod apart;
mod bare;
mod claims;
mod cloned;
mod error;
mod feeders;
mod gather;
mod kafka;
mod kept;
mod kept_parts;
mod kept_volumes;
mod look;
mod named;
mod nodes;
mod remade;
mod rights;
mod snapshots;

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use slackwater_restore::{Stage, Step, Way};
use slackwater_store::RunId;

use crate::clock::Moment;
use crate::place::{Place, Resource, STRIMZI};
use crate::{ApiError, ApiServer, ClaimVolume, Makers};

pub use apart::Origin;
pub use cloned::Own;
pub use error::RestoreError;
pub(crate) use feeders::RESTORING;
pub use gather::{OthersContent, ToKeep, gather};
pub use kafka::NOTE;
pub use kept::{Keeper, Kept, KeptContent, KeptPool, about_name};
pub use kept_volumes::KeptVolumes;
pub(crate) use rights::rights_around_others;

/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(500);

/// Which Kafka, and from what it is restored.
pub struct Target {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where what feeds it may be.
    pub namespaces: Vec<String>,
    /// Of which run.
    pub run: RunId,
    /// The mirror's `cluster.id` in the cut.
    pub cluster_id: String,
    /// The volumes of the cut.
    pub volumes: Vec<ClaimVolume>,
    /// What fed it, by the cut, as `NAMESPACE/NAME`: where nothing is kept, and its
    /// addresses are not known yet.
    pub feeders: Vec<String>,
    /// Whether what fed it is made again.
    pub feeds: bool,
    /// What is kept beside the cut; of a clone, as that has it.
    pub kept: Option<Kept>,
    /// Whether its volumes have to be trimmed.
    pub trims: bool,
    /// Of what it is a clone; `None` in place.
    pub origin: Option<Origin>,
}

/// See the module.
pub struct InPlace {
    server: ApiServer,
    makers: Makers,
    keeper: Option<Keeper>,
    target: Target,
    /// StrimziPodSets have a group, and versions, of their own.
    sets: Resource,
    /// What was shown and can't be noted yet: there is no Kafka.
    proven: Option<Proven>,
}

/// What was shown of the volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Whether retention would delete something of them.
    pub retention_would_delete: bool,
    /// Of which claims, as [`InPlace::which_claims`] said before.
    pub shown_on: String,
}

impl InPlace {
    /// Nothing is asked of the mirror yet.
    ///
    /// # Errors
    /// Strimzi's pod sets are not served; no answer.
    pub fn new(
        server: ApiServer,
        makers: Makers,
        keeper: Option<Keeper>,
        target: Target,
    ) -> Result<Self, RestoreError> {
        Ok(Self {
            sets: makers.pod_sets()?,
            server,
            makers,
            keeper,
            target,
            proven: None,
        })
    }

    /// What is kept beside the cut.
    pub fn kept(&self) -> Option<&Kept> {
        self.target.kept.as_ref()
    }

    /// Notes that what lies on the volumes is the cut.
    ///
    /// # Errors
    /// It can't be noted.
    pub fn note_volumes_proven(&mut self, proven: Proven) -> Result<(), RestoreError> {
        self.stage_volumes_proven(&proven)?;
        self.proven = Some(proven);
        Ok(())
    }

    /// Does a step, but for those that hold something against the cut, and those that
    /// start connectors: these are not ours.
    ///
    /// # Errors
    /// It can't be done, or not in time.
    pub fn act(&self, way: Way, step: &Step) -> Result<(), RestoreError> {
        match step {
            Step::FindSnapshot(claim) => self.find_snapshot(claim),
            Step::AwaitSnapshot(claim) => self.await_snapshot(claim),
            Step::PauseKafka => self.pause_kafka(None),
            Step::TurnBack => self.pause_kafka(Some(Stage::Back)),
            Step::StandAside => self.pause_kafka(Some(Stage::Aside)),
            Step::TakeOver => self.take_over(),
            Step::PauseFeeder(name) => self.pause_feeder(name),
            Step::RemoveWorkers(name) => self.remove_workers(name),
            Step::RemoveNodes(sets) => self.remove_nodes(sets),
            Step::AwaitNoPods(_) => self.await_no_pods(),
            Step::KeepVolume(claim) => self.keep_volume(claim),
            Step::RemoveClaim(claim) => self.remove_claim(claim),
            Step::MakeClaim(claim) => self.make_claim(claim),
            Step::MakeSecret(name) => self.make_secret(name),
            Step::MakePool(name) => self.make_pool(name),
            Step::MakeKafka => self.make_kafka(),
            Step::GiveNodeIds(name) => self.give_node_ids(name),
            Step::GiveClusterId => self.give_cluster_id(),
            Step::CloseOff => self.close_off(),
            Step::StartNodes => self.start_nodes(),
            Step::AwaitReady => self.await_ready(),
            Step::LetRetentionGo => self.let_retention_go(),
            Step::MakeOther(what) => self.make_other(what),
            Step::MakeFeeder(name) => self.make_feeder(name),
            Step::StartFeeder(name) => self.start_feeder(way, name),
            Step::Finish => self.finish(way),
            Step::DropClaim(claim) => self.drop_claim(claim),
            Step::PutBackClaim(claim) => self.put_back_claim(claim),
            Step::NoteIsBack => self.note_is_back(),
            Step::FinishBack => self.finish(Way::Back),
            Step::ProveVolumes
            | Step::TrimVolumes
            | Step::ProveHeads
            | Step::StartCopying
            | Step::StartCheckpoints
            | Step::LeaveAside => Ok(()),
        }
    }

    /// Takes the notes away: what is done is forgotten, but for the volumes that
    /// are kept for a way back.
    fn finish(&self, way: Way) -> Result<(), RestoreError> {
        if way == Way::Clone {
            self.forget_snapshots()?;
        }
        for volume in &self.target.volumes {
            self.forget_claim(&volume.claim)?;
        }
        if way == Way::Back {
            self.forget_kept_volumes()?;
        }
        match self.forget_kafka() {
            // It was gone before; its claims have gone back.
            Err(RestoreError::Api(ApiError::Missing { .. })) if way == Way::Back => Ok(()),
            done => done,
        }
    }

    /// `NAMESPACE/NAME`
    fn kafka_name(&self) -> String {
        format!("{}/{}", self.target.namespace, self.target.name)
    }

    fn kafka_place(&self) -> Result<Place, RestoreError> {
        let Target {
            namespace, name, ..
        } = &self.target;
        let kafkas = Resource::kafkas(self.makers.version());
        Ok(Place::new(kafkas, namespace, name)?)
    }

    fn claim_place(&self, claim: &str) -> Result<Place, RestoreError> {
        Ok(Place::new(
            Resource::claims(),
            &self.target.namespace,
            claim,
        )?)
    }

    /// What `kind: …` objects say as their version.
    fn api(&self) -> String {
        format!("{STRIMZI}/{}", self.makers.version().as_str())
    }

    /// Waits until it is so.
    fn until(
        &self,
        what: impl Fn() -> String,
        within: Duration,
        remedy: &'static str,
        mut is_so: impl FnMut() -> Result<bool, RestoreError>,
    ) -> Result<(), RestoreError> {
        let began = Moment::now();
        loop {
            if is_so()? {
                return Ok(());
            }
            if began.elapsed() > within {
                return Err(RestoreError::Late {
                    what: what(),
                    within,
                    remedy,
                });
            }
            pause();
        }
    }

    /// The claims of the cut.
    fn claims(&self) -> BTreeSet<&str> {
        let each = self.target.volumes.iter();
        each.map(|one| one.claim.as_str()).collect()
    }
}

#[allow(clippy::disallowed_methods, reason = "the edge: it waits for others")]
fn pause() {
    thread::sleep(LOOK);
}
