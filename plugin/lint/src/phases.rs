//! Phases: their names, their functions and arguments, and what a deferred one may
//! rest on.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::functions::{FUNCTIONS, OTHERS};
use crate::{Fault, actions, phases, texts};

/// What Kanister scales (`pkg/function/scale_workload.go`).
const SCALED: [&str; 3] = ["statefulset", "deployment", "deploymentconfig"];

/// Groups whose objects take a strategic merge patch, the only one that KubeOps sends
/// (`pkg/kube/kubectl.go`): the API server's own (Kubernetes' `pkg/apis`, and the two of its
/// extensions). Custom resources refuse it (415), those of groups that end in `.k8s.io`, too.
const OWN_GROUPS: [&str; 22] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Keys of a PodSpec that are numbers, or lists of them (Kubernetes' `core/v1`). A template
/// makes a text of them, which fits in none. (What may be either is none of them: `port` of a
/// probe.)
const NUMBERS: [&str; 24] = [
    "activeDeadlineSeconds",
    "containerPort",
    "defaultMode",
    "expirationSeconds",
    "failureThreshold",
    "fsGroup",
    "hostPort",
    "initialDelaySeconds",
    "lun",
    "maxSkew",
    "minDomains",
    "mode",
    "partition",
    "periodSeconds",
    "priority",
    "runAsGroup",
    "runAsUser",
    "seconds",
    "successThreshold",
    "supplementalGroups",
    "terminationGracePeriodSeconds",
    "timeoutSeconds",
    "tolerationSeconds",
    "weight",
];

/// Keys below which all values are texts, whatever they are called.
const TEXTS: [&str; 8] = [
    "annotations",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "options",
    "requests",
    "volumeAttributes",
];

pub(crate) fn faults(blueprint: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeMap::new();
    for (action_name, action) in actions(blueprint) {
        if action["phases"].as_array().is_none_or(Vec::is_empty) {
            let says = "it has no phases";
            faults.push(Fault::new(format!("actions.{action_name}"), says));
        }
        for (place, phase) in phases(action_name, action) {
            match phase["name"].as_str() {
                None => faults.push(Fault::new(&place, "it has no name")),
                Some(name) => {
                    if let Some(first) = seen.insert(name.to_owned(), place.clone()) {
                        let says = format!(
                            "{name} is the name of {first}, too: they are unique in a Blueprint"
                        );
                        faults.push(Fault::new(format!("{place}.name"), says));
                    }
                }
            }
            arguments(&place, phase, &mut faults);
            special(&place, phase, &mut faults);
            numbers(
                format!("{place}.args.podOverride"),
                &phase["args"]["podOverride"],
                &mut faults,
            );
        }
        deferred(action_name, &action["deferPhase"], &mut faults);
    }
    faults
}

fn arguments(place: &str, phase: &Value, faults: &mut Vec<Fault>) {
    let Some(name) = phase["func"].as_str() else {
        faults.push(Fault::new(place, "it has no func"));
        return;
    };
    let Some(function) = FUNCTIONS.iter().find(|one| one.name == name) else {
        let is_known = OTHERS.contains(&name) || name.contains("{{");
        if !is_known {
            let says = format!("Kanister has no function {name}: the action would fail at once");
            faults.push(Fault::new(format!("{place}.func"), says));
        }
        return;
    };
    for missing in function.required {
        if phase["args"][missing].is_null() {
            faults.push(Fault::new(
                format!("{place}.args"),
                format!("{name} needs {missing}"),
            ));
        }
    }
    for (key, _) in phase["args"].as_object().into_iter().flatten() {
        let known = || function.required.iter().chain(function.optional);
        if !known().any(|one| one == key) {
            let known: Vec<&str> = known().copied().collect();
            faults.push(Fault::new(
                format!("{place}.args.{key}"),
                format!("{name} has no such argument; it has {}", known.join(", ")),
            ));
        }
    }
}

/// What a function can't do with what it is given.
fn special(place: &str, phase: &Value, faults: &mut Vec<Fault>) {
    let args = &phase["args"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if phase["func"] == "KubeOps" && args["operation"] == "patch" {
        let group = text(&args["objectReference"]["group"]);
        let is_own = OWN_GROUPS.contains(&group.as_str());
        if !is_own && !group.contains("{{") {
            faults.push(Fault::new(
                format!("{place}.args.objectReference.group"),
                format!(
                    "KubeOps sends a strategic merge patch, which custom resources ({group}) \
                     refuse: use a KubeTask"
                ),
            ));
        }
    }
    let kind = text(&args["kind"]);
    if phase["func"] == "ScaleWorkload"
        && !kind.is_empty()
        && !kind.contains("{{")
        && !SCALED.contains(&kind.to_lowercase().as_str())
    {
        faults.push(Fault::new(
            format!("{place}.args.kind"),
            format!("ScaleWorkload scales no {kind}, only {}", SCALED.join(", ")),
        ));
    }
}

fn numbers(place: String, value: &Value, faults: &mut Vec<Fault>) {
    match value {
        Value::Array(list) => {
            for (n, one) in list.iter().enumerate() {
                numbers(format!("{place}[{n}]"), one, faults);
            }
        }
        Value::Object(map) => {
            for (key, one) in map {
                let place = format!("{place}.{key}");
                if TEXTS.contains(&key.as_str()) {
                    continue;
                }
                let has_text = match one {
                    Value::Array(list) => list.iter().any(Value::is_string),
                    one => one.is_string(),
                };
                if NUMBERS.contains(&key.as_str()) && has_text {
                    let says = "a number is wanted here, and a template makes a text";
                    faults.push(Fault::new(place, says));
                } else {
                    numbers(place, one, faults);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// It runs whatever failed before it, and a template that asks for what a phase did not
/// put out is an error (`missingkey=error`).
fn deferred(action: &str, phase: &Value, faults: &mut Vec<Fault>) {
    let mut found = Vec::new();
    texts(format!("actions.{action}.deferPhase"), phase, &mut found);
    for (place, text) in found {
        if asks_phases(&text) {
            faults.push(Fault::new(
                place,
                "it also runs where the phase that it asks for did not, and fails then: use \
                 .Object, .Namespace and .Time",
            ));
        }
    }
}

/// Whether a template in it has `.Phases`, whatever follows: `index .Phases "x"`, too.
fn asks_phases(text: &str) -> bool {
    let templates = text.split("{{").skip(1);
    let mut templates = templates.map(|one| one.split("}}").next().unwrap_or(one));
    templates.any(|template| {
        let mut behind = template.split(".Phases").skip(1);
        behind.any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    })
}
