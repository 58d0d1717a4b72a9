//! What feeds a mirror is deleted while it is held, in whole or in part; and its Kafka's
//! pause is ended by somebody else.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

#[path = "common/stub.rs"]
mod stub;

use serde_json::json;
use slackwater_kubernetes::{Makers, StrimziMirror};
use slackwater_ports::{ConnectorRef, MirrorLook as _, MirrorStart as _, Target, Want};

use stub::{Stub, feeder, held, kafka};

const MIRROR: &str = "kafka/mirror";

fn as_held(stub: &Stub, makers: &Makers) -> StrimziMirror {
    let namespaces = ["kafka".to_owned()];
    StrimziMirror::held_for(&stub.server(), makers.clone(), MIRROR, &namespaces).unwrap()
}

fn want(name: &str) -> Want {
    Want {
        connector: ConnectorRef {
            connect: "kafka/feeder".to_owned(),
            name: name.to_owned(),
        },
        target: Target::Running,
    }
}

fn are_told(mirror: &StrimziMirror) -> bool {
    let wants = ["east->mirror.MirrorSourceConnector"].map(want);
    let answers = mirror.start(&wants);
    answers.iter().all(|one| one.accepted.is_ok())
}

#[test]
fn of_a_resource_that_was_deleted_while_it_was_held_a_resume_finds_nothing_held() {
    let stub = Stub::start();
    let (makers, _) = held(&stub);
    let mirror = as_held(&stub, &makers);
    stub.delete(&feeder());
    // A stop, and whatever looks at one, must not take it for stopped.
    mirror.mirror().unwrap_err();
    assert!(are_told(&mirror));
    assert!(mirror.mirror().unwrap().connectors.is_empty());
    // A guard that comes after it finds none to begin with.
    let mirror = as_held(&stub, &makers);
    mirror.mirror().unwrap_err();
    assert!(are_told(&mirror));
    assert!(mirror.mirror().unwrap().connectors.is_empty());
}

#[test]
fn a_resource_that_is_there_and_gives_no_answer_is_held_still() {
    let stub = Stub::start();
    let (makers, _) = held(&stub);
    let mirror = as_held(&stub, &makers);
    assert!(are_told(&mirror));
    // No pod of it says anything.
    let why = mirror.mirror().unwrap_err();
    assert!(!why.message.is_empty());
    // Let go by somebody, so that whoever comes next finds it by no note: it is there.
    let mirror = as_held(&stub, &makers);
    assert!(!are_told(&mirror));
}

#[test]
fn a_connector_that_its_resource_names_no_more_is_asked_for_in_vain_once() {
    let stub = Stub::start();
    let (makers, _) = held(&stub);
    let mirror = as_held(&stub, &makers);
    stub.change(&feeder(), |object| {
        let mirrors = object["spec"]["mirrors"].as_array_mut().unwrap();
        mirrors.retain(|one| one["source"]["alias"] != "east");
        object["metadata"]["resourceVersion"] = json!("50000");
    });
    assert!(are_told(&mirror), "nothing says any more that there is it");
    let now = stub.get(&feeder()).unwrap();
    assert_eq!(
        now["spec"]["mirrors"][0]["sourceConnector"]["state"],
        "running"
    );
}

#[test]
fn that_a_kafka_is_left_alone_still_is_one_look_that_waits_for_nobody() {
    let stub = Stub::start();
    let (makers, _) = held(&stub);
    let mirror = as_held(&stub, &makers);
    let pause = |annotation: &str, said: &str| {
        stub.change(&kafka(), |object| {
            let meta = &mut object["metadata"];
            meta["annotations"] = json!({"strimzi.io/pause-reconciliation": annotation});
            object["status"]["conditions"] =
                json!([{"type": "ReconciliationPaused", "status": said}]);
        });
    };
    pause("true", "True");
    stub.asked();
    mirror.leaves_kafka_alone().unwrap();
    // Its condition stays there for a while after a pause.
    pause("false", "True");
    let why = mirror.leaves_kafka_alone().unwrap_err();
    assert!(
        why.message.contains("kafka/mirror is not paused any more"),
        "{why:?}"
    );
    pause("true", "False");
    mirror.leaves_kafka_alone().unwrap_err();
    assert_eq!(stub.asked(), vec![format!("GET {}", kafka()); 3]);
    // Where it was to be left to its operator nothing is asked.
    mirror.leave_kafka();
    mirror.leaves_kafka_alone().unwrap();
    assert!(stub.asked().is_empty());
}
