//! Which namespaces a policy is for: by the label that K10 gives to each
//! (`k10.kasten.io/appNamespace`), or by labels of their own (api, Policy, `selector`).

use serde_json::Value;
use slackwater_cut::Pattern;

use super::{Seen, place};
use crate::Fault;

/// Whose value is the namespace's name. In expressions, `*` stands for any part of it.
const NAMESPACE: &str = "k10.kasten.io/appNamespace";

/// On a namespace: policies pass it over when they are due, whatever it says (usage,
/// Namespace Exclusion).
const IGNORED: &str = "k10.kasten.io/ignorebackuppolicy";

/// Whether it backs up this namespace. A selector that is not understood selects
/// nothing here: that no policy is named as missing, is worse than one too many. Nor does one
/// that is paused (`spec.paused`), or that K10 has found invalid.
pub(super) fn covers(policy: &Value, namespace: &str, seen: &Seen) -> bool {
    !has_failed(policy) && is_for(policy, namespace, seen)
}

/// What keeps K10 from backing up a namespace that a policy is for.
pub(super) fn faults(namespace: &str, seen: &Seen) -> Vec<Fault> {
    let mut faults = Vec::new();
    for policy in &seen.policies {
        if has_failed(policy) && is_for(policy, namespace, seen) {
            faults.push(Fault::new(place(policy), invalid(policy)));
        }
    }
    let is_ignored =
        of(namespace, seen).is_some_and(|metadata| !metadata["annotations"][IGNORED].is_null());
    if is_ignored {
        let says = format!(
            "has the annotation {IGNORED}: K10 passes it over when a policy is due; take it away"
        );
        faults.push(Fault::new(format!("Namespace {namespace}"), says));
    }
    faults
}

/// Whether K10 has found a resource of its own to be invalid: it makes no use of it then. One
/// on which it has not said anything yet may be right.
pub(super) fn has_failed(object: &Value) -> bool {
    object["status"]["validation"] == "Failed"
}

/// The same, said of it.
pub(super) fn invalid(object: &Value) -> String {
    let errors: Vec<&str> = match &object["status"]["error"] {
        Value::String(error) => vec![error],
        Value::Array(errors) => errors.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let why = match errors.is_empty() {
        true => String::new(),
        false => format!(": {}", errors.join("; ").replace(['\n', '\r'], " ")),
    };
    format!("its status.validation is Failed, and K10 makes no use of it{why}")
}

fn of<'a>(namespace: &str, seen: &'a Seen) -> Option<&'a Value> {
    let mut namespaces = seen.namespaces.iter().map(|one| &one["metadata"]);
    namespaces.find(|metadata| metadata["name"] == namespace)
}

fn is_for(policy: &Value, namespace: &str, seen: &Seen) -> bool {
    // One that lies with an application is for that alone (api, Policy, `metadata`).
    let own = policy["metadata"]["namespace"].as_str().unwrap_or_default();
    let may_be = own == seen.namespace || own == namespace;
    let is_paused = policy["spec"]["paused"].as_bool() == Some(true);
    if !may_be || is_paused || super::backups(policy).next().is_none() {
        return false;
    }
    let labels = of(namespace, seen).map(|metadata| &metadata["labels"]);
    let value = |key: &str| match key {
        NAMESPACE => Some(namespace),
        key => labels.and_then(|labels| labels[key].as_str()),
    };
    let selector = &policy["spec"]["selector"];
    let (matches, expressions) = (
        selector["matchLabels"].as_object(),
        selector["matchExpressions"].as_array(),
    );
    if matches.is_none_or(|map| map.is_empty()) && expressions.is_none_or(Vec::is_empty) {
        return false;
    }
    // Wildcards are documented for expressions alone.
    let by_labels = matches
        .into_iter()
        .flatten()
        .all(|(key, wanted)| value(key) == wanted.as_str());
    by_labels
        && expressions
            .into_iter()
            .flatten()
            .all(|one| holds(one, value(one["key"].as_str().unwrap_or_default())))
}

/// An expression of a label selector (`LabelSelectorRequirement`).
fn holds(expression: &Value, value: Option<&str>) -> bool {
    let is = |wanted: &str, value: &str| match expression["key"] == NAMESPACE {
        true => is_like(wanted, value),
        false => wanted == value,
    };
    let named = || {
        let values = expression["values"].as_array().into_iter().flatten();
        values
            .filter_map(Value::as_str)
            .any(|one| value.is_some_and(|value| is(one, value)))
    };
    match expression["operator"].as_str() {
        Some("In") => named(),
        Some("NotIn") => !named(),
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        _ => false,
    }
}

/// Whether a text is that of a pattern, in which `*` is any text.
fn is_like(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).matches(text)
}
