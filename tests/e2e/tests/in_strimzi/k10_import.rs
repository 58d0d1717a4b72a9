//! Restore points on another cluster, where nothing is known but what is in them.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::fs;

            use serde_json::{Value, json};
            use slackwater_cut::State;
            use slackwater_stand_ins::CLASS;

            use crate::clone_by_hand::stand_for;
            use crate::ground::names;
            use crate::k10_restore::must_be_proven;
            use crate::k10_restore_point::{How, capture};
            use crate::k10_stand_in::{backed_up, exported, hook, opted_in, person, retire};
            use crate::place::{Place, mirror, turn};

            /// What another cluster does not have: the mirror, its Lease, what is kept of
            /// it. The source stays; it can be reached.
            fn become_another_cluster(place: &Place) {
                let lose = |what: &[&str]| {
                    let words = [&["delete", "--ignore-not-found"], what].concat();
                    place.space(&words).unwrap();
                };
                // What was restored has no owner with which it would go.
                lose(&["kafkamirrormaker2", "feeder"]);
                lose(&["kafka", "mirror"]);
                for which in ["cluster-ca", "clients-ca"] {
                    let key = format!("mirror-{which}");
                    lose(&["secret", &key, &format!("{key}-cert")]);
                }
                place.delete_mirror();
                // It is collected behind its owners, and the other cluster never had it.
                place.until("what the operator made to be gone", || {
                    place.names("configmap", "mirror-dual").is_empty()
                        && place.names("service", "mirror-kafka").is_empty()
                });
                place
                    .space(&["delete", "lease", "--all", "--ignore-not-found"])
                    .unwrap();
                let ours = "app.kubernetes.io/name=slackwater";
                place
                    .own(&["delete", "configmap,secret,pod", "-l", ours])
                    .unwrap();
                let volumes = ["delete", "pv", "-l", "slackwater.io/kept-before"];
                place.kubectl(&volumes).unwrap();
            }

            /// Snapshots on the other cluster that stand for them.
            fn imported(place: &Place, exported: &[Value], of: &str) {
                for one in exported {
                    let name = format!("{of}-{}", one["claim"].as_str().unwrap());
                    stand_for(place, &names().space, &name, one);
                }
            }

            #[test]
            fn on_another_cluster_a_restore_point_is_shown_to_be_what_was_sealed_and_goes_on() {
                let mut place = turn();
                opted_in(&mut place);
                let (run, point, made) = backed_up(&mut place, "moved");
                let id = place.object("kafka/mirror")["status"]["clusterId"].clone();
                let export = ["cut", "export", &run, "--kafka", &mirror()];
                let closed = person(&place, &export).unwrap();
                let data = exported(&place, &made);
                for (round, with_status) in [false, true].into_iter().enumerate() {
                    become_another_cluster(&place);
                    // The source does not stop for it.
                    place.load(90, 20);
                    // Nothing is in the way.
                    hook(&place, "beforeRestore").unwrap();
                    let of = format!("import-{round}");
                    imported(&place, &data, &of);
                    let how = How {
                        into: &names().space,
                        snapshot_of: &|claim| format!("{of}-{claim}"),
                        class: Some(CLASS),
                        with_status,
                    };
                    point.restore(&place, &how);
                    assert!(matches!(place.cut(&run).state, State::Sealed));
                    // What the operator makes is its own to make.
                    for (kind, of) in [("configmap", "mirror-dual"), ("service", "mirror-kafka")] {
                        assert_eq!(place.names(kind, of), Vec::<String>::new());
                    }
                    // A policy of that cluster is due in between: there is nothing to back up,
                    // and what was restored is still held against its seal.
                    hook(&place, "beforeBackup").unwrap_err();
                    assert!(matches!(place.cut(&run).state, State::Sealed));
                    match with_status {
                        false => after_restore_beside_a_claim_of_old(&place),
                        true => by_hand_with_the_closed_cut(&mut place, &run, &closed),
                    }
                    must_be_proven(&place, &run);
                    let made = place.names("configmap", "mirror-dual");
                    assert_eq!(made.len(), 3, "{made:?}");
                    let kafka = place.object("kafka/mirror");
                    assert_eq!(kafka["status"]["clusterId"], id);
                    // Nor is anything left of how it was backed up, or waited.
                    let notes = kafka["metadata"]["annotations"].as_object();
                    let ours = |key: &&String| {
                        key.starts_with("slackwater.io/") || key.contains("pause-reconciliation")
                    };
                    let mut keys = notes.into_iter().flat_map(|notes| notes.keys());
                    assert_eq!(keys.find(ours), None);
                    place.until("the mirror to run", || place.is_running());
                    place.must_be_equal();
                    let snapshots: Vec<String> = data
                        .iter()
                        .map(|one| format!("{of}-{}", one["claim"].as_str().unwrap()))
                        .collect();
                    retire(&place, &snapshots);
                }
            }

            /// Of a node which there is no more a claim may be left, and the cut of its last
            /// backup not.
            fn after_restore_beside_a_claim_of_old(place: &Place) {
                let claim = json!({
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {
                        "name": "data-0-mirror-dual-9",
                        "namespace": names().space,
                        "labels": {"strimzi.io/cluster": "mirror"},
                        "annotations": {"slackwater.io/sealed-by": "kafka-mirror-1700000000000-1"},
                    },
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "storageClassName": "nobodys",
                        "resources": {"requests": {"storage": "1Gi"}},
                    },
                });
                place.ground.apply(&claim.to_string());
                hook(place, "afterRestore").unwrap();
                place
                    .space(&["delete", "pvc", "data-0-mirror-dual-9"])
                    .unwrap();
            }

            /// As the runbook has it: the exported cut is brought along, the mirror is
            /// shown to be it, and fed when somebody says so.
            fn by_hand_with_the_closed_cut(place: &mut Place, run: &str, closed: &str) {
                let kafka = mirror();
                let restorer = "slackwater-restore";
                let file = place.lab().cluster().folder().join("carried.json");
                fs::write(&file, closed).unwrap();
                let file = file.display().to_string();
                let import = ["cut", "import", &file, "--kafka", &kafka];
                let said = person(place, &import).unwrap();
                println!("{said}");
                assert!(said.contains("is closed here now"), "{said}");
                let restore = ["restore", run, "--on-claims", "--kafka", &kafka];
                let unfed = [&restore[..], &["--no-feed"]].concat();
                let ran = place.task_as(restorer, &unfed).expect(0).said;
                println!("{ran}");
                assert!(ran.contains("stays stopped"), "{ran}");
                assert!(matches!(place.cut(run).state, State::Closed { .. }));
                assert!(place.names("pod", "feeder").is_empty());
                // As a drill has it: against its source, while nothing feeds it.
                let compare = ["compare", "--up-to", run, "--kafka", &kafka];
                let ran = place.task(&compare).expect(0);
                println!("{}", ran.said);
                assert!(
                    ran.said
                        .contains("0 missing, 0 extra, 0 out of order, 0 duplicates"),
                    "{}",
                    ran.said
                );
                // No backup of one that is not fed.
                let backup = ["backup", "--kafka", &kafka];
                let said = place.task(&backup).expect(4).said;
                assert!(said.contains("is under way"), "{said}");
                let ran = place.task_as(restorer, &restore).expect(0);
                println!("{}", ran.said);
            }

            #[test]
            fn where_the_source_does_not_answer_an_import_is_shown_to_be_the_cut_and_waits_for_it()
            {
                let mut place = turn();
                opted_in(&mut place);
                let (run, point, made) = backed_up(&mut place, "far");
                place.must_be_equal();
                // The next restore point has its cut as it was closed.
                let next = capture(&place);
                let data = exported(&place, &made);
                let frozen = place.freeze("source-single-0");
                become_another_cluster(&place);
                imported(&place, &data, "far");
                let how = How {
                    into: &names().space,
                    snapshot_of: &|claim| format!("far-{claim}"),
                    class: Some(CLASS),
                    with_status: false,
                };
                point.restore(&place, &how);
                assert!(matches!(place.cut(&run).state, State::Sealed));
                next.restore_over(&place, "configmap", &format!("slackwater-{run}-run"));
                assert!(matches!(place.cut(&run).state, State::Closed { .. }));

                // It is shown to be what was backed up, and nothing can feed it.
                let kafka = mirror();
                let restorer = "slackwater-restore";
                let restore = ["restore", &run, "--on-claims", "--kafka", &kafka];
                let ran = place.task_as(restorer, &restore);
                println!("{}: {}", ran.code, ran.said);
                assert_ne!(ran.code, 0);
                assert!(ran.said.contains("--no-feed"), "{}", ran.said);
                must_be_proven(&place, &run);
                let unfed = [&restore[..], &["--no-feed"]].concat();
                let ran = place.task_as(restorer, &unfed).expect(0);
                println!("{}", ran.said);

                drop(frozen);
                let ran = place.task_as(restorer, &restore).expect(0);
                println!("{}", ran.said);
                place.within(15, "the mirror to run", || place.is_running());
                place.produce(100);
                place.must_be_equal();
                for one in &data {
                    retire(&place, &[format!("far-{}", one["claim"].as_str().unwrap())]);
                }
            }
        }
    }
}
