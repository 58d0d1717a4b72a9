//! What feeds the mirror: MirrorMaker's connectors, seen and told.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Interval, PartitionId, PortError, Seen};

/// A connector's or a task's state, as Connect names it (KIP-875 for
/// `STOPPED`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConnectorState {
    /// `UNASSIGNED`
    Unassigned,
    /// `RUNNING`
    Running,
    /// `PAUSED`. Not a stop: records in flight still arrive.
    Paused,
    /// `STOPPED`. Reported before the tasks are gone.
    Stopped,
    /// `FAILED`
    Failed,
    /// `RESTARTING`
    Restarting,
    /// One that this version does not know.
    Other(String),
}

impl fmt::Display for ConnectorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConnectorState::Unassigned => "UNASSIGNED",
            ConnectorState::Running => "RUNNING",
            ConnectorState::Paused => "PAUSED",
            ConnectorState::Stopped => "STOPPED",
            ConnectorState::Failed => "FAILED",
            ConnectorState::Restarting => "RESTARTING",
            ConnectorState::Other(name) => name,
        })
    }
}

/// A task of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// Its number.
    pub id: u32,
    /// Its own state: a task can be FAILED behind a RUNNING connector.
    pub state: ConnectorState,
    /// `worker_id`.
    pub worker: String,
    /// First line of a failed task's trace.
    pub trace: Option<String>,
    /// The source partitions that it copies (`task.assigned.partitions`).
    pub assigned: Vec<PartitionId>,
}

/// One key of a connector's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// For example `replication.policy.class`.
    pub key: String,
    /// As it stands there.
    pub value: String,
}

/// A MirrorMaker connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorView {
    /// Its Connect cluster's name in the configuration.
    pub connect: String,
    /// Its name.
    pub name: String,
    /// `connector.class`, in full.
    pub class: String,
    /// The connector's own state.
    pub state: ConnectorState,
    /// Its tasks.
    pub tasks: Vec<TaskView>,
    /// Without credentials; sorted by key.
    pub config: Vec<Setting>,
}

impl ConnectorView {
    /// The value of a configuration key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.config
            .iter()
            .find(|setting| setting.key == key)
            .map(|setting| setting.value.as_str())
    }

    /// How to speak of it to Connect.
    pub fn reference(&self) -> ConnectorRef {
        ConnectorRef {
            connect: self.connect.clone(),
            name: self.name.clone(),
        }
    }
}

/// A Connect cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectView {
    /// In the configuration.
    pub name: String,
    /// Where it was reached.
    pub endpoint: String,
    /// Its version.
    pub version: String,
    /// Its own word for the Kafka cluster that its topics are on.
    pub kafka_cluster_id: String,
}

/// All that feeds the mirror, at one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorView {
    /// When.
    pub asked: Interval,
    /// The Connect clusters, in the order of the configuration.
    pub connects: Vec<ConnectView>,
    /// MirrorMaker connectors whose target is this mirror.
    pub connectors: Vec<ConnectorView>,
}

/// Which connector on which Connect cluster.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectorRef {
    /// Its Connect cluster's name in the configuration.
    pub connect: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ConnectorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What Connect answered to a request. An accepted one proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// To which connector.
    pub connector: ConnectorRef,
    /// Accepted, or why not.
    pub accepted: Seen<()>,
}

impl Answer {
    /// One for each, of which none was told.
    pub fn none_told(connectors: &[ConnectorRef], why: &PortError) -> Vec<Self> {
        let each = connectors.iter().map(|connector| Self {
            connector: connector.clone(),
            accepted: Err(why.clone()),
        });
        each.collect()
    }
}

/// What a connector is to become again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// `PUT …/resume`
    Running,
    /// `PUT …/pause`
    Paused,
}

/// A connector and what it is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    /// Which.
    pub connector: ConnectorRef,
    /// What.
    pub target: Target,
}

/// The last source record that a connector committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// A partition of the source.
    pub partition: PartitionId,
    /// Offset of the last record mirrored: MirrorMaker goes on at this + 1
    /// (`MirrorSourceTask`).
    pub offset: u64,
}

/// The port that looks.
pub trait MirrorLook {
    /// What feeds the mirror now. (Named apart from [`crate::GuardLook::guard`]
    /// so that one world can be both.)
    fn mirror(&self) -> Seen<MirrorView>;
}

/// The port that stops.
pub trait MirrorStop {
    /// Asks all of them to stop, in this order, and waits for no answer before
    /// it asks the next.
    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer>;
}

/// The port that starts.
pub trait MirrorStart {
    /// Asks all of them to go on, in this order, as for a stop.
    fn start(&self, connectors: &[Want]) -> Vec<Answer>;
}

/// The port that reads what was committed.
pub trait ConnectorPosition {
    /// The committed position of a source connector. Connect may hold the
    /// answer back while a transaction is open: a timeout means not settled.
    fn positions(&self, connector: &ConnectorRef) -> Seen<Vec<Position>>;
}
