//! What writes to a mirror, or moves it, without a KafkaMirrorMaker2: as an API server
//! gives it, in both versions.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use serde_json::{Value, json};
use slackwater_strimzi::{Kafka, KafkaConnect, KafkaConnector, KafkaRebalance};

const VERSIONS: [&str; 2] = ["v1", "v1beta2"];
const SOURCE: &str = "org.apache.kafka.connect.mirror.MirrorSourceConnector";
const CHECKPOINT: &str = "org.apache.kafka.connect.mirror.MirrorCheckpointConnector";
const HEARTBEAT: &str = "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector";

fn object(version: &str, kind: &str, at: (&str, &str), spec: &Value) -> Value {
    json!({
        "apiVersion": format!("kafka.strimzi.io/{version}"),
        "kind": kind,
        "metadata": {
            "namespace": at.0, "name": at.1, "uid": "u", "resourceVersion": "1", "generation": 1,
            "labels": {"strimzi.io/cluster": "connect"},
        },
        "spec": spec,
    })
}

/// `kafka/mirror`, with a listener for the outside.
fn kafka() -> Kafka {
    let mut object = object("v1", "Kafka", ("kafka", "mirror"), &json!({}));
    object["status"]["listeners"] =
        json!([{"name": "outside", "bootstrapServers": "mirror.example.com:443"}]);
    Kafka::read(&object).unwrap()
}

fn connector(version: &str, namespace: &str, class: &str, config: &Value) -> KafkaConnector {
    let mut spec = json!({"class": class, "tasksMax": 2, "config": config});
    // What each version has of its own.
    match version {
        "v1" => spec["version"] = "4.2.0".into(),
        _ => spec["pause"] = true.into(),
    }
    spec["state"] = "stopped".into();
    let object = object(version, "KafkaConnector", (namespace, "copies"), &spec);
    KafkaConnector::read(&object).unwrap()
}

fn connect(version: &str, at: (&str, &str), bootstrap: &str) -> KafkaConnect {
    let spec = match version {
        "v1" => json!({"bootstrapServers": bootstrap, "replicas": 1, "groupId": "g"}),
        _ => json!({"bootstrapServers": bootstrap, "config": {"group.id": "g"}}),
    };
    KafkaConnect::read(&object(version, "KafkaConnect", at, &spec)).unwrap()
}

#[test]
fn a_connector_copies_to_the_cluster_that_its_connect_is_on_though_it_is_stopped() {
    for version in VERSIONS {
        let here = connect(version, ("kafka", "connect"), "mirror-kafka-bootstrap:9093");
        for class in [SOURCE, CHECKPOINT] {
            let one = connector(version, "kafka", class, &json!({"tasks": 1}));
            assert!(one.copies_to(&kafka(), std::slice::from_ref(&here)));
            assert!(!one.copies_to(&kafka(), &[]));
        }
        let beats = connector(version, "kafka", HEARTBEAT, &json!({}));
        assert!(!beats.copies_to(&kafka(), std::slice::from_ref(&here)));
        let other = connector(version, "kafka", "com.example.Source", &json!({}));
        assert!(!other.copies_to(&kafka(), std::slice::from_ref(&here)));
    }
}

#[test]
fn another_connect_or_one_of_another_namespace_is_not_its_own() {
    for version in VERSIONS {
        let one = connector(version, "kafka", SOURCE, &json!({}));
        let others = [
            connect(version, ("kafka", "connect"), "other-kafka-bootstrap:9093"),
            connect(version, ("kafka", "another"), "mirror-kafka-bootstrap:9093"),
            connect(
                version,
                ("elsewhere", "connect"),
                "mirror-kafka-bootstrap.kafka:9093",
            ),
        ];
        assert!(!one.copies_to(&kafka(), &others));
    }
}

#[test]
fn a_connector_copies_to_the_cluster_that_it_is_told() {
    let told = |namespace: &str, key: &str, at: &str| {
        let one = connector("v1", namespace, CHECKPOINT, &json!({key: at}));
        one.copies_to(&kafka(), &[])
    };
    let target = "target.cluster.bootstrap.servers";
    assert!(told("kafka", target, "mirror-kafka-bootstrap:9092"));
    assert!(told(
        "far",
        target,
        "a:1, mirror-kafka-bootstrap.kafka:9092"
    ));
    assert!(told("far", target, "MIRROR.example.com:443"));
    // The short name means its own namespace's.
    assert!(!told("far", target, "mirror-kafka-bootstrap:9092"));
    assert!(!told("kafka", target, "other-kafka-bootstrap:9092"));
    let source = "source.cluster.bootstrap.servers";
    assert!(!told("kafka", source, "mirror-kafka-bootstrap:9092"));
}

#[test]
fn a_rebalance_is_under_way_where_its_operator_says_so() {
    let said = |version: &str, status: Value| {
        let mut object = object(version, "KafkaRebalance", ("kafka", "full"), &json!({}));
        object["status"] = status;
        KafkaRebalance::read(&object).unwrap().is_under_way
    };
    let condition = |kind: &str, status: &str| {
        json!({
            "observedGeneration": 1,
            "sessionId": "s",
            "conditions": [
                {"type": "Warning", "status": "True", "reason": "UnknownFields", "message": "m"},
                {"type": kind, "status": status, "lastTransitionTime": "2026-11-24T00:00:00Z"},
            ],
        })
    };
    for version in VERSIONS {
        assert!(said(version, condition("Rebalancing", "True")));
        assert!(!said(version, condition("Rebalancing", "False")));
        for kind in [
            "New",
            "PendingProposal",
            "ProposalReady",
            "Stopped",
            "NotReady",
            "Ready",
            "ReconciliationPaused",
        ] {
            assert!(!said(version, condition(kind, "True")), "{kind}");
        }
        assert!(!said(version, json!({})));
    }
    let template = object("v1", "KafkaRebalance", ("kafka", "t"), &json!({}));
    assert!(!KafkaRebalance::read(&template).unwrap().is_under_way);
}
