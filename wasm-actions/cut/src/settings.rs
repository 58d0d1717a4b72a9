//! What a run was asked to do: checked settings, kept in the run document so
//! that they are audited with the rest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ClaimName, Pattern, Verify};

/// Names of Connect's own topics (`config.storage.topic` and its sisters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectTopics {
    /// `config.storage.topic`
    pub config: String,
    /// `offset.storage.topic`
    pub offset: String,
    /// `status.storage.topic`
    pub status: String,
}

/// A Connect cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectSettings {
    /// Its name in the configuration.
    pub name: String,
    /// Its own topics.
    pub topics: ConnectTopics,
}

impl ConnectTopics {
    /// All three.
    pub fn names(&self) -> [&str; 3] {
        [&self.config, &self.offset, &self.status]
    }
}

/// Where the source has deleted what the mirror needs, MirrorMaker skips it
/// silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnLoss {
    /// Resume all the same, and name it: a run always resumes, since waiting
    /// would lose more.
    Resume,
    /// Refuse: the first start of a restored mirror, and a resume by hand.
    Refuse,
}

/// How the mirror's volumes come to rest for the cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// The brokers run; only what feeds the mirror is stopped: a window of
    /// seconds.
    #[default]
    Quiesced,
    /// The brokers are stopped cleanly too, and started again: for storage that
    /// can't cut a mounted volume while it is written to. Costs what their stop
    /// and start take.
    Cold,
    /// Nothing is stopped: volumes are cut while the mirror runs, and are no backup
    /// before they were cut back to one point (`slackwater logdir plan` and `trim`).
    Hot,
}

impl Strategy {
    /// Whether a run of it can prove a claim of a backup at all.
    pub fn can_prove(self, name: ClaimName) -> bool {
        match self {
            Self::Quiesced | Self::Cold => true,
            Self::Hot => name == ClaimName::Intact,
        }
    }

    fn is_default(&self) -> bool {
        *self == Strategy::default()
    }
}

/// Who asks the storage for snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SnapshotsBy {
    /// The run itself.
    #[default]
    Run,
    /// Others, between the seal and their own end: a backup product that snapshots by
    /// itself. Theirs are taken for the run's once each volume has exactly one.
    Others,
}

impl SnapshotsBy {
    fn is_default(&self) -> bool {
        *self == SnapshotsBy::default()
    }
}

impl Settings {
    /// Whether a topic of this name is protected.
    pub fn protects(&self, topic: &str) -> bool {
        let listed = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(topic));
        !listed(&self.exclude) && (self.include.is_empty() || listed(&self.include))
    }
}

/// The settings of a run. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// How the volumes come to rest. Left out where it is the default, so that
    /// cuts from before there was this field keep their digest.
    #[serde(default, skip_serializing_if = "Strategy::is_default")]
    pub strategy: Strategy,
    /// Who snapshots. Left out where it is the default, for the same reason.
    #[serde(default, skip_serializing_if = "SnapshotsBy::is_default")]
    pub snapshots_by: SnapshotsBy,
    /// From the first stop until the guard resumes, whatever happens.
    pub window_ms: u64,
    /// How long the first stop waits at the most for the mirror's tail to
    /// pass the first sample of the source.
    pub cover_wait_ms: u64,
    /// The first stop comes no earlier than this after the first sample.
    pub sample_lead_ms: u64,
    /// Between two samples of the source's heads.
    pub sample_every_ms: u64,
    /// How long a stop may take until all connectors are STOPPED without
    /// tasks.
    pub stop_timeout_ms: u64,
    /// How long the drain may take.
    pub drain_timeout_ms: u64,
    /// How long the mirror is watched until it has caught up.
    pub catch_up_timeout_ms: u64,
    /// The retention left must be the window times this.
    pub retention_factor: u32,
    /// Source topics whose timestamps say nothing about retention.
    pub accept_retention_risk: Vec<String>,
    /// A mirror that someone else stopped is taken, and left stopped.
    pub allow_stopped: bool,
    /// A source that can't be reached is done without: what would be compared with it is
    /// unproven. Left out where it is not, so that cuts from before there was this field
    /// keep their digest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_unreachable: bool,
    /// Partitions with nothing left to compare fail `resumable`.
    pub strict: bool,
    /// Resume and stop once more where tasks were cancelled.
    pub settle: bool,
    /// What resumeMirror does where the source has deleted what the mirror
    /// needs.
    pub on_loss: OnLoss,
    /// How many records of each partition are compared at the seam.
    pub tail_records: u32,
    /// Topics that are protected; empty: all.
    pub include: Vec<Pattern>,
    /// Topics that are not.
    pub exclude: Vec<Pattern>,
    /// Topics that others than MirrorMaker write to.
    pub own: Vec<Pattern>,
    /// The Connect clusters.
    pub connects: Vec<ConnectSettings>,
    /// How the snapshot is read after the resume.
    pub verify: Verify,
    /// Claims that a run must prove.
    pub require: Vec<ClaimName>,
}
