//! What writes to a mirror, or moves it, without a KafkaMirrorMaker2: on a real API
//! server with Strimzi's own definitions, asked by an account that may list and nothing
//! else.
//!
//! Each test takes the definitions that it needs away in its end: no other needs them.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod common;

use slackwater_kubernetes::{ElsewhereError, Makers};
use slackwater_strimzi::Kafka;

use common::{account, mirror, namespace, plane};

const GROUP: &str = "kafka.strimzi.io";
const MIRRORS: &str = "org.apache.kafka.connect.mirror";

fn connect(namespace: &str, name: &str, bootstrap: &str) {
    plane()
        .apply(&format!(
            "
apiVersion: kafka.strimzi.io/v1
kind: KafkaConnect
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  replicas: 1
  bootstrapServers: '{bootstrap}'
  groupId: {name}
  configStorageTopic: {name}-configs
  offsetStorageTopic: {name}-offsets
  statusStorageTopic: {name}-status
"
        ))
        .unwrap();
}

/// With these lines of its `spec`, beside its class.
fn connector(namespace: &str, name: &str, connect: &str, class: &str, more: &str) {
    plane()
        .apply(&format!(
            "
apiVersion: kafka.strimzi.io/v1
kind: KafkaConnector
metadata: {{name: {name}, namespace: {namespace}, labels: {{strimzi.io/cluster: {connect}}}}}
spec:
  class: {class}
  tasksMax: 1
  {more}
"
        ))
        .unwrap();
}

fn rebalance(namespace: &str, name: &str, kafka: &str) {
    plane()
        .apply(&format!(
            "
apiVersion: kafka.strimzi.io/v1
kind: KafkaRebalance
metadata: {{name: {name}, namespace: {namespace}, labels: {{strimzi.io/cluster: {kafka}}}}}
spec: {{mode: full}}
"
        ))
        .unwrap();
}

/// As its operator says it.
fn is_in(namespace: &str, name: &str, state: &str) {
    let status =
        format!(r#"{{"status": {{"conditions": [{{"type": "{state}", "status": "True"}}]}}}}"#);
    let of = ["patch", "kafkarebalance", name, "-n", namespace];
    let how = ["--subresource=status", "--type=merge", "-p", &status];
    plane().kubectl(&[&of[..], &how].concat()).unwrap();
}

fn delete(what: &str, name: &str, namespace: &str) {
    plane()
        .kubectl(&["delete", what, name, "-n", namespace])
        .unwrap();
}

fn delete_definition(plural: &str) {
    let name = format!("{plural}.{GROUP}");
    plane().kubectl(&["delete", "crd", &name]).unwrap();
}

/// A Kafka in a namespace of its own, for an account that may list these.
fn scene(name: &str, resources: &[&str]) -> (String, Makers, Kafka) {
    let space = namespace(name);
    mirror(&space);
    let administrator = Makers::discover(common::server()).unwrap();
    let kafka = administrator.kafka(&space, "mirror").unwrap();
    let lists = account(&space, "lists", GROUP, resources, &["list"]);
    (space, Makers::discover(lists).unwrap(), kafka)
}

fn refusal(answer: Result<(), ElsewhereError>) -> String {
    answer.unwrap_err().to_string()
}

#[test]
fn what_kafka_connect_copies_to_a_mirror_is_refused_by_name_and_nothing_else_is() {
    let lists = ["kafkaconnectors", "kafkaconnects"];
    let (space, makers, kafka) = scene("copied", &lists);
    let far = namespace("copied-2");
    let spaces = [space.clone(), far.clone(), space.clone()];
    let look = || makers.only_makers_copy_to(&kafka, &spaces);
    look().unwrap();

    let source = format!("{MIRRORS}.MirrorSourceConnector");
    let checkpoint = format!("{MIRRORS}.MirrorCheckpointConnector");
    connect(&space, "here", "mirror-kafka-bootstrap:9092");
    connect(&space, "there", "other-kafka-bootstrap:9092");
    // The short form means its own namespace's.
    connect(&far, "here", "mirror-kafka-bootstrap:9092");
    let heartbeat = format!("{MIRRORS}.MirrorHeartbeatConnector");
    connector(&space, "beats", "here", &heartbeat, "");
    let file = "org.apache.kafka.connect.file.FileStreamSourceConnector";
    connector(&space, "file", "here", file, "config: {topic: t, file: f}");
    let other = "config: {target.cluster.bootstrap.servers: 'other-kafka-bootstrap:9092'}";
    connector(&space, "elsewhere", "there", &source, other);
    let from = "config: {source.cluster.bootstrap.servers: 'mirror-kafka-bootstrap:9092'}";
    connector(&space, "from-it", "there", &source, from);
    connector(&far, "elsewhere", "here", &source, "");
    look().unwrap();

    // By the cluster of its Connect; that it is stopped is for now.
    connector(&space, "stopped", "here", &source, "state: stopped");
    assert_eq!(
        refusal(look()),
        format!(
            "KafkaConnector {space}/stopped copies to Kafka {space}/mirror, and what KafkaConnect \
             runs can't be held: have a KafkaMirrorMaker2 do it, or delete it"
        )
    );
    // By its own word.
    let at = format!("mirror-kafka-bootstrap.{space}.svc:9092");
    let told = format!("config: {{target.cluster.bootstrap.servers: 'x:1, {at}'}}");
    connector(&far, "told", "nobody", &checkpoint, &told);
    let both = refusal(look());
    let names = format!("KafkaConnectors {space}/stopped, {far}/told copy to Kafka");
    assert!(both.starts_with(&names), "{both}");
    // Nobody looks where what feeds it can't be.
    let near = refusal(makers.only_makers_copy_to(&kafka, std::slice::from_ref(&space)));
    assert!(!near.contains("told"), "{near}");

    let none = account(&space, "none", GROUP, &["kafkas"], &["get"]);
    let denied = Makers::discover(none)
        .unwrap()
        .only_makers_copy_to(&kafka, &spaces);
    let denied = refusal(denied);
    assert!(denied.contains("may not list kafkaconnectors"), "{denied}");

    // What is not defined is not there.
    delete_definition("kafkaconnects");
    let by_word = refusal(look());
    let name = format!("KafkaConnector {far}/told copies");
    assert!(by_word.starts_with(&name), "{by_word}");
    delete("kafkaconnector", "told", &far);
    look().unwrap();
    delete_definition("kafkaconnectors");
    look().unwrap();
}

#[test]
fn a_rebalance_that_is_carried_out_is_refused_by_name_and_nothing_else_is() {
    let (space, makers, kafka) = scene("rebalanced", &["kafkarebalances"]);
    let far = namespace("rebalanced-2");
    let look = || makers.nobody_rebalances(&kafka);
    look().unwrap();

    rebalance(&space, "other", "another");
    is_in(&space, "other", "Rebalancing");
    rebalance(&far, "full", "mirror");
    is_in(&far, "full", "Rebalancing");
    rebalance(&space, "new", "mirror");
    rebalance(&space, "full", "mirror");
    for state in ["PendingProposal", "ProposalReady", "Stopped", "Ready"] {
        is_in(&space, "full", state);
        look().unwrap();
    }
    is_in(&space, "full", "Rebalancing");
    let refused = refusal(look());
    let what = format!(
        "Cruise Control moves replicas of {space}/mirror (KafkaRebalance {space}/full is \
         Rebalancing)"
    );
    assert!(refused.starts_with(&what), "{refused}");

    // What is not defined is not there.
    delete_definition("kafkarebalances");
    look().unwrap();
}
