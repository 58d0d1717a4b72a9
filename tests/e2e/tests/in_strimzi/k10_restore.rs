//! Restores that K10 makes, with the hooks around them.

use serde_json::json;
use slackwater_cut::{ClaimName, Verdict};
use slackwater_lab::KAFKA_IMAGE;

use crate::ground::names;
use crate::k10_restore_point::{How, RestorePoint};
use crate::place::Place;

/// On this cluster, from its snapshots.
pub(crate) fn restore_here(place: &Place, point: &RestorePoint, of: &dyn Fn(&str) -> String) {
    let how = How {
        into: &names().space,
        snapshot_of: of,
        class: None,
        with_status: false,
    };
    point.restore(place, &how);
}

pub(crate) fn must_be_proven(place: &Place, run: &str) {
    let cut = place.cut(run);
    for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
        let claim = cut.claims.iter().find(|one| one.name == name);
        println!("{name}: {:?}", claim.map(|one| &one.reason));
        assert_eq!(
            claim.map(|one| one.verdict),
            Some(Verdict::Proven),
            "{name}"
        );
    }
}

/// Of a workload that uses the mirror, and is ready while that answers.
const READER: &str = "reader";

fn start_reader(place: &Place) {
    // 6, 7, 28: there is nobody. What a broker answers to HTTP is another code.
    let asks = "curl -s -m 2 http://mirror-kafka-bootstrap:9092; \
                case $? in 6|7|28) exit 1;; esac";
    let labels = json!({"app": READER});
    let container = json!({
        "name": READER,
        "image": KAFKA_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["sleep", "86400"],
        "readinessProbe": {
            "exec": {"command": ["sh", "-c", asks]},
            "periodSeconds": 3,
            "timeoutSeconds": 3,
        },
    });
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": READER, "namespace": names().space},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
            },
        },
    });
    place.ground.apply(&deployment.to_string());
}

fn is_reader_ready(place: &Place) -> bool {
    let deployment = place.object(&format!("deployment/{READER}"));
    deployment["status"]["availableReplicas"] == 1
}

/// Its pod has asked for the mirror in vain: who waits for it would wait for ever.
fn reader_must_wait(place: &Place) {
    place.until("the reader to find nobody", || {
        let pods = place.list("pod");
        let ours = pods.iter().find(|pod| {
            let meta = &pod["metadata"];
            meta["labels"]["app"] == READER && meta["deletionTimestamp"].is_null()
        });
        let events = place.list("event");
        let mut of_it = events.iter().filter(|one| {
            ours.is_some_and(|pod| one["involvedObject"]["uid"] == pod["metadata"]["uid"])
        });
        of_it.any(|one| one["reason"] == "Unhealthy")
    });
    assert!(!is_reader_ready(place));
}

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use super::super::super::{
                READER, is_reader_ready, must_be_proven, reader_must_wait, restore_here,
                start_reader,
            };
            use crate::k10_stand_in::{backed_up, hook, hook_told, opted_in, retire, snapshots};
            use crate::place::{mirror, turn};

            #[test]
            fn a_restore_point_before_the_last_is_restored_in_place_and_the_way_back_is_there() {
                let mut place = turn();
                opted_in(&mut place);
                start_reader(&place);
                place.until("the reader to be ready", || is_reader_ready(&place));
                let (first, point, made) = backed_up(&mut place, "old");
                place.produce(200);
                let (_, later, made_later) = backed_up(&mut place, "new");
                place.produce(100);
                place.must_be_equal();
                let volumes = place.volumes();
                let feeder = place.feeder();

                place.load(120, 50);
                hook(&place, "beforeRestore").unwrap();
                assert!(place.volumes().is_empty());
                assert!(place.names("pod", "mirror-dual").is_empty());
                // K10 tells it again where something else of its failed.
                hook(&place, "beforeRestore").unwrap();
                // It has restored nothing yet: nothing may start.
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(said.contains("has no claims"), "{said}");
                // And part of it from another restore point.
                let of = |claim: &str| match claim.ends_with("-2") {
                    true => String::new(),
                    false => format!("k10-csi-snap-old-{claim}"),
                };
                restore_here(&place, &point, &of);
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(
                    said.contains("restored the claims data-mirror-dual-2"),
                    "{said}"
                );
                restore_here(&place, &later, &|claim| format!("k10-csi-snap-new-{claim}"));
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(said.contains("from several backups"), "{said}");
                assert!(place.names("pod", "mirror-dual").is_empty());
                place
                    .space(&["delete", "pvc", "data-mirror-dual-2"])
                    .unwrap();
                restore_here(&place, &point, &|claim| format!("k10-csi-snap-old-{claim}"));
                // K10 does not wait for it, and could not.
                reader_must_wait(&place);
                hook(&place, "afterRestore").unwrap();
                must_be_proven(&place, &first);
                assert!(place.volumes().is_disjoint(&volumes));
                place.until("the reader to be ready", || is_reader_ready(&place));
                place.must_be_let_go(&feeder);
                place.must_be_equal();

                let back = ["restore", &first, "--undo", "--kafka", &mirror()];
                let back = place.task_as("slackwater-restore", &back).expect(0);
                println!("{}", back.said);
                assert_eq!(place.volumes(), volumes);
                place.must_be_let_go(&feeder);
                place.must_be_equal();
                place.space(&["delete", "deployment", READER]).unwrap();
                retire(&place, &made);
                retire(&place, &made_later);
            }

            #[test]
            fn what_k10_has_restored_from_a_running_mirror_gets_no_broker() {
                let mut place = turn();
                opted_in(&mut place);
                let (run, point, made) = backed_up(&mut place, "good");
                // Taken later, and said to be of this backup.
                place.produce(100);
                place.must_be_equal();
                // What is only in memory yet is in no snapshot.
                for pod in place.names("pod", "mirror-dual") {
                    place.exec(&pod, "kafka", &["sync"]).unwrap();
                }
                let later = snapshots(&place, "hot");
                let volumes = place.volumes();
                hook(&place, "beforeRestore").unwrap();
                restore_here(&place, &point, &|claim| format!("k10-csi-snap-hot-{claim}"));
                let said = hook(&place, "afterRestore").unwrap_err();
                println!("{said}");
                assert!(said.contains("restored is refuted"), "{said}");
                assert!(place.names("pod", "mirror-dual").is_empty());
                assert!(place.names("pod", "feeder").is_empty());
                // Restored once more, from what it should have been.
                hook(&place, "beforeRestore").unwrap();
                let label = ["delete", "pvc", "-l", "strimzi.io/cluster=mirror"];
                place.space(&label).unwrap();
                restore_here(&place, &point, &|claim| {
                    format!("k10-csi-snap-good-{claim}")
                });
                // As its page has it for a drill: shown to be the cut, and fed by nobody until
                // the hook is told without that.
                hook_told(&place, "afterRestore", "--no-feed").unwrap();
                must_be_proven(&place, &run);
                assert!(place.names("pod", "feeder").is_empty());
                hook(&place, "afterRestore").unwrap();
                place.must_be_equal();
                assert!(place.volumes().is_disjoint(&volumes));
                let gc = ["gc", "--kept-volumes", "--kafka", &mirror()];
                place.task_as("slackwater-restore", &gc).expect(0);
                retire(&place, &made);
                retire(&place, &later);
            }
        }
    }
}
