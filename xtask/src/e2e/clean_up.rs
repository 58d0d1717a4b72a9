//! What end-to-end tests have made on somebody's cluster is deleted: by its label, and
//! what snapshots and volumes stand for, which were told to outlive their namespace.

use serde_json::{Value, json};

use crate::error::Error;

/// The label of namespaces, and of what is in none, that the tests have made.
pub(super) const LABEL: &str = "slackwater.io/e2e";

/// kubectl.
type Kubectl<'c> = &'c dyn Fn(&[&str]) -> Result<String, Error>;

/// What outlives a namespace: its kind, where it names that, and what has it go with it.
const OUTLIVES: [(&str, &str, &str, &str); 2] = [
    (
        "volumesnapshotcontents",
        "/spec/volumeSnapshotRef/namespace",
        "deletionPolicy",
        "Delete",
    ),
    (
        "persistentvolumes",
        "/spec/claimRef/namespace",
        "persistentVolumeReclaimPolicy",
        "Delete",
    ),
];

/// All that has this mark.
pub(super) fn all(kubectl: Kubectl<'_>, mark: &str) -> Result<(), Error> {
    let label = format!("{LABEL}={mark}");
    let made = list(kubectl, &["namespaces", "--selector", &label])?;
    if made.is_empty() {
        println!("nothing was made");
        return Ok(());
    }
    let mut contents = Vec::new();
    for space in &made {
        contents.extend(let_go(kubectl, space)?);
    }
    // The mirrors' resources before their operator's ConfigMaps and Secrets.
    if is_there(kubectl, "crd/kafkas.kafka.strimzi.io")? {
        let kinds = "kafkamirrormaker2,kafka,kafkanodepool";
        for space in &made {
            let space = text(space, "/metadata/name");
            let words = ["--all", "--namespace", space, "--timeout=300s"];
            kubectl(&[&["delete", kinds], &words[..]].concat())?;
        }
    }
    if is_there(kubectl, "crd/actionsets.cr.kanister.io")? {
        let kinds = "actionsets.cr.kanister.io,blueprints.cr.kanister.io";
        kubectl(&["delete", kinds, "--all-namespaces", "--selector", &label])?;
    }
    let kinds = "namespace,clusterrole,clusterrolebinding";
    kubectl(&["delete", kinds, "--selector", &label, "--timeout=600s"])?;
    for content in &contents {
        // One whose snapshot was deleted before has nobody who deletes it.
        let kind = "volumesnapshotcontent";
        kubectl(&[
            "delete",
            kind,
            content,
            "--ignore-not-found",
            "--timeout=300s",
        ])?;
    }
    Ok(())
}

/// Has what a namespace's snapshots and claims stand for go with them; the names of the
/// snapshots' contents.
fn let_go(kubectl: Kubectl<'_>, space: &Value) -> Result<Vec<String>, Error> {
    let mut contents = Vec::new();
    for (kind, of, field, policy) in OUTLIVES {
        for one in list(kubectl, &[kind])? {
            // What was there before is of a namespace that had this name once. (Times of
            // the API sort as text.)
            let (made, began) = (
                "/metadata/creationTimestamp",
                text(space, "/metadata/creationTimestamp"),
            );
            let since = text(&one, made) >= began;
            if since && text(&one, of) == text(space, "/metadata/name") {
                let name = text(&one, "/metadata/name");
                let change = json!({"spec": {field: policy}}).to_string();
                kubectl(&["patch", kind, name, "--type=merge", "--patch", &change])?;
                if kind == "volumesnapshotcontents" {
                    contents.push(name.to_owned());
                }
            }
        }
    }
    Ok(contents)
}

fn is_there(kubectl: Kubectl<'_>, what: &str) -> Result<bool, Error> {
    let found = kubectl(&["get", what, "--ignore-not-found", "--output=name"])?;
    Ok(!found.trim().is_empty())
}

fn list(kubectl: Kubectl<'_>, what: &[&str]) -> Result<Vec<Value>, Error> {
    let text = kubectl(&[&["get"], what, &["--output=json"]].concat())?;
    let list: Value = serde_json::from_str(&text).map_err(|error| Error::Unexpected {
        command: "kubectl".to_owned(),
        what: error.to_string(),
    })?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}
