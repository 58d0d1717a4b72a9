//! A policy's filters: that they leave in the restore point what a restore rests on.

use serde_json::Value;

use super::{backups, place};
use crate::Fault;

/// Group, resource, and what it is for.
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
    (
        "kafka.strimzi.io",
        "kafkamirrormaker2s",
        "they feed the mirror",
    ),
];

pub(super) fn faults(policy: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for parameters in backups(policy) {
        let filters = &parameters["filters"];
        let list = |key: &str| filters[key].as_array().map_or(&[][..], Vec::as_slice);
        let (included, excluded) = (list("includeResources"), list("excludeResources"));
        for (group, resource, why) in NEEDED {
            let is_out = excluded.iter().any(|one| is_all_of(one, group, resource));
            let is_in =
                included.is_empty() || included.iter().any(|one| may_be(one, group, resource));
            let says = match (is_out, is_in) {
                (true, _) => "excludeResources leaves out",
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

/// An empty or missing part matches any; one that names an object, or labels, is of
/// some, and not told here.
fn is_all_of(filter: &Value, group: &str, resource: &str) -> bool {
    let free = |key: &str| filter[key].as_str().unwrap_or_default().is_empty();
    may_be(filter, group, resource) && free("name") && filter["matchLabels"].is_null()
}

fn may_be(filter: &Value, group: &str, resource: &str) -> bool {
    let is = |key: &str, wanted: &str| {
        let said = filter[key].as_str().unwrap_or_default();
        said.is_empty() || said == wanted
    };
    is("group", group) && is("resource", resource)
}
