//! StrimziPodSets into pods (`StrimziPodSetController.java:327-395`, `reconcile`): pods that
//! are missing are made, and it is counted how many are ready. It does not look whether
//! somebody paused anything.
//!
//! Not played: pods that have ended and are made again (447-452), and those without an owner
//! that get one (455-461).

use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place};

use super::meta::{core, is_going, make, need, owner, podsets, put_status, text};
use super::roll;
use crate::StandInError;

pub(super) fn reconcile(server: &ApiServer) -> Result<(), StandInError> {
    for set in server.list(&podsets(), "", "")? {
        if !is_going(&set) {
            reconcile_one(server, &set)?;
        }
    }
    Ok(())
}

/// (352-380, and 438-502, `maybeCreateOrPatchPod`)
fn reconcile_one(server: &ApiServer, set: &Value) -> Result<(), StandInError> {
    let namespace = need(set, "/metadata/namespace")?;
    let (mut pods, mut current, mut ready) = (0, 0, 0);
    for wanted in set["spec"]["pods"].as_array().into_iter().flatten() {
        let name = need(wanted, "/metadata/name")?;
        let place = Place::new(core("pods"), &namespace, &name)?;
        pods += 1;
        match server.get(&place)? {
            Some(pod) => {
                // Pods of another revision are not played.
                current += 1;
                ready += usize::from(is_ready(&pod));
            }
            None => {
                let mut pod = wanted.clone();
                pod["metadata"]["ownerReferences"] = owner(set);
                roll::note(server, &namespace, &name, &mut pod)?;
                make(server, &place, &pod)?;
            }
        }
    }
    remove_others(server, set, &namespace)?;
    let status = json!({
        "observedGeneration": set["metadata"]["generation"],
        "pods": pods,
        "currentPods": current,
        "readyPods": ready,
    });
    let name = need(set, "/metadata/name")?;
    let place = Place::new(podsets(), &namespace, &name)?;
    Ok(put_status(server, &place, set, &status)?)
}

/// Pods that were its own and are not wanted any more (512-526, `removeDeletedPods`; there, by
/// its selector).
fn remove_others(server: &ApiServer, set: &Value, namespace: &str) -> Result<(), StandInError> {
    let name = need(set, "/metadata/name")?;
    let labels = format!("strimzi.io/controller-name={name}");
    for pod in server.list(&core("pods"), namespace, &labels)? {
        let of = text(&pod, "/metadata/name");
        let mut wanted = set["spec"]["pods"].as_array().into_iter().flatten();
        if !is_going(&pod) && !wanted.any(|one| text(one, "/metadata/name") == of) {
            server.delete(&Place::new(core("pods"), namespace, of)?)?;
        }
    }
    Ok(())
}

pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let mut each = conditions.into_iter().flatten();
    let ready = each.any(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True");
    ready && !is_going(pod)
}
