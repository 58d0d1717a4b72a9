//! A KafkaMirrorMaker2 resource: what feeds a mirror.

mod by_hand;
mod patch;
mod raw;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::access::Access;
use crate::meta::component;
use crate::read::read;
use crate::{Address, Condition, Meta, StrimziError};
use raw::RawMirrorMaker;

pub use by_hand::by_hand;
pub use patch::{PutBack, noted, put_back, put_back_copying, stop};

/// As the operator labels its pods, too.
const KIND: &str = "KafkaMirrorMaker2";

/// What a connector is to do, by its `state` (`ConnectorState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desired {
    /// Copy.
    Running,
    /// Copy nothing more, and keep its tasks: no drain.
    Paused,
    /// Have no tasks.
    Stopped,
}

impl Desired {
    /// As the resource has it.
    pub(crate) fn of(word: &str) -> Option<Self> {
        match word {
            "running" => Some(Self::Running),
            "paused" => Some(Self::Paused),
            "stopped" => Some(Self::Stopped),
            _ => None,
        }
    }
}

/// What a connector does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectorKind {
    /// Copies records.
    Source,
    /// Translates groups' offsets.
    Checkpoint,
    /// Writes heartbeats. A resource in the newer layout has none: they are a
    /// KafkaConnector's.
    Heartbeat,
}

impl ConnectorKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Source, Self::Checkpoint, Self::Heartbeat];

    /// Its class, without the package: the end of its name, too
    /// (`KafkaMirrorMaker2Connectors`).
    pub fn class(self) -> &'static str {
        match self {
            Self::Source => "MirrorSourceConnector",
            Self::Checkpoint => "MirrorCheckpointConnector",
            Self::Heartbeat => "MirrorHeartbeatConnector",
        }
    }

    /// Its key in `spec.mirrors[]`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Source => "sourceConnector",
            Self::Checkpoint => "checkpointConnector",
            Self::Heartbeat => "heartbeatConnector",
        }
    }
}

/// A connector that the operator makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// What it does.
    pub kind: ConnectorKind,
    /// In Connect: `source->mirror.MirrorSourceConnector`.
    pub name: String,
    /// What stands in its `state`, `None` where nothing does.
    pub state: Option<Desired>,
    /// The older layout's `pause: true`, which counts where no state stands.
    pub pause: bool,
}

impl Connector {
    /// What it is to do.
    pub fn desired(&self) -> Desired {
        match self.state {
            Some(state) => state,
            None if self.pause => Desired::Paused,
            None => Desired::Running,
        }
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCluster {
    /// MirrorMaker's alias of it.
    pub alias: String,
    /// Where it is, and how MirrorMaker gets in.
    pub access: Access,
}

/// One of its mirrors: what it copies from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Where from.
    pub source: SourceCluster,
    /// Sorted by kind.
    pub connectors: Vec<Connector>,
    layout: Layout,
}

/// Where an alias stands: between the two releases that serve both, a resource
/// may have its target the one way and a source the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In `target` and `mirrors[].source`.
    Own,
    /// As `connectCluster` and `mirrors[].sourceCluster`, which name one of
    /// `clusters[]`.
    Named,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorMaker {
    /// Who it is.
    pub meta: Meta,
    /// How many workers it is to have, where that is said. With none nothing is
    /// copied, and the operator does not look after connectors.
    pub replicas: Option<u32>,
    /// The alias of the cluster that it copies to, on which Connect's topics
    /// are.
    pub target_alias: String,
    /// Where that cluster is.
    pub target: Vec<Address>,
    /// Secrets of its namespace by which its workers get in there.
    pub target_secrets: BTreeSet<String>,
    /// Connect's own topics: configuration, offsets, status.
    pub topics: [String; 3],
    /// In the order of the resource, which patches count in.
    pub feeds: Vec<Feed>,
    /// The generation that the operator began its last reconciliation with. One
    /// that is ours says that Connect was told, and no more.
    pub observed_generation: Option<i64>,
    /// What the operator says of it.
    pub conditions: Vec<Condition>,
    layout: Layout,
}

impl MirrorMaker {
    /// Reads one as the API server gave it, in either layout.
    ///
    /// # Errors
    /// Another shape; aliases that name no cluster.
    pub fn read(object: &Value) -> Result<Self, StrimziError> {
        read::<RawMirrorMaker>(object)
    }

    /// All of its connectors.
    pub fn connectors(&self) -> impl Iterator<Item = &Connector> {
        self.feeds.iter().flat_map(|feed| &feed.connectors)
    }

    /// Name of the container in each of its pods (`KafkaMirrorMaker2Resources`).
    pub fn container(&self) -> String {
        format!("{}-mirrormaker2", self.meta.name)
    }

    /// The labels of its pods (`Labels.strimziSelectorLabels`).
    pub fn pod_selector(&self) -> String {
        component(&self.meta.name, KIND, &self.container())
    }
}
