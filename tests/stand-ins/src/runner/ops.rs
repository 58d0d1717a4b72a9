//! `KubeOps` (pkg/function/kubeops.go:65-130; pkg/kube/kubectl.go:64-157): makes, patches or
//! deletes an object, and puts out which it was.
//!
//! What is made is in the namespace of its manifest, else in that of the arguments; one
//! that is there already is an error. A patch is a strategic merge whatever it is of,
//! which the API server refuses for custom resources, and goes by the namespace of the
//! reference alone. What is deleted is waited for, and one that is not there is an
//! error; it is always deleted in a namespace, so what is in none can't be.
#![allow(
    clippy::disallowed_methods,
    reason = "a stand-in at the edge: it waits for what is deleted"
)]

use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::functions::{Hands, text};
use super::object::{ObjectReference, version_path};
use crate::json;

/// Where none is said (`metav1.NamespaceDefault`; pkg/function/kubeops.go:79).
const DEFAULT: &str = "default";

/// There it is waited without a limit (pkg/kube/kubectl.go:148-157).
const GONE: Duration = Duration::from_secs(300);

/// Runs one; gives which object it was.
pub(super) fn run(hands: &Hands<'_>, args: &Value) -> Result<Map<String, Value>, String> {
    let spec = text(args, "spec");
    let namespace = match text(args, "namespace") {
        said if args["namespace"].is_string() => said,
        _ => DEFAULT.to_owned(),
    };
    let object = ObjectReference::of(&args["objectReference"]);
    let operation = text(args, "operation");
    let lacks_a_spec = spec.is_empty() && ["create", "patch"].contains(&operation.as_str());
    if lacks_a_spec {
        return Err(format!("spec cannot be empty for {operation} operation"));
    }
    let object = match operation.as_str() {
        "create" => create(hands, &spec, &namespace)?,
        "patch" => patch(hands, object, &spec)?,
        "delete" => delete(hands, object, &namespace)?,
        _ => return Err(format!("invalid operation '{operation}'")),
    };
    Ok(object.outputs())
}

/// All documents of the manifest; which one the last was. A document without a
/// namespace goes where the one before it went (pkg/kube/kubectl.go:64-108).
fn create(hands: &Hands<'_>, spec: &str, namespace: &str) -> Result<ObjectReference, String> {
    let mut namespace = namespace.to_owned();
    let mut last = ObjectReference::default();
    for document in serde_yaml::Deserializer::from_str(spec) {
        let object = Value::deserialize(document).map_err(|error| error.to_string())?;
        if object.is_null() {
            continue;
        }
        let said = json::text(&object, "/metadata/namespace");
        if !said.is_empty() {
            said.clone_into(&mut namespace);
        }
        let words = ["--namespace", &namespace, "create", "--filename", "-"];
        let words = [&words[..], &["--output", "json"]].concat();
        let made = (hands.kubectl)(&words, Some(&object.to_string()))?;
        let made: Value = serde_json::from_str(&made).map_err(|error| error.to_string())?;
        last = reference(hands, &made)?;
    }
    Ok(last)
}

/// With its resource, which only the API server can tell (pkg/kube/kubectl.go:98-104).
fn reference(hands: &Hands<'_>, made: &Value) -> Result<ObjectReference, String> {
    let whole = json::text(made, "/apiVersion");
    let (group, version) = whole.split_once('/').unwrap_or(("", whole));
    let listed = (hands.kubectl)(&["get", "--raw", &version_path(group, version)], None)?;
    let listed: Value = serde_json::from_str(&listed).map_err(|error| error.to_string())?;
    let kind = json::text(made, "/kind");
    let mut names = listed["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["kind"] == kind)
        .filter_map(|one| one["name"].as_str());
    // Others are parts of it: `pods/log`.
    let resource = names.find(|name| !name.contains('/'));
    Ok(ObjectReference {
        api_version: version.to_owned(),
        group: group.to_owned(),
        resource: resource.unwrap_or_default().to_owned(),
        name: json::text(made, "/metadata/name").to_owned(),
        namespace: json::text(made, "/metadata/namespace").to_owned(),
        ..ObjectReference::default()
    })
}

/// (pkg/kube/kubectl.go:126-145)
fn patch(
    hands: &Hands<'_>,
    object: ObjectReference,
    spec: &str,
) -> Result<ObjectReference, String> {
    // kubectl would put a namespace of its own where there is none.
    object.get(hands.kubectl)?;
    let (what, patch) = (object.words(), format!("--patch={spec}"));
    let words = ["patch", &what, &object.name, "--type=strategic", &patch];
    let space = match object.namespace.as_str() {
        "" => DEFAULT,
        space => space,
    };
    hands.within(space, &words)?;
    Ok(object)
}

/// (pkg/function/kubeops.go:116-121; pkg/kube/kubectl.go:111-123)
fn delete(
    hands: &Hands<'_>,
    object: ObjectReference,
    namespace: &str,
) -> Result<ObjectReference, String> {
    let ObjectReference {
        api_version,
        resource,
        name,
        ..
    } = &object;
    if [api_version, resource, name]
        .iter()
        .any(|one| one.is_empty())
    {
        return Err(
            "missing one or more required fields name/namespace/group/apiVersion/resource in \
             objectReference for delete operation"
                .to_owned(),
        );
    }
    let mut there = object.clone();
    if there.namespace.is_empty() {
        there.namespace = match namespace {
            "" => DEFAULT.to_owned(),
            said => said.to_owned(),
        };
    }
    (hands.kubectl)(&["delete", "--raw", &there.path()], None)?;
    let began = Instant::now();
    loop {
        match there.get(hands.kubectl) {
            Err(why) if why.contains("(NotFound)") => return Ok(object),
            Err(why) => return Err(why),
            Ok(_) if began.elapsed() > GONE => return Err("it does not go".to_owned()),
            Ok(_) => thread::sleep(Duration::from_millis(200)),
        }
    }
}
