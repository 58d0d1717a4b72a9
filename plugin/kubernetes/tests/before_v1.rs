//! A Strimzi that serves `v1beta2` alone, by its own definitions on a real API
//! server: found out, read in its own layout, and put back as it was.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use std::sync::OnceLock;

use serde_json::Value;
use slackwater_kubernetes::{ApiServer, Makers, StrimziMirror};
use slackwater_lab::kubernetes::{ControlPlane, Strimzi};
use slackwater_strimzi::{ApiVersion, Desired, MirrorMaker};

const KIND: &str = "kafkamirrormaker2s";
const KAFKA: &str = "kafka/mirror";
const SPACE: &str = "kafka";

/// It goes with the process.
fn plane() -> &'static ControlPlane {
    static PLANE: OnceLock<ControlPlane> = OnceLock::new();
    PLANE.get_or_init(|| {
        let plane = ControlPlane::start_with("v1beta2", Strimzi::V1Beta2).unwrap();
        plane.kubectl(&["create", "namespace", SPACE]).unwrap();
        plane.apply(MIRROR).unwrap();
        plane
    })
}

const MIRROR: &str = "
apiVersion: kafka.strimzi.io/v1beta2
kind: Kafka
metadata: {name: mirror, namespace: kafka}
spec:
  kafka:
    listeners:
      - {name: plain, port: 9092, type: internal, tls: false}
";

/// The target is one of the clusters, and what they are called stands beside them.
fn feeder(name: &str, target: &str) -> String {
    format!(
        "
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaMirrorMaker2
metadata: {{name: {name}, namespace: {SPACE}}}
spec:
  replicas: 1
  connectCluster: mirror
  clusters:
    - {{alias: east, bootstrapServers: 'east:9092'}}
    - {{alias: mirror, bootstrapServers: '{target}'}}
  mirrors:
    - sourceCluster: east
      targetCluster: mirror
      sourceConnector: {{tasksMax: 2}}
      checkpointConnector: {{pause: true}}
"
    )
}

fn makers() -> Makers {
    let server = ApiServer::connect(Some(plane().kubeconfig())).unwrap();
    Makers::discover(server).unwrap()
}

fn spec(name: &str) -> Value {
    let found = plane().kubectl(&["get", KIND, name, "-n", SPACE, "-o", "json"]);
    let object: Value = serde_json::from_str(&found.unwrap()).unwrap();
    object["spec"].clone()
}

/// One that feeds the mirror, which is found.
fn fed_by(name: &str) -> (Makers, MirrorMaker) {
    let makers = makers();
    plane()
        .apply(&feeder(name, "mirror-kafka-bootstrap:9092"))
        .unwrap();
    let kafka = makers.kafka(SPACE, "mirror").unwrap();
    let found = makers.candidates(&kafka, &[SPACE.to_owned()]).unwrap();
    let found = found.into_iter().find(|one| one.meta.name == name);
    (makers, found.unwrap())
}

fn desired(maker: &MirrorMaker) -> Vec<Desired> {
    maker.connectors().map(|one| one.desired()).collect()
}

#[test]
fn it_is_found_out_and_who_feeds_the_mirror_is_read_in_its_layout() {
    let (makers, maker) = fed_by("read");
    assert_eq!(makers.version(), ApiVersion::V1Beta2);
    assert_eq!(desired(&maker), [Desired::Running, Desired::Paused]);
    plane()
        .apply(&feeder("elsewhere", "other-kafka-bootstrap:9092"))
        .unwrap();
    let kafka = makers.kafka(SPACE, "mirror").unwrap();
    let found = makers.candidates(&kafka, &[SPACE.to_owned()]).unwrap();
    let named = |name: &str| found.iter().any(|one| one.meta.name == name);
    assert!(named("read") && !named("elsewhere"));
}

#[test]
fn both_ways_to_stop_leave_its_spec_as_it_was() {
    let (makers, before) = fed_by("stopped");
    let found = spec("stopped");
    let held = makers.stop(&before, KAFKA).unwrap();
    assert_eq!(desired(&held), [Desired::Stopped, Desired::Stopped]);
    // The definition has both words, and the older one would not hold.
    let states = spec("stopped")["mirrors"][0].clone();
    for connector in ["sourceConnector", "checkpointConnector"] {
        assert_eq!(states[connector]["state"], "stopped", "{states}");
    }
    makers.put_back(&before).unwrap();
    assert_eq!(spec("stopped"), found);

    let paused = makers.pause(&before, KAFKA).unwrap();
    assert!(paused.meta.is_paused());
    assert_eq!(spec("stopped"), found);
    makers.unpause(&before).unwrap();
    assert!(!makers.again(&before).unwrap().meta.is_paused());
}

#[test]
fn what_is_held_is_let_go_by_its_notes() {
    let (makers, before) = fed_by("held");
    let found = spec("held");
    makers.stop(&before, KAFKA).unwrap();
    let server = ApiServer::connect(Some(plane().kubeconfig())).unwrap();
    let space = [SPACE.to_owned()];
    let mirror = StrimziMirror::held_for(&server, makers, KAFKA, &space).unwrap();
    assert!(mirror.by_hand().unwrap().iter().any(|line| {
        let kind = "kafkamirrormaker2s.v1beta2.kafka.strimzi.io";
        line.starts_with(&format!("kubectl patch {kind} held --namespace kafka"))
    }));
    mirror.let_go().unwrap();
    assert_eq!(spec("held"), found);
}
