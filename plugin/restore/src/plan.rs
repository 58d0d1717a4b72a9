//! All steps ahead, and what forbids them.

use slackwater_store::RunId;

use crate::{Seen, Step, Way, next};

/// More steps are no plan: a Kafka of 1,000 volumes takes three for each of them,
/// and some for each of its resources.
pub const MOST_STEPS: usize = 100_000;

/// Why there is no next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Another restore is noted.
    #[error("a restore of run {0} is under way: finish it, or go back by `restore {0} --undo`")]
    OtherRun(RunId),
    /// The way back is noted.
    #[error("the way back from run {0} is under way: finish it by `restore {0} --undo`")]
    GoingBack(RunId),
    /// Others restore its claims.
    #[error(
        "the mirror stands aside for others who restore its claims: `restore RUN --on-claims` goes on \
         when they have, and `restore {0} --undo` goes back"
    )]
    IsAside(RunId),
    /// Its brokers have written to them.
    #[error(
        "brokers run, or are about to: what they write to is no backup any more. Before others restore \
         claims the mirror stands aside (`hook beforeRestore`), and StrimziPodSets are left out of what \
         they restore"
    )]
    Runs,
    /// Some are kept for a run, some for another.
    #[error(
        "the volumes from before of {} are kept for another run already: `restore RUN --on-claims` of \
         that one goes on",
        .0.join(", ")
    )]
    HalfTakenOver(Vec<String>),
    /// They have not.
    #[error(
        "nobody has restored the claims {}: have them restored first, from the same backup as the others",
        .0.join(", ")
    )]
    NotRestored(Vec<String>),
    /// Another cluster has its name.
    #[error(
        "the Kafka there is cluster {there}, and the cut is of {cut}: it is not this one that was \
         backed up"
    )]
    OtherCluster {
        /// By its status.
        there: String,
        /// By the cut.
        cut: String,
    },
    /// It has other nodes.
    #[error(
        "the Kafka has other volumes than the cut ({}): scale its KafkaNodePools to what they were",
        .0.join(", ")
    )]
    OtherVolumes(Vec<String>),
    /// Its brokers are older than what they would read.
    #[error("the Kafka is to be of version {there}, and was backed up with {then}: raise it first")]
    Older {
        /// Now.
        there: String,
        /// When it was backed up.
        then: String,
    },
    /// Volumes are kept from before.
    #[error(
        "volumes from before an earlier restore are kept ({}): go back to them by `restore RUN \
         --undo`, or delete them by `slackwater gc --kept-volumes`",
        .0.join(", ")
    )]
    Kept(Vec<String>),
    /// It is not known how the Kafka was.
    #[error(
        "the Kafka is gone, and no copy of its resources is kept: make it again, paused, with \
         status.clusterId, and its KafkaNodePools with status.nodeIds"
    )]
    NotKept,
    /// It can't be noted.
    #[error("the Kafka is gone, and no volume is kept: there is nothing to go back to")]
    NoKafka,
    /// Nothing to restore.
    #[error("the cut names no volumes: there is nothing to restore")]
    NoVolumes,
    /// A snapshot is gone.
    #[error("the snapshot of {0} is gone, and it is not known what it stood for")]
    NoSnapshot(String),
    /// A claim can't be made.
    #[error("claim {0} is gone, and it is not known of what class and size it was")]
    UnknownClaim(String),
    /// No way back.
    #[error("no volumes from before are kept: there is nothing to go back to")]
    NothingKept,
    /// Nor a whole one.
    #[error("the volumes from before are not kept of {}: there is no way back", .0.join(", "))]
    NotAllKept(Vec<String>),
    /// There is nothing to be a clone of.
    #[error("it is not said of what it is a clone")]
    NoOrigin,
    /// Somebody else's is there.
    #[error(
        "there is a Kafka of that name, and it is no clone of run {0} that is being made: clone into \
         another namespace, or delete it; others restore the claims there alone"
    )]
    NotAClone(RunId),
    /// So are claims.
    #[error(
        "the claims {} are there: clone into a namespace that has none; where others have restored \
         them from this run's backup say --on-claims",
        .0.join(", ")
    )]
    ClaimsAreThere(Vec<String>),
    /// It would be dialled.
    #[error(
        "{0} is there, and a clone with the same authority takes from its brokers what is newer: leave \
         --keep-ca out, and the clone gets an authority of its own"
    )]
    OriginIsThere(String),
    /// It would be let in.
    #[error(
        "the nodes of the clone and of {origin} would let each other in, and the clone would take from \
         there what is newer: both trust {}. Delete the Secrets …-cluster-ca and …-cluster-ca-cert in \
         the clone's namespace, and its operator makes others; or put others there (where the original \
         is gone: --keep-ca)",
        roots.join(", ")
    )]
    SharedRoots {
        /// The original.
        origin: String,
        /// Whom both let in.
        roots: Vec<String>,
    },
    /// It was.
    #[error(
        "the nodes of this clone run with an authority that those of {0} trust, too, and may have taken \
         from there what is newer: delete its namespace"
    )]
    Spoilt(String),
    /// Its operator would wait for it.
    #[error(
        "its resources name what is not there ({}): make these first, as they were",
        .0.join(", ")
    )]
    Lacks(Vec<String>),
    /// Anybody would be.
    #[error(
        "it is not shown that the nodes of {0} come to each other by mutual TLS, as Strimzi has them \
         (`server.config` in their ConfigMaps): a clone's may take from the original what is newer"
    )]
    NotMutual(String),
    /// It does not end.
    #[error("it takes over {MOST_STEPS} steps")]
    Endless,
}

