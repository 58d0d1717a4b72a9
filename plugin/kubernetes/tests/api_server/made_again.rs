//! A Kafka that a restore makes again, on a real API server.

use serde_json::Value;
use slackwater_kubernetes::{InPlace, Kept, Makers, Proven, Target};
use slackwater_restore::{Kafka, Step, Way};
use slackwater_store::RunId;

use crate::common::operator::Operator;
use crate::common::{mirror, namespace, plane, server};

const DELAY: &str = "log.initial.task.delay.ms";

fn object(space: &str, what: &str) -> Option<Value> {
    let found = plane().kubectl(&["-n", space, "get", what, "-o", "json", "--ignore-not-found"]);
    serde_json::from_str(&found.unwrap()).ok()
}

#[test]
fn a_kafka_that_is_made_again_holds_retention_back_from_its_first_instant() {
    let space = namespace("made-again");
    mirror(&space);
    let mut kafka = object(&space, "kafka/mirror").unwrap();
    let metadata = kafka["metadata"].as_object_mut().unwrap();
    metadata.retain(|key, _| ["name", "namespace", "annotations"].contains(&key.as_str()));
    plane()
        .kubectl(&["-n", &space, "delete", "kafka", "mirror"])
        .unwrap();
    let _operator = Operator::of(&space);
    let run: RunId = "kafka-mirror-1-1".parse().unwrap();
    let kept = Kept {
        run: run.clone(),
        kafka_version: None,
        kafka,
        pools: Vec::new(),
        feeders: Vec::new(),
        others: Vec::new(),
        claims: Vec::new(),
        contents: Vec::new(),
        contents_of_others: Vec::new(),
        user_secrets: Vec::new(),
        secrets: Vec::new(),
        about: None,
    };
    let makers = Makers::discover(server()).unwrap();
    let target = Target {
        namespace: space.clone(),
        name: "mirror".to_owned(),
        namespaces: vec![space.clone()],
        run,
        cluster_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        volumes: Vec::new(),
        feeders: Vec::new(),
        kept: Some(kept),
        origin: None,
        feeds: true,
        trims: false,
    };
    let mut in_place = InPlace::new(server(), makers, None, target).unwrap();
    let proven = Proven {
        retention_would_delete: true,
        shown_on: in_place.which_claims().unwrap(),
    };
    in_place.note_volumes_proven(proven).unwrap();
    in_place.act(Way::Forth, &Step::MakeKafka).unwrap();
    // In one write: `spec` was never another one.
    let made = object(&space, "kafka/mirror").unwrap();
    assert_eq!(made["metadata"]["generation"], 1);
    let held = &made["spec"]["kafka"]["config"][DELAY];
    assert!(held.as_u64() > Some(600_000), "{held}");
    let Kafka::There {
        note: Some(note), ..
    } = in_place.look().unwrap().kafka
    else {
        panic!("{made}");
    };
    assert!(note.holds_retention && note.is_made);
    in_place.act(Way::Forth, &Step::LetRetentionGo).unwrap();
    let after = object(&space, "kafka/mirror").unwrap();
    assert!(after["spec"]["kafka"]["config"][DELAY].is_null(), "{after}");
}
