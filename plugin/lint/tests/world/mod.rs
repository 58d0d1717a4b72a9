//! A cluster in which K10 is configured as the examples have it, for tests to change.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::path::Path;

use serde_json::{Value, json};
use slackwater_lint::k10::{Mirror, Seen, Volume, faults};

pub(crate) fn document(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// As the examples have it.
pub(crate) fn right() -> Seen {
    Seen {
        namespace: "kasten-io".to_owned(),
        mirrors: vec![Mirror {
            namespace: "kafka-mirror".to_owned(),
            name: "mirror".to_owned(),
            volumes: volumes(3),
        }],
        namespaces: vec![json!({"metadata": {"name": "kafka-mirror", "labels": {"tier": "gold"}}})],
        policies: vec![document("examples/k10-policy.yaml")],
        blueprints: vec![document("blueprints/k10-policy-hooks.yaml")],
        classes: vec![json!({
            "metadata": {
                "name": "fast",
                "annotations": {"k10.kasten.io/is-snapshot-class": "true"},
            },
            "driver": "csi.example.com",
        })],
        storage_classes: vec![json!({"metadata": {"name": "standard"}})],
        kafkas: vec![json!({"metadata": {
            "name": "mirror",
            "namespace": "kafka-mirror",
            "labels": {"slackwater.io/mirror": "true"},
        }})],
        makers: vec![json!({"metadata": {
            "name": "feeder",
            "namespace": "kafka-mirror",
            "labels": {"team": "streams"},
        }})],
        pools: ["dual", "control"]
            .map(|name| pool(name, "mirror"))
            .to_vec(),
        bindings: Vec::new(),
        ..Seen::default()
    }
}

/// So many, of the one driver and StorageClass that there is.
pub(crate) fn volumes(count: usize) -> Vec<Volume> {
    let volume = Volume {
        driver: "csi.example.com".to_owned(),
        storage_class: "standard".to_owned(),
    };
    vec![volume; count]
}

fn pool(name: &str, kafka: &str) -> Value {
    json!({"metadata": {
        "name": name,
        "namespace": "kafka-mirror",
        "labels": {"strimzi.io/cluster": kafka},
    }})
}

/// As the examples have it, bound to pools in place of hooks of the policy.
pub(crate) fn bound() -> Seen {
    let mut seen = right();
    backup(&mut seen)["hooks"] = Value::Null;
    backup(&mut seen)["profile"] = json!({"name": "location", "namespace": "kasten-io"});
    seen.blueprints = vec![document("blueprints/k10-bound-hooks.yaml")];
    seen.bindings = vec![document("blueprints/k10-binding.yaml")];
    for pool in &mut seen.pools {
        pool["metadata"]["labels"]["slackwater.io/mirror"] = "true".into();
    }
    // Of another Kafka there.
    seen.pools.push(pool("only", "source"));
    seen
}

pub(crate) fn only_bound(change: impl FnOnce(&mut Seen)) -> String {
    let mut seen = bound();
    change(&mut seen);
    let found: Vec<String> = faults(&seen).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

pub(crate) fn backup(seen: &mut Seen) -> &mut Value {
    &mut seen.policies[0]["spec"]["actions"][0]["backupParameters"]
}

pub(crate) fn found(change: impl FnOnce(&mut Seen)) -> Vec<String> {
    let mut seen = right();
    change(&mut seen);
    faults(&seen).iter().map(ToString::to_string).collect()
}

pub(crate) fn only(change: impl FnOnce(&mut Seen)) -> String {
    let found = found(change);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}
