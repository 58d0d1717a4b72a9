//! Whether nodes can have the volumes by which a backup is read: a driver says how many a
//! node can (`CSINode`, `spec.drivers[].allocatable.count`), and what is attached is
//! counted (`VolumeAttachment`). Asked before anything is stopped: what can't be attached
//! is never read. How many snapshots a driver takes is said nowhere in Kubernetes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::place::Resource;
use crate::{ApiError, ApiServer};

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// No answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// They can't.
    #[error(
        "nodes have room for {left} more volumes of {driver} (CSINode), and a backup mounts {needed} to \
         read its snapshots: add a node, or read nothing (`verify: off`)"
    )]
    Full {
        /// Which driver.
        driver: String,
        /// How many more they can have.
        left: u64,
        /// How many are needed.
        needed: u64,
    },
}

/// Sees that there is room for so many more volumes of each driver. Where a node has no
/// limit, there is. What is there but can't be used (a node of another zone, one that is
/// drained) counts as room: a refusal is certain, and what is not refused may still fail.
///
/// # Errors
/// There is none; no answer.
pub fn must_attach(server: &ApiServer, needed: &BTreeMap<String, u64>) -> Result<(), AttachError> {
    let nodes = server.list(&Resource::csi_nodes(), "", "")?;
    let attached = server.list(&Resource::volume_attachments(), "", "")?;
    for (driver, needed) in needed {
        match left(driver, &nodes, &attached) {
            Some(left) if left < *needed => {
                return Err(AttachError::Full {
                    driver: driver.clone(),
                    left,
                    needed: *needed,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// How many more all nodes together can have; `None` where one has no limit, or none says
/// that it knows the driver.
fn left(driver: &str, nodes: &[Value], attached: &[Value]) -> Option<u64> {
    let mut left: Option<u64> = None;
    for node in nodes {
        let name = &node["metadata"]["name"];
        let drivers = node["spec"]["drivers"].as_array();
        let Some(of) = drivers
            .into_iter()
            .flatten()
            .find(|one| one["name"] == driver)
        else {
            continue;
        };
        let most = of["allocatable"]["count"].as_u64()?;
        let has = attached.iter().filter(|one| {
            let spec = &one["spec"];
            spec["attacher"] == driver && spec["nodeName"] == *name
        });
        let has = u64::try_from(has.count()).unwrap_or(u64::MAX);
        left = Some(left.unwrap_or(0) + most.saturating_sub(has));
    }
    left
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_all_nodes_can_still_have_is_their_limits_less_what_is_attached() {
        let node = |name: &str, driver: &str, count: Value| {
            json!({
                "metadata": {"name": name},
                "spec": {"drivers": [
                    {"name": "other", "allocatable": {"count": 1}},
                    {"name": driver, "allocatable": {"count": count}},
                ]},
            })
        };
        let attached =
            |node: &str, driver: &str| json!({"spec": {"attacher": driver, "nodeName": node}});
        let nodes = [node("a", "ebs", json!(3)), node("b", "ebs", json!(2))];
        let there = [
            attached("a", "ebs"),
            attached("a", "ebs"),
            attached("a", "other"),
            // More than it can: one that was lowered.
            attached("b", "ebs"),
            attached("b", "ebs"),
            attached("b", "ebs"),
        ];
        assert_eq!(left("ebs", &nodes, &there), Some(1));
        assert_eq!(left("other", &nodes, &there), Some(1));
        assert_eq!(left("nobodys", &nodes, &there), None);
        // One without a limit takes all.
        let mut open = nodes.to_vec();
        open.push(node("c", "ebs", Value::Null));
        assert_eq!(left("ebs", &open, &there), None);
    }
}
