//! `KubeTask` (pkg/function/kube_task.go:62-175): a pod of an image, its log, and what
//! the log puts out. The pod's container is called `container` and gets only a
//! `command`; it is never started again (pkg/kube/pod.go:121-200 and 257-307,
//! `GetPodObjectFromPodOptions`), is waited for until its log ends and it has succeeded
//! (pkg/function/kube_task.go:94-115), and is deleted without a grace period, however it
//! ended (pkg/kube/pod_runner.go:58-81). Where it failed, nothing of what it put out counts,
//! and the last ten lines of its log are the error (pkg/kube/pod.go:371-384 and 512-537).
//!
//! Not played: the controller's own service account, which a pod in its namespace gets
//! (pkg/kube/pod.go:132-140); nodes and claims that are looked at meanwhile (387-434).
#![allow(
    clippy::disallowed_methods,
    reason = "a stand-in at the edge: it waits for pods"
)]

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::exec::last_lines;
use super::functions::{Hands, text, texts};
use super::output::outputs;

/// `TIMEOUT_WORKER_POD_READY` is 15 minutes (pkg/kube/pod.go:43-47 and 596-606); what runs
/// has no limit of Kanister's.
const ENDS: Duration = Duration::from_secs(900);

/// Between two looks at a pod: each is a kubectl, which is a quarter of a second of a core.
const LOOK: Duration = Duration::from_secs(1);

/// Runs one; gives its outputs.
pub(super) fn run(hands: &Hands<'_>, args: &Value) -> Result<Map<String, Value>, String> {
    let namespace = match text(args, "namespace") {
        said if said.is_empty() => hands.controller.to_owned(),
        said => said,
    };
    let name = format!("kanister-job-{:08x}", fastrand::u32(..));
    let mut spec = json!({
        "restartPolicy": "Never",
        "containers": [{
            "name": "container",
            "image": args["image"],
            "imagePullPolicy": "IfNotPresent",
            "command": texts(args, "command"),
        }],
    });
    if let Some(over) = args.get("podOverride") {
        merge(&mut spec, over);
    }
    let mut labels = json!({"createdBy": "kanister"});
    if let Some(more) = args.get("podLabels") {
        merge(&mut labels, more);
    }
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": args["podAnnotations"],
        },
        "spec": spec,
    });
    let made = (hands.kubectl)(&["create", "--filename", "-"], Some(&pod.to_string()));
    made.map_err(|why| format!("Failed to create pod: {why}"))?;
    let kubectl = |args: &[&str]| hands.within(&namespace, args);
    let ended = wait(&kubectl, &name);
    let log = kubectl(&["logs", &name]);
    let _ = kubectl(&["delete", "pod", &name, "--grace-period=0", "--force"]);
    let phase = ended?;
    let log = log.map_err(|why| format!("Failed to fetch logs from the pod: {why}"))?;
    let outputs = outputs(&log)?;
    match phase.as_str() {
        "Succeeded" => Ok(outputs),
        _ => Err(format!("Pod failed: {}", last_lines(&log))),
    }
}

fn wait(
    kubectl: &impl Fn(&[&str]) -> Result<String, String>,
    name: &str,
) -> Result<String, String> {
    let began = Instant::now();
    loop {
        let phase = kubectl(&["get", "pod", name, "-o", "jsonpath={.status.phase}"]);
        match phase.as_deref() {
            Ok("Succeeded" | "Failed") => return phase,
            Err(error) => return Err(format!("Pod can't be looked at: {error}")),
            _ => {}
        }
        if began.elapsed() > ENDS {
            return Err("Pod did not end".to_owned());
        }
        thread::sleep(LOOK);
    }
}

/// A strategic merge, as far as pods of ours need it (pkg/kube/pod.go:540-592,
/// `PatchDefaultPodSpecs`): lists of what has names are merged by them.
fn merge(spec: &mut Value, over: &Value) {
    match (spec, over) {
        (Value::Object(spec), Value::Object(over)) => {
            for (key, value) in over {
                merge(spec.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(spec), Value::Array(over))
            if over.iter().all(|one| one.get("name").is_some()) =>
        {
            for one in over {
                match spec.iter_mut().find(|there| there["name"] == one["name"]) {
                    Some(there) => merge(there, one),
                    None => spec.push(one.clone()),
                }
            }
        }
        (spec, over) => *spec = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_merged_by_the_names_of_containers() {
        let mut spec =
            json!({"restartPolicy": "Never", "containers": [{"name": "container", "image": "a"}]});
        let over =
            json!({"containers": [{"name": "container", "tty": true}], "hostNetwork": false});
        merge(&mut spec, &over);
        let merged = json!({
            "restartPolicy": "Never",
            "hostNetwork": false,
            "containers": [{"name": "container", "image": "a", "tty": true}],
        });
        assert_eq!(spec, merged);
    }
}
