//! Strimzi's resources on a real API server with Strimzi's own definitions,
//! stopped and put back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use slackwater_kubernetes::{ApiServer, Makers, MakersError, Place, Resource, StrimziMirror};
use slackwater_strimzi::{ApiVersion, Desired, MirrorMaker};

use crate::common::{account, mirror, namespace, plane, server};

const KIND: &str = "kafkamirrormaker2s";

/// For which Kafka they are held.
const KAFKA: &str = "kafka/mirror";

/// Two sources, three connectors; a state stands at one of them.
fn feeder(namespace: &str, name: &str, target: &str) -> String {
    format!(
        "
apiVersion: kafka.strimzi.io/v1
kind: KafkaMirrorMaker2
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  replicas: 1
  target:
    alias: mirror
    bootstrapServers: {target}
    groupId: mm2
    configStorageTopic: mm2-configs
    offsetStorageTopic: mm2-offsets
    statusStorageTopic: mm2-status
  mirrors:
    - source: {{alias: east, bootstrapServers: 'east:9092'}}
      sourceConnector: {{tasksMax: 2}}
      checkpointConnector: {{state: paused}}
    - source: {{alias: west, bootstrapServers: 'west:9092'}}
      sourceConnector: {{state: running}}
"
    )
}

fn spec(namespace: &str, name: &str) -> Value {
    let found = plane().kubectl(&["get", KIND, name, "-n", namespace, "-o", "json"]);
    let object: Value = serde_json::from_str(&found.unwrap()).unwrap();
    object["spec"].clone()
}

/// A mirror with one feeder, which is found.
fn scene(namespace: &str) -> (Makers, MirrorMaker) {
    let makers = Makers::discover(server()).unwrap();
    mirror(namespace);
    plane()
        .apply(&feeder(namespace, "feeder", "mirror-kafka-bootstrap:9092"))
        .unwrap();
    let kafka = makers.kafka(namespace, "mirror").unwrap();
    let mut found = makers.candidates(&kafka, &[namespace.to_owned()]).unwrap();
    assert_eq!(found.len(), 1);
    (makers, found.remove(0))
}

fn all(maker: &MirrorMaker, desired: Desired) -> bool {
    let mut each = maker.connectors();
    each.all(|one| one.desired() == desired)
}

#[test]
fn connectors_are_stopped_and_put_back_as_they_were() {
    let space = namespace("put-back");
    let (makers, before) = scene(&space);
    assert_eq!(makers.version(), ApiVersion::V1);
    let found = spec(&space, "feeder");
    let held = makers.stop(&before, KAFKA).unwrap();
    assert!(all(&held, Desired::Stopped));
    assert_ne!(spec(&space, "feeder"), found);
    // Twice is as good as once.
    makers.stop(&before, KAFKA).unwrap();
    makers.put_back(&before).unwrap();
    assert_eq!(spec(&space, "feeder"), found);
    makers.put_back(&before).unwrap();
    assert_eq!(spec(&space, "feeder"), found);
}

#[test]
fn what_somebody_says_meanwhile_is_left_alone() {
    let space = namespace("meanwhile");
    let (makers, before) = scene(&space);
    makers.stop(&before, KAFKA).unwrap();
    let patch = r#"[{"op": "replace", "path": "/spec/mirrors/1/sourceConnector/state", "value": "paused"}]"#;
    let args = [
        "patch",
        KIND,
        "feeder",
        "-n",
        &space,
        "--type=json",
        "-p",
        patch,
    ];
    plane().kubectl(&args).unwrap();
    makers.put_back(&before).unwrap();
    let after = spec(&space, "feeder");
    assert_eq!(after["mirrors"][1]["sourceConnector"]["state"], "paused");
    assert_eq!(after["mirrors"][0]["sourceConnector"].get("state"), None);
}

#[test]
fn a_source_that_somebody_took_out_meanwhile_does_not_keep_the_others_stopped() {
    let space = namespace("taken-out");
    let (makers, before) = scene(&space);
    let found = spec(&space, "feeder");
    makers.stop(&before, KAFKA).unwrap();
    let patch = r#"[{"op": "remove", "path": "/spec/mirrors/1"}]"#;
    let args = [
        "patch",
        KIND,
        "feeder",
        "-n",
        &space,
        "--type=json",
        "-p",
        patch,
    ];
    plane().kubectl(&args).unwrap();
    let error = makers.put_back(&before).unwrap_err().to_string();
    assert!(
        error.contains("no west->mirror.MirrorSourceConnector any more"),
        "{error}"
    );
    assert_eq!(spec(&space, "feeder")["mirrors"][0], found["mirrors"][0]);
}

