//! What there is of a mirror, as far as a restore has to know it.

use slackwater_store::RunId;

use crate::Note;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Of which run's backup the restore is.
    pub run: RunId,
    /// The mirror's `cluster.id` in its cut.
    pub cluster_id: String,
    /// The Kafka resource.
    pub kafka: Kafka,
    /// Its KafkaNodePools, those that are to be made among them.
    pub pools: Vec<Pool>,
    /// Its StrimziPodSets.
    pub nodes: Vec<Nodes>,
    /// Its nodes' pods.
    pub pods: Vec<String>,
    /// What feeds it: KafkaMirrorMaker2s as `NAMESPACE/NAME`.
    pub feeders: Vec<Feeder>,
    /// Its volumes, by the cut.
    pub volumes: Vec<Volume>,
    /// Which claims these have, by their uids: another text where one is another.
    pub claims: String,
    /// Secrets that went with it and are to be made again.
    pub lost_secrets: Vec<String>,
    /// Users and topics whose resources are to be made again, as `KIND/NAME`.
    pub lost_others: Vec<String>,
    /// What the resources that are to be made name, and nobody makes: ConfigMaps, and
    /// Secrets that are not kept. Their operator would wait for it.
    pub lacks: Vec<String>,
    /// Claims, by name, of which volumes are kept from before another restore.
    pub kept_of_others: Vec<String>,
    /// Claims that its KafkaNodePools have now and the cut has not, and the other way
    /// round.
    pub other_claims: Vec<String>,
    /// Of which version its brokers are to be, where that is known.
    pub version: Option<String>,
    /// Of which they were when it was backed up.
    pub version_then: Option<String>,
    /// Whether it was just shown that what lies on the volumes is the cut: where
    /// there is no Kafka yet to note it on.
    pub volumes_proven: bool,
    /// With it: whether retention has to be held back.
    pub retention_would_delete: bool,
    /// Whether the volumes were cut while the mirror ran, and have to be trimmed.
    pub trims: bool,
    /// Of what it is a clone; `None` in place.
    pub clone_of: Option<CloneOf>,
}

/// What keeps a clone and the original apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneOf {
    /// The one that was backed up, as `NAMESPACE/NAME`.
    pub origin: String,
    /// Whether anything of it is there: its Kafka, or its nodes.
    pub is_there: bool,
    /// Authorities that both let in, as far as there are any yet.
    pub shared_roots: Vec<String>,
    /// Whether the clone is to have the original's authority.
    pub keeps_ca: bool,
    /// Whether the original's nodes come to each other by mutual TLS; `None` where there
    /// is no configuration of one.
    pub origin_is_mutual: Option<bool>,
    /// Whether the clone's do.
    pub is_mutual: Option<bool>,
    /// Whether the clone's nodes are let to no node in another namespace.
    pub is_closed_off: bool,
}

/// The Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kafka {
    /// It is to be made again.
    Gone {
        /// Whether it is known how.
        is_kept: bool,
    },
    /// It is there.
    There {
        /// `status.clusterId`
        cluster_id: Option<String>,
        /// Whether its operator is told to leave it alone.
        is_paused: bool,
        /// Whether the operator says that it does.
        says_paused: bool,
        /// Whether all its nodes are ready, and the operator says so of what the
        /// resource says now.
        is_ready: bool,
        /// What is noted of a restore.
        note: Option<Note>,
    },
}

/// A KafkaNodePool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// Whether it is there.
    pub is_there: bool,
    /// Whether its `status.nodeIds` are what they were; that they are not known is
    /// no difference.
    pub has_its_ids: bool,
}

/// A StrimziPodSet of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    /// Its name.
    pub name: String,
    /// Whether controllers are among them: they go last.
    pub has_controllers: bool,
}

/// What feeds the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feeder {
    /// `NAMESPACE/NAME`
    pub name: String,
    /// Whether the resource is there; one that is not is to be made again.
    pub is_there: bool,
    /// Whether its operator is told to leave it alone, and says that it does.
    pub is_paused: bool,
    /// Whether it is noted that it is kept from running by this restore.
    pub is_kept_still: bool,
    /// Whether there are workers, or what makes them.
    pub has_workers: bool,
    /// Which of its connectors are kept stopped.
    pub stopped: Stopped,
    /// Whether its user wants what copies stopped or paused: nothing of it is noted.
    pub rests: bool,
    /// The GitOps controller that owns it, and puts back what is written into it.
    pub owner: Option<String>,
}

/// Which connectors are kept stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// None: they do what they were found to do.
    None,
    /// Those that translate groups' offsets.
    Checkpoints,
    /// All.
    All,
}

/// A volume of the cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The claim's name.
    pub claim: String,
    /// What there is of its snapshot.
    pub snapshot: Snapshot,
    /// What there is of its claim.
    pub claimed: Claimed,
    /// Whether the volume from before is kept.
    pub is_kept: bool,
    /// Whether it is known how the claim has to be.
    pub is_known: bool,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snapshot {
    /// It can be restored from.
    Ready,
    /// Not yet.
    NotReady,
    /// There is none; what it stood for may be there still.
    Gone {
        /// Whether it is known what that is.
        is_kept: bool,
    },
}

/// A claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// There is none.
    Nothing,
    /// It has a volume that nobody keeps, and that no unfinished restore made.
    Old,
    /// It has the volume that is kept.
    Kept,
    /// It was made by this restore.
    New,
}
