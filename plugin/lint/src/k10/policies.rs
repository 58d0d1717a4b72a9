//! Which namespaces a policy is for: by the label that K10 gives to each
//! (`k10.kasten.io/appNamespace`), or by labels of their own (api, Policy, `selector`).

use serde_json::Value;

/// Whose value is the namespace's name.
const NAMESPACE: &str = "k10.kasten.io/appNamespace";

/// Whether it backs up this namespace. A selector that is not understood selects
/// nothing here: that no policy is named as missing, is worse than one too many. Nor does one
/// that is paused (`spec.paused`).
pub(super) fn covers(policy: &Value, namespace: &str, namespaces: &[Value]) -> bool {
    let is_paused = policy["spec"]["paused"].as_bool() == Some(true);
    if is_paused || super::backups(policy).next().is_none() {
        return false;
    }
    let labels = namespaces
        .iter()
        .find(|one| one["metadata"]["name"] == namespace)
        .map(|one| &one["metadata"]["labels"]);
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
    let named = || {
        let values = expression["values"].as_array().into_iter().flatten();
        values
            .filter_map(Value::as_str)
            .any(|one| Some(one) == value)
    };
    match expression["operator"].as_str() {
        Some("In") => named(),
        Some("NotIn") => !named(),
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        _ => false,
    }
}