/// Between two writes: an operator's are seconds apart. One in ten of the hundred patches
/// meets one on an idle machine, and one in two on a busy one.
const PAUSE: Duration = Duration::from_millis(40);

#[test]
fn whoever_writes_into_the_resource_all_the_time_does_not_keep_a_stop_from_being_made() {
    let space = namespace("busy-feeder");
    let (makers, before) = scene(&space);
    let found = spec(&space, "feeder");
    let place = Place::new(Resource::mirror_makers(ApiVersion::V1), &space, "feeder").unwrap();
    let over = AtomicBool::new(false);
    let write = |server: &ApiServer| {
        // Each gives it another resourceVersion, as the operator's do.
        for n in (1..100_000).take_while(|_| !over.load(Ordering::Relaxed)) {
            let value = n.to_string();
            server.annotate(&place, "n", Some(&value)).unwrap();
            thread::sleep(PAUSE);
        }
    };
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(&server()));
        let held = (0..50).try_for_each(|_| {
            makers.stop(&before, KAFKA)?;
            makers.put_back(&before).map(drop)
        });
        over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        held.unwrap();
    });
    assert_eq!(spec(&space, "feeder"), found);
}

#[test]
fn another_resource_of_the_same_name_is_left_alone() {
    let space = namespace("another");
    let (makers, before) = scene(&space);
    makers.stop(&before, KAFKA).unwrap();
    plane()
        .kubectl(&["delete", KIND, "feeder", "-n", &space])
        .unwrap();
    let gone = makers.put_back(&before).unwrap_err();
    assert!(matches!(gone, MakersError::Missing(_)), "{gone}");
    plane()
        .apply(&feeder(&space, "feeder", "mirror-kafka-bootstrap:9092"))
        .unwrap();
    let other = makers.put_back(&before).unwrap_err().to_string();
    assert!(other.contains("was deleted and made anew"), "{other}");
    let other = makers.pause(&before, KAFKA).unwrap_err().to_string();
    assert!(other.contains("was deleted and made anew"), "{other}");
}

#[test]
fn only_what_writes_to_this_cluster_is_a_candidate() {
    let (space, other) = (namespace("candidates"), namespace("candidates-2"));
    let (makers, _) = scene(&space);
    plane()
        .apply(&feeder(&space, "elsewhere", "other-kafka-bootstrap:9092"))
        .unwrap();
    plane()
        .apply(&feeder(
            &other,
            "far",
            "mirror-kafka-bootstrap.candidates.svc:9092",
        ))
        .unwrap();
    // The short form means its own namespace's.
    plane()
        .apply(&feeder(&other, "near", "mirror-kafka-bootstrap:9092"))
        .unwrap();
    let kafka = makers.kafka(&space, "mirror").unwrap();
    let found = makers.candidates(&kafka, &[space, other]).unwrap();
    let names: Vec<_> = found.iter().map(|one| one.meta.to_string()).collect();
    assert_eq!(names, ["candidates/feeder", "candidates-2/far"]);
}

#[test]
fn the_operator_is_told_to_leave_it_alone_and_told_again() {
    let space = namespace("pause");
    let (makers, maker) = scene(&space);
    let paused = || makers.again(&maker).unwrap().meta.is_paused();
    makers.pause(&maker, KAFKA).unwrap();
    makers.pause(&maker, KAFKA).unwrap();
    assert!(paused());
    makers.unpause(&maker).unwrap();
    makers.unpause(&maker).unwrap();
    assert!(!paused());
    // One whom its user told so is left so.
    let args = ["annotate", KIND, "feeder", "-n", &space];
    let pause = ["strimzi.io/pause-reconciliation=true"];
    plane().kubectl(&[&args[..], &pause].concat()).unwrap();
    makers.pause(&maker, KAFKA).unwrap();
    makers.unpause(&maker).unwrap();
    assert!(paused());
}

