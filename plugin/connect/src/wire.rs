//! Connect's answers as they stand on the wire, nothing checked yet
//! (`ConnectorStateInfo`, `ConnectorInfo`, `TaskInfo`, `ConnectorOffsets`).
//! Unknown fields are ignored: Connect may grow.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `GET /`
#[derive(Debug, Deserialize)]
pub(crate) struct RawRoot {
    pub(crate) version: String,
    pub(crate) kafka_cluster_id: String,
}

/// `GET /connectors?expand=info&expand=status`: one a connector.
#[derive(Debug, Deserialize)]
pub(crate) struct RawConnector {
    pub(crate) info: RawInfo,
    pub(crate) status: RawStatus,
}

/// A configuration; a value can be null.
pub(crate) type RawConfig = BTreeMap<String, Option<String>>;

#[derive(Debug, Deserialize)]
pub(crate) struct RawInfo {
    pub(crate) config: RawConfig,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RawStatus {
    pub(crate) connector: RawState,
    pub(crate) tasks: Vec<RawTaskState>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RawState {
    pub(crate) state: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RawTaskState {
    pub(crate) id: u32,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) worker_id: String,
    pub(crate) trace: Option<String>,
}

/// `GET /connectors/{name}/tasks`: one a task.
#[derive(Debug, Deserialize)]
pub(crate) struct RawTask {
    pub(crate) id: RawTaskId,
    pub(crate) config: RawConfig,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RawTaskId {
    pub(crate) task: u32,
}

/// `GET /connectors/{name}/offsets`
#[derive(Debug, Deserialize)]
pub(crate) struct RawOffsets {
    pub(crate) offsets: Vec<RawOffset>,
}

/// Each connector has its own keys in these, so they stay open here.
#[derive(Debug, Deserialize)]
pub(crate) struct RawOffset {
    pub(crate) partition: Value,
    pub(crate) offset: Value,
}

/// An error's body (`ErrorMessage`).
#[derive(Debug, Deserialize)]
pub(crate) struct RawError {
    pub(crate) message: String,
}
