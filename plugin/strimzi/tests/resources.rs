//! Resources as an API server gives them, read and patched.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use serde_json::{Value, json};
use slackwater_strimzi::{
    ConnectorKind, Desired, HeldBy, Kafka, MirrorMaker, NodePool, PAUSE, PRIOR, PutBack, Role,
    noted, pause, pause_kafka, put_back, put_back_copying, stop, unpause, unpause_line,
};

/// For which Kafka they are held.
const KAFKA: &str = "kafka/mirror";

fn object(file: &str) -> Value {
    let path = format!("{}/tests/fixtures/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn maker(file: &str) -> MirrorMaker {
    MirrorMaker::read(&object(file)).unwrap()
}

fn names(maker: &MirrorMaker) -> Vec<(&str, Desired)> {
    let each = maker.connectors();
    each.map(|one| (one.name.as_str(), one.desired())).collect()
}

/// What an API server makes of a patch, or that it refuses it.
fn patched(object: &Value, patch: &impl serde::Serialize) -> Option<Value> {
    let mut object = object.clone();
    let ops = serde_json::to_value(patch).unwrap();
    for op in ops.as_array().unwrap() {
        let path = op["path"].as_str().unwrap();
        if op["op"] == "test" {
            if object.pointer(path) != Some(&op["value"]) {
                return None;
            }
            continue;
        }
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = object.pointer_mut(parent)?.as_object_mut()?;
        let key = &key.replace("~1", "/");
        match op["op"].as_str().unwrap() {
            "add" => drop(parent.insert(key.to_owned(), op["value"].clone())),
            "remove" => drop(parent.remove(key)?),
            other => panic!("{other} is no operation that is made"),
        }
    }
    Some(object)
}

#[test]
fn connectors_that_copy_are_put_back_alone_and_the_others_by_what_is_left_of_the_note() {
    let before = object("maker-v1.yaml");
    let read = |object: &Value| MirrorMaker::read(object).unwrap();
    let stopped = patched(&before, &stop(&read(&before), KAFKA).unwrap()).unwrap();
    assert!(
        noted(&read(&stopped))
            .unwrap()
            .contains(&ConnectorKind::Source)
    );
    let copying = patched(&stopped, &put_back_copying(&read(&stopped)).unwrap()).unwrap();
    let now = read(&copying);
    assert_eq!(
        names(&now),
        [
            ("east->mirror.MirrorSourceConnector", Desired::Running),
            ("east->mirror.MirrorCheckpointConnector", Desired::Stopped),
            ("west->mirror.MirrorSourceConnector", Desired::Running),
        ]
    );
    assert_eq!(
        noted(&now).unwrap().into_iter().collect::<Vec<_>>(),
        [ConnectorKind::Checkpoint]
    );
    assert_eq!(now.meta.held().map(|held| held.kafka), Some(KAFKA));
    let all = patched(&copying, &put_back(&now).unwrap().ops).unwrap();
    assert_eq!(all["spec"], before["spec"]);
    assert!(noted(&read(&all)).unwrap().is_empty());
    assert_eq!(read(&all).meta.held(), None);
}

#[test]
fn the_newer_layout_is_read() {
    let maker = maker("maker-v1.yaml");
    assert_eq!(maker.meta.to_string(), "kafka/feeder");
    assert_eq!(maker.replicas, Some(2));
    assert_eq!(maker.topics, ["mm2-configs", "mm2-offsets", "mm2-status"]);
    assert_eq!(
        names(&maker),
        [
            ("east->mirror.MirrorSourceConnector", Desired::Running),
            ("east->mirror.MirrorCheckpointConnector", Desired::Paused),
            ("west->mirror.MirrorSourceConnector", Desired::Running),
        ]
    );
    assert_eq!(maker.feeds[0].source.access.bootstrap.len(), 2);
    let of_target: Vec<&str> = maker.target_secrets.iter().map(String::as_str).collect();
    assert_eq!(of_target, ["mirror-cluster-ca-cert"]);
    assert_eq!(maker.meta.git_ops(), Some("Argo CD"));
    assert!(!maker.meta.is_paused());
    assert_eq!(maker.container(), "feeder-mirrormaker2");
}

#[test]
fn the_older_layout_is_read_with_the_operators_defaults() {
    let maker = maker("maker-v1beta2.yaml");
    assert_eq!(maker.replicas, None);
    assert_eq!(
        maker.topics,
        [
            "our-configs",
            "mirrormaker2-cluster-offsets",
            "mirrormaker2-cluster-status"
        ]
    );
    assert_eq!(
        names(&maker),
        [
            ("east->mirror.MirrorSourceConnector", Desired::Running),
            ("east->mirror.MirrorCheckpointConnector", Desired::Paused),
            ("east->mirror.MirrorHeartbeatConnector", Desired::Running),
        ]
    );
    assert_eq!(maker.feeds[0].connectors[2].kind, ConnectorKind::Heartbeat);
    assert!(maker.meta.is_paused());
    assert_eq!(maker.meta.git_ops(), None);
}

#[test]
fn a_stop_and_what_puts_it_back_leave_the_spec_as_it_was() {
    for file in ["maker-v1.yaml", "maker-v1beta2.yaml"] {
        let found = object(file);
        let before = MirrorMaker::read(&found).unwrap();
        let held = patched(&found, &stop(&before, KAFKA).unwrap()).unwrap();
        let held_maker = MirrorMaker::read(&held).unwrap();
        let all_stopped = |maker: &MirrorMaker| {
            let mut each = maker.connectors();
            each.all(|one| one.desired() == Desired::Stopped)
        };
        assert!(all_stopped(&held_maker), "{file}: {held}");
        // A second stop notes nothing else.
        assert_eq!(stop(&held_maker, KAFKA).unwrap(), [], "{file}");
        let after = patched(&held, &put_back(&held_maker).unwrap().ops).unwrap();
        assert_eq!(after, found, "{file}");
        let again = MirrorMaker::read(&after).unwrap();
        assert_eq!(put_back(&again).unwrap(), PutBack::default(), "{file}");
    }
}

#[test]
fn a_resource_that_changed_meanwhile_is_not_patched() {
    let found = object("maker-v1.yaml");
    let patch = stop(&MirrorMaker::read(&found).unwrap(), KAFKA).unwrap();
    let change = |pointer: &str, value: Value| {
        let mut other = found.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        other
    };
    assert!(patched(&found, &patch).is_some());
    for other in [
        change("/metadata/resourceVersion", json!("41208")),
        change("/metadata/uid", json!("another")),
        change("/spec/target/alias", json!("copy")),
        change("/spec/mirrors/1/source/alias", json!("north")),
    ] {
        assert_eq!(patched(&other, &patch), None);
    }
}

#[test]
fn what_somebody_else_said_since_is_not_put_back() {
    let found = object("maker-v1.yaml");
    let before = MirrorMaker::read(&found).unwrap();
    let mut held = patched(&found, &stop(&before, KAFKA).unwrap()).unwrap();
    held["spec"]["mirrors"][1]["sourceConnector"]["state"] = json!("paused");
    let now = MirrorMaker::read(&held).unwrap();
    let after = patched(&held, &put_back(&now).unwrap().ops).unwrap();
    let west = &after["spec"]["mirrors"][1]["sourceConnector"];
    assert_eq!(west["state"], "paused");
    let east = &after["spec"]["mirrors"][0];
    assert_eq!(east["sourceConnector"].get("state"), None);
    assert_eq!(east["checkpointConnector"]["state"], "paused");
}

#[test]
fn what_somebody_said_after_a_run_that_died_is_what_the_next_one_puts_back() {
    let found = object("maker-v1.yaml");
    let before = MirrorMaker::read(&found).unwrap();
    let mut left = patched(&found, &stop(&before, KAFKA).unwrap()).unwrap();
    // One is told something, and another is new.
    left["spec"]["mirrors"][1]["sourceConnector"]["state"] = json!("paused");
    let mut third = found["spec"]["mirrors"][1].clone();
    third["source"]["alias"] = json!("north");
    third["sourceConnector"]["state"] = json!("running");
    left["spec"]["mirrors"].as_array_mut().unwrap().push(third);
    let now = MirrorMaker::read(&left).unwrap();
    let held = patched(&left, &stop(&now, KAFKA).unwrap()).unwrap();
    let now = MirrorMaker::read(&held).unwrap();
    assert!(
        now.connectors()
            .all(|one| one.desired() == Desired::Stopped)
    );
    assert_eq!(now.meta.held().unwrap().by, HeldBy::State);
    assert_eq!(now.meta.held().unwrap().kafka, KAFKA);
    let after = patched(&held, &put_back(&now).unwrap().ops).unwrap();
    let state = |at: usize| after["spec"]["mirrors"][at]["sourceConnector"].get("state");
    assert_eq!(state(0), None);
    assert_eq!(state(1), Some(&json!("paused")));
    assert_eq!(state(2), Some(&json!("running")));
    assert_eq!(after["metadata"], found["metadata"]);
}

#[test]
fn a_note_that_somebody_changed_is_told_and_nothing_is_put_back() {
    let found = object("maker-v1.yaml");
    let held = patched(
        &found,
        &stop(&MirrorMaker::read(&found).unwrap(), KAFKA).unwrap(),
    )
    .unwrap();
    for (note, word) in [
        ("x", "is no note"),
        (r#"{"a": "halted"}"#, "has the state \"halted\""),
    ] {
        let mut changed = held.clone();
        changed["metadata"]["annotations"][PRIOR] = json!(note);
        let error = put_back(&MirrorMaker::read(&changed).unwrap()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains(word) && error.contains("kafka/feeder"),
            "{error}"
        );
    }
}

#[test]
fn a_connector_that_is_gone_is_named_and_the_others_are_put_back() {
    let found = object("maker-v1.yaml");
    let before = MirrorMaker::read(&found).unwrap();
    let mut less = patched(&found, &stop(&before, KAFKA).unwrap()).unwrap();
    less["spec"]["mirrors"].as_array_mut().unwrap().pop();
    let now = MirrorMaker::read(&less).unwrap();
    let back = put_back(&now).unwrap();
    assert_eq!(back.gone, ["west->mirror.MirrorSourceConnector"]);
    let after = patched(&less, &back.ops).unwrap();
    let east = &after["spec"]["mirrors"][0];
    assert_eq!(*east, found["spec"]["mirrors"][0]);
}

#[test]
fn the_operator_is_told_to_leave_a_resource_alone_with_and_without_other_annotations() {
    let with = object("maker-v1.yaml");
    let mut without = with.clone();
    let meta = without["metadata"].as_object_mut().unwrap();
    meta.remove("annotations");
    for (found, back) in [(with.clone(), with), (without, Value::Null)] {
        let read = |object: &Value| MirrorMaker::read(object).unwrap().meta;
        assert_eq!(unpause(&read(&found)), []);
        let held = patched(&found, &pause(&read(&found), KAFKA)).unwrap();
        assert!(read(&held).is_paused());
        assert_eq!(pause(&read(&held), KAFKA), []);
        let after = patched(&held, &unpause(&read(&held))).unwrap();
        assert!(!read(&after).is_paused());
        if back != Value::Null {
            assert_eq!(after, back);
        }
        // What somebody else told the operator stays.
        let mut theirs = found.clone();
        theirs["metadata"]["annotations"][PAUSE] = json!("true");
        let held = patched(&theirs, &pause(&read(&theirs), KAFKA)).unwrap();
        assert_eq!(read(&held).held().unwrap().by, HeldBy::Pause);
        assert_eq!(patched(&held, &unpause(&read(&held))).unwrap(), theirs);
        let mut other = found.clone();
        other["metadata"]["uid"] = json!("another");
        assert_eq!(patched(&other, &pause(&read(&found), KAFKA)), None);
    }
}

#[test]
fn what_can_not_be_read_is_named_with_the_field() {
    let wrong = |pointer: &str, value: Value, words: &[&str]| {
        let mut object = object("maker-v1.yaml");
        *object.pointer_mut(pointer).unwrap() = value;
        let error = MirrorMaker::read(&object).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{word:?} is not in: {error}");
        }
    };
    wrong(
        "/spec/mirrors/1/source/alias",
        json!("east"),
        &["two of spec.mirrors have the source \"east\""],
    );
    wrong(
        "/spec/mirrors/1/sourceConnector/state",
        json!("halted"),
        &[
            "kafka/feeder",
            "spec.mirrors[1].sourceConnector.state",
            "halted",
        ],
    );
    wrong(
        "/spec/target/bootstrapServers",
        json!("mirror"),
        &["\"mirror\""],
    );
    wrong("/metadata/uid", json!(""), &["metadata.uid"]);
    wrong("/spec/mirrors", json!(3), &["KafkaMirrorMaker2"]);
}

#[test]
fn a_kafka_knows_itself_by_its_services_and_listeners() {
    let kafka = Kafka::read(&object("kafka.yaml")).unwrap();
    assert_eq!(kafka.cluster_id.as_deref(), Some("MkU3OEVBNTcwNTJENDM2Qk"));
    assert_eq!(kafka.rebalancing.as_deref(), Some("RebalanceOnScaleUp"));
    assert_eq!(kafka.listeners[0].certificates.len(), 1);
    assert!(kafka.conditions[0].holds("Ready"));
    for (file, is_at) in [("maker-v1.yaml", true), ("maker-v1beta2.yaml", true)] {
        let maker = maker(file);
        assert_eq!(
            kafka.is_at(&maker.target, &maker.meta.namespace),
            is_at,
            "{file}"
        );
        for feed in &maker.feeds {
            assert!(!kafka.is_at(&feed.source.access.bootstrap, &maker.meta.namespace));
        }
    }
    let at = |text: &str| {
        let addresses = slackwater_strimzi::Address::list(text).unwrap();
        kafka.is_at(&addresses, "elsewhere")
    };
    assert!(at("203.0.113.9:9094"));
    assert!(at("mirror-kafka-outside-bootstrap.kafka.svc:9094"));
    assert!(at(
        "mirror-pool-0.mirror-kafka-brokers.kafka.svc.cluster.local:9092"
    ));
    assert!(!at("mirror-kafka-bootstrap:9093"), "of another namespace");
}

#[test]
fn a_kafka_that_is_paused_for_a_hold_is_reached_as_before_and_is_put_back_as_it_was() {
    let before = object("kafka.yaml");
    let kafka = Kafka::read(&before).unwrap();
    let listeners = before["status"]["listeners"].to_string();
    let pause = pause_kafka(&kafka.meta, KAFKA, &listeners);
    let mut held = patched(&before, &pause).unwrap();
    // As its operator does.
    held["status"].as_object_mut().unwrap().remove("listeners");
    let read = Kafka::read(&held).unwrap();
    assert!(read.meta.is_paused());
    assert_eq!(read.listeners, kafka.listeners);
    assert_eq!(pause_kafka(&read.meta, KAFKA, "null"), [], "noted once");

    held["metadata"]["annotations"]["slackwater.io/poked-ms"] = json!("5");
    let meta = Kafka::read(&held).unwrap().meta;
    let line = unpause_line("kafka", &meta);
    let after = patched(&held, &unpause(&meta)).unwrap();
    let left = |object: &Value| {
        let all = object["metadata"]["annotations"].as_object().cloned();
        all.unwrap_or_default()
    };
    assert_eq!(left(&after), left(&before));
    let put = left(&held);
    for key in put.keys().filter(|key| !left(&before).contains_key(*key)) {
        assert!(line.contains(&format!(" {key}-")), "{key}: {line}");
    }

    held["metadata"]["annotations"]["slackwater.io/listeners"] = json!("{");
    let error = Kafka::read(&held).unwrap_err().to_string();
    assert!(error.contains("slackwater.io/listeners"), "{error}");
}

#[test]
fn a_kafka_that_is_paused_before_its_first_look_has_no_status() {
    let mut object = object("kafka.yaml");
    object.as_object_mut().unwrap().remove("status");
    object["metadata"]["annotations"] = json!({"strimzi.io/pause-reconciliation": "true"});
    let kafka = Kafka::read(&object).unwrap();
    assert_eq!((kafka.cluster_id, kafka.listeners), (None, vec![]));
    assert!(kafka.meta.is_paused());
}

#[test]
fn a_pool_names_the_claims_of_all_its_nodes() {
    let pool = NodePool::read(&object("pool-jbod.yaml")).unwrap();
    assert_eq!(pool.cluster, "mirror");
    assert_eq!(pool.roles, [Role::Controller, Role::Broker]);
    let claims = pool.claims();
    let named: Vec<_> = claims
        .iter()
        .map(|one| (one.node, one.name.as_str()))
        .collect();
    assert_eq!(
        named,
        [
            (3, "data-0-mirror-brokers-3"),
            (3, "data-5-mirror-brokers-3"),
            (7, "data-0-mirror-brokers-7"),
            (7, "data-5-mirror-brokers-7"),
        ]
    );
    assert_eq!(claims[1].mount, "/var/lib/kafka/data-5");

    let mut single = object("pool-jbod.yaml");
    single["spec"]["storage"] = json!({"type": "persistent-claim", "size": "10Gi"});
    let claims = NodePool::read(&single).unwrap().claims();
    assert_eq!(claims[0].name, "data-mirror-brokers-3");
    assert_eq!(claims[0].mount, "/var/lib/kafka/data");
}

#[test]
fn storage_that_is_gone_with_its_pod_can_not_be_backed_up() {
    for storage in [
        json!({"type": "ephemeral"}),
        json!({"type": "jbod", "volumes": [{"id": 0, "type": "ephemeral"}]}),
    ] {
        let mut pool = object("pool-jbod.yaml");
        pool["spec"]["storage"] = storage;
        let error = NodePool::read(&pool).unwrap_err().to_string();
        assert!(error.contains("is ephemeral"), "{error}");
    }
    let mut unborn = object("pool-jbod.yaml");
    unborn["status"] = json!({});
    let error = NodePool::read(&unborn).unwrap_err().to_string();
    assert!(error.contains("no node of it yet"), "{error}");
}
