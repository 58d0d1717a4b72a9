//! Which pods there are, and in which of them a container runs. Looks only.

use serde::Deserialize;

use crate::place::Resource;
use crate::{ApiError, ApiServer};

/// A pod in which the container runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunningPod {
    pub(crate) name: String,
    /// Whether it is said to serve: by the condition of the pod, which falls with
    /// its node, too.
    pub(crate) ready: bool,
}

#[derive(Debug, Deserialize)]
struct RawPod {
    metadata: RawMeta,
    #[serde(default)]
    status: RawStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMeta {
    name: String,
    deletion_timestamp: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    #[serde(default)]
    container_statuses: Vec<RawContainer>,
    #[serde(default)]
    conditions: Vec<RawCondition>,
}

#[derive(Debug, Deserialize)]
struct RawCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

#[derive(Debug, Deserialize)]
struct RawContainer {
    name: String,
    #[serde(default)]
    state: RawState,
}

#[derive(Debug, Default, Deserialize)]
struct RawState {
    running: Option<serde_json::Value>,
}

/// Those with these labels in which the container runs and that nobody deletes,
/// ready ones first.
///
/// # Errors
/// No answer.
pub(crate) fn running(
    server: &ApiServer,
    namespace: &str,
    labels: &str,
    container: &str,
) -> Result<Vec<RunningPod>, ApiError> {
    let found = server.list(&Resource::pods(), namespace, labels)?;
    let mut pods = Vec::new();
    for object in &found {
        let pod = RawPod::deserialize(object).map_err(|error| ApiError::Malformed {
            what: "read a Pod".to_owned(),
            said: error.to_string(),
        })?;
        let mut conditions = pod.status.conditions.iter();
        let ready = conditions.any(|one| one.kind == "Ready" && one.status == "True");
        let of = pod.status.container_statuses.iter();
        let status = of.into_iter().find(|one| one.name == container);
        match status {
            Some(one)
                if one.state.running.is_some() && pod.metadata.deletion_timestamp.is_none() =>
            {
                pods.push(RunningPod {
                    name: pod.metadata.name,
                    ready,
                });
            }
            _ => {}
        }
    }
    pods.sort_by_key(|pod| !pod.ready);
    Ok(pods)
}