/// Whether one version comes before another, by their numbers: `4.10.0` after
/// `4.9.1`. What has no numbers is not told.
pub(crate) fn is_older(there: &str, then: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.split(['.', '-']);
        parts.map_while(|part| part.parse().ok()).collect()
    };
    let (there, then) = (numbers(there), numbers(then));
    !there.is_empty() && !then.is_empty() && there < then
}

/// All steps from here on.
///
/// # Errors
/// What forbids one.
pub fn plan(way: Way, seen: &Seen) -> Result<Vec<Step>, PlanError> {
    let mut seen = seen.clone();
    let mut steps = Vec::new();
    while steps.len() < MOST_STEPS {
        let step = next(way, &seen)?;
        seen = seen.after(&step);
        let is_last = step.is_last();
        steps.push(step);
        if is_last {
            return Ok(steps);
        }
    }
    Err(PlanError::Endless)
}

/// Every kind of step that a restore around others may take ([`Way::Aside`], and then
/// [`Way::OnClaims`]), of what is called nothing: whoever is to do that once is asked
/// before it is needed whether he may.
pub fn steps_around_others() -> Vec<Step> {
    let of = String::new;
    vec![
        Step::StandAside,
        Step::PauseFeeder(of()),
        Step::RemoveWorkers(of()),
        Step::RemoveNodes(Vec::new()),
        Step::AwaitNoPods(Vec::new()),
        Step::DropClaim(of()),
        Step::KeepVolume(of()),
        Step::RemoveClaim(of()),
        Step::LeaveAside,
        Step::TakeOver,
        Step::PauseKafka,
        Step::ProveVolumes,
        Step::MakeSecret(of()),
        Step::MakePool(of()),
        Step::MakeKafka,
        Step::GiveNodeIds(of()),
        Step::GiveClusterId,
        Step::StartNodes,
        Step::AwaitReady,
        Step::MakeOther("KafkaTopic/".to_owned()),
        Step::MakeOther("KafkaUser/".to_owned()),
        Step::ProveHeads,
        Step::LetRetentionGo,
        Step::MakeFeeder(of()),
        Step::StartFeeder(of()),
        Step::StartCopying,
        Step::StartCheckpoints,
        Step::Finish,
    ]
}
