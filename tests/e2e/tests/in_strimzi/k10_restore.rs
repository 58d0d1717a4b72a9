//! Restores that K10 makes, with the hooks around them; and on another cluster, where
//! nothing is known but what is in the restore point.

use slackwater_cut::{ClaimName, Verdict};

use crate::ground::names;
use crate::k10_stand_in::{How, RestorePoint};
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

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::fs;

            use serde_json::Value;
            use slackwater_cut::State;
            use slackwater_stand_ins::CLASS;

            use super::super::super::{must_be_proven, restore_here};
            use crate::clone_by_hand::stand_for;
            use crate::ground::names;
            use crate::k10_stand_in::{
                How, backed_up, exported, hook, opted_in, person, retire, snapshots,
            };
            use crate::place::{Place, mirror, turn};

            #[test]
            fn a_restore_point_before_the_last_is_restored_in_place_and_the_way_back_is_there() {
                let mut place = turn();
                opted_in(&mut place);
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
                hook(&place, "afterRestore").unwrap();
                must_be_proven(&place, &first);
                assert!(place.volumes().is_disjoint(&volumes));
                place.must_be_let_go(&feeder);
                place.must_be_equal();

                let back = ["restore", &first, "--undo", "--kafka", &mirror()];
                let back = place.task_as("slackwater-restore", &back).expect(0);
                println!("{}", back.said);
                assert_eq!(place.volumes(), volumes);
                place.must_be_let_go(&feeder);
                place.must_be_equal();
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
                hook(&place, "afterRestore").unwrap();
                must_be_proven(&place, &run);
                place.must_be_equal();
                assert!(place.volumes().is_disjoint(&volumes));
                let gc = ["gc", "--kept-volumes", "--kafka", &mirror()];
                place.task_as("slackwater-restore", &gc).expect(0);
                retire(&place, &made);
                retire(&place, &later);
            }

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
                    match with_status {
                        false => hook(&place, "afterRestore").unwrap(),
                        true => by_hand_with_the_closed_cut(&mut place, &run, &closed),
                    }
                    must_be_proven(&place, &run);
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
                // No backup of one that is not fed.
                let backup = ["backup", "--kafka", &kafka];
                let said = place.task(&backup).expect(4).said;
                assert!(said.contains("is under way"), "{said}");
                let ran = place.task_as(restorer, &restore).expect(0);
                println!("{}", ran.said);
            }
        }
    }
}
