//! A policy's filters: that they leave in the restore point what a restore rests on
//! (usage, Resource Filtering).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Mirror, Seen, backups, bindings, place};
use crate::Fault;

/// What K10 takes where nothing is said, as an entry beside others.
const DEFAULTS: (&str, &str) = ("actions.kio.kasten.io", "defaults");

/// The group that has no name: an empty one is any.
const CORE: &str = "core";

const MAKERS: &str = "kafkamirrormaker2s";

/// Group, resource, and what it is for. All are taken by default.
const NEEDED: [(&str, &str, &str); 6] = [
    ("", "configmaps", "the sealed cut is in one"),
    ("", "secrets", "certificates and passwords are in them"),
    ("", "persistentvolumeclaims", "they are the backup"),
    ("kafka.strimzi.io", "kafkas", "the mirror is one"),
    (
        "kafka.strimzi.io",
        "kafkanodepools",
        "its nodes are of them",
    ),
    ("kafka.strimzi.io", MAKERS, "they feed the mirror"),
];

/// What is known of an object that is needed.
#[derive(Debug, Clone, Default)]
struct Known {
    name: Option<String>,
    /// Those that it has; one may have any value.
    labels: BTreeMap<String, Option<String>>,
    /// Whether it has no others.
    is_all: bool,
}

pub(super) fn faults(policy: &Value, mirror: &Mirror, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for parameters in backups(policy) {
        let filters = &parameters["filters"];
        let list = |key: &str| filters[key].as_array().map_or(&[][..], Vec::as_slice);
        let (included, excluded) = (list("includeResources"), list("excludeResources"));
        for (group, resource, why) in NEEDED {
            let objects = known(resource, mirror, seen);
            let is_out = |object: &Known| {
                let mut excluded = excluded.iter();
                excluded.any(|one| is_of(one, group, resource) && takes(one, object))
            };
            // Of several the mirror is fed by some, and which is not told here.
            let is_out = match resource {
                MAKERS => objects.iter().all(is_out),
                _ => objects.iter().any(is_out),
            };
            let named = |one: &&Value| is_defaults(one) || is_of(one, group, resource);
            let is_in = |object: &Known| {
                let mut included = included.iter().filter(named);
                included.any(|one| takes(one, object))
            };
            let is_in = included.is_empty() || objects.iter().all(is_in);
            let says = match (is_out, is_in) {
                (true, _) => "excludeResources leaves out",
                (_, false) if included.iter().any(|one| named(&one)) => {
                    "includeResources names only some"
                }
                (_, false) => "includeResources does not name",
                (false, true) => continue,
            };
            faults.push(Fault::new(
                format!("{} filters", place(policy)),
                format!("{says} {resource}: {why}"),
            ));
        }
    }
    faults
}

/// Whether a filter takes all objects of a resource, whatever they are called and labelled.
pub(super) fn takes_all(filter: &Value, group: &str, resource: &str) -> bool {
    is_of(filter, group, resource) && takes(filter, &Known::default())
}

/// An empty or missing part matches any.
fn is_of(filter: &Value, group: &str, resource: &str) -> bool {
    let said = |key: &str| filter[key].as_str().unwrap_or_default();
    let is_group = match said("group") {
        "" => true,
        CORE => group.is_empty(),
        other => other == group,
    };
    is_group && ["", resource].contains(&said("resource"))
}

fn is_defaults(filter: &Value) -> bool {
    (filter["group"].as_str(), filter["resource"].as_str()) == (Some(DEFAULTS.0), Some(DEFAULTS.1))
}

/// Whether a filter's name and labels surely are those of an object. One that names
/// others, or what is not known of it, is not taken for one that does.
fn takes(filter: &Value, object: &Known) -> bool {
    let name = filter["name"].as_str().unwrap_or_default();
    let is_named = name.is_empty() || object.name.as_deref() == Some(name);
    let value = |key: &str| object.labels.get(key).and_then(Option::as_deref);
    let has_labels = match &filter["matchLabels"] {
        Value::Null => true,
        Value::Object(map) => map
            .iter()
            .all(|(key, wanted)| value(key).is_some_and(|value| wanted == value)),
        _ => false,
    };
    let expressions = filter["matchExpressions"].as_array();
    is_named
        && has_labels
        && expressions
            .into_iter()
            .flatten()
            .all(|one| surely(one, object))
}

fn surely(expression: &Value, object: &Known) -> bool {
    let key = expression["key"].as_str().unwrap_or_default();
    let found = object.labels.get(key);
    let is_absent = found.is_none() && object.is_all;
    let value = found.and_then(Option::as_deref);
    let values = expression["values"].as_array();
    let mut values = values.into_iter().flatten();
    match expression["operator"].as_str() {
        Some("In") => value.is_some_and(|value| values.any(|one| one == value)),
        Some("NotIn") => is_absent || value.is_some_and(|value| values.all(|one| one != value)),
        Some("Exists") => found.is_some(),
        Some("DoesNotExist") => is_absent,
        _ => false,
    }
}

/// Those of a mirror. Of Secrets nothing is known: not all that are needed are the
/// operator's.
fn known(resource: &str, mirror: &Mirror, seen: &Seen) -> Vec<Known> {
    let here = |one: &&Value| one["metadata"]["namespace"] == mirror.namespace.as_str();
    let labelled = |labels: &[(&str, Option<&str>)]| {
        let labels = labels.iter();
        let labels = labels.map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)));
        vec![Known {
            labels: labels.collect(),
            ..Known::default()
        }]
    };
    let found: Vec<Known> = match resource {
        // As the store of run documents labels each.
        "configmaps" => labelled(&[
            ("app.kubernetes.io/name", Some("slackwater")),
            ("slackwater.io/run", None),
        ]),
        // As the operator labels each, which is how ours are found.
        "persistentvolumeclaims" => labelled(&[(bindings::CLUSTER, Some(&mirror.name))]),
        "kafkas" => {
            let kafkas = seen.kafkas.iter().filter(here);
            kafkas
                .filter(|one| one["metadata"]["name"] == mirror.name.as_str())
                .map(seen_as)
                .collect()
        }
        "kafkanodepools" => bindings::of_mirror(mirror, seen).map(seen_as).collect(),
        MAKERS => seen.makers.iter().filter(here).map(seen_as).collect(),
        _ => Vec::new(),
    };
    match found.is_empty() {
        true => vec![Known::default()],
        false => found,
    }
}

fn seen_as(object: &Value) -> Known {
    let metadata = &object["metadata"];
    let labels = metadata["labels"].as_object().into_iter().flatten();
    Known {
        name: metadata["name"].as_str().map(str::to_owned),
        labels: labels
            .map(|(key, value)| (key.clone(), value.as_str().map(str::to_owned)))
            .collect(),
        is_all: true,
    }
}