#[test]
fn what_is_held_is_found_and_let_go_by_its_notes_though_its_kafka_is_gone() {
    let space = namespace("held-for");
    let (makers, state) = scene(&space);
    let before = spec(&space, "feeder");
    let other = feeder(&space, "other", "elsewhere:9092");
    plane().apply(&other).unwrap();
    let found = |name: &str| {
        let held = makers
            .held_for(KAFKA, std::slice::from_ref(&space))
            .unwrap();
        held.iter().any(|one| one.meta.name == name)
    };
    assert!(!found("feeder"));
    makers.stop(&state, KAFKA).unwrap();
    assert!(found("feeder") && !found("other"));
    let others = makers.held_for("kafka/another", std::slice::from_ref(&space));
    assert!(others.unwrap().is_empty());
    plane()
        .kubectl(&["delete", "kafka", "mirror", "-n", &space])
        .unwrap();

    let mirror = || {
        let spaces = std::slice::from_ref(&space);
        StrimziMirror::held_for(&server(), makers.clone(), KAFKA, spaces).unwrap()
    };
    mirror().let_go().unwrap();
    assert_eq!(spec(&space, "feeder"), before);
    assert!(!found("feeder"));
    // By the other way.
    makers.pause(&state, KAFKA).unwrap();
    assert!(found("feeder"));
    mirror().let_go().unwrap();
    assert!(!found("feeder"));
    assert_eq!(mirror().makers().count(), 0);
    assert!(!makers.again(&state).unwrap().meta.is_paused());
}

/// As a shell splits it.
fn words(line: &str) -> Vec<String> {
    let printed = format!("kubectl() {{ printf '%s\\n' \"$@\"; }}; {line}");
    let shell = std::process::Command::new("sh")
        .args(["-c", &printed])
        .output();
    let out = shell.unwrap().stdout;
    let words = std::str::from_utf8(&out).unwrap().lines();
    words.map(str::to_owned).collect()
}

#[test]
fn the_lines_that_are_printed_let_a_held_mirror_go_by_kubectl_alone() {
    let space = namespace("by-hand");
    let (makers, state) = scene(&space);
    let before = spec(&space, "feeder");
    let notes = || makers.again(&state).unwrap().meta.held().is_some();
    for by_state in [true, false] {
        match by_state {
            true => makers.stop(&state, KAFKA).unwrap(),
            false => makers.pause(&state, KAFKA).unwrap(),
        };
        let spaces = std::slice::from_ref(&space);
        let held = StrimziMirror::held_for(&server(), makers.clone(), KAFKA, spaces).unwrap();
        let lines = held.by_hand().unwrap();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let words = words(&lines[0]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        plane().kubectl(&words).unwrap();
        assert_eq!(spec(&space, "feeder"), before);
        assert!(!notes());
        assert!(!makers.again(&state).unwrap().meta.is_paused());
        assert!(held.by_hand().unwrap().is_empty());
    }
}

#[test]
fn a_stranger_that_can_t_be_read_is_no_hindrance_and_one_of_this_mirror_is_named() {
    let space = namespace("strangers");
    let (makers, _) = scene(&space);
    let kafka = makers.kafka(&space, "mirror").unwrap();
    let candidates = || makers.candidates(&kafka, std::slice::from_ref(&space));
    // The same alias twice: nobody can tell its connectors apart.
    let twice = |name: &str, target: &str| feeder(&space, name, target).replace("west", "east");
    plane().apply(&twice("stranger", "elsewhere:9092")).unwrap();
    assert_eq!(candidates().unwrap().len(), 1);
    let own = twice("own", "mirror-kafka-bootstrap:9092");
    plane().apply(&own).unwrap();
    let refused = candidates().unwrap_err().to_string();
    assert!(refused.contains("own"), "{refused}");
}

#[test]
fn for_each_verb_that_is_missing_one_line_names_it_and_the_resource() {
    let space = namespace("makers-rights");
    scene(&space);
    let work = |verbs: &[&str], name: &str| -> Result<(), MakersError> {
        let server = account(
            &space,
            name,
            "kafka.strimzi.io",
            &["kafkas", "kafkamirrormaker2s"],
            verbs,
        );
        let makers = Makers::discover(server)?;
        let kafka = makers.kafka(&space, "mirror")?;
        let found = makers.candidates(&kafka, std::slice::from_ref(&space))?;
        makers.stop(&found[0], KAFKA)?;
        makers.put_back(&found[0])?;
        Ok(())
    };
    work(&["get", "list", "patch"], "whole").unwrap();
    for (verbs, says) in [
        (["list", "patch"], "may not get kafkas.kafka.strimzi.io "),
        (
            ["get", "patch"],
            "may not list kafkamirrormaker2s.kafka.strimzi.io ",
        ),
        (
            ["get", "list"],
            "may not patch kafkamirrormaker2s.kafka.strimzi.io ",
        ),
    ] {
        let name = format!("only-{}", verbs.join("-"));
        let error = work(&verbs, &name).unwrap_err().to_string();
        assert!(error.starts_with(says) && !error.contains('\n'), "{error}");
    }
}
