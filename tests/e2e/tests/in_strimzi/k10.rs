//! The hooks of a policy of K10 around its backups, in K10's order.

use crate::k10_stand_in::documents;

#[test]
fn the_examples_for_k10_name_a_blueprint_and_actions_that_there_are() {
    let policy = &documents("examples/k10-policy.yaml")[0];
    let restore = &documents("examples/k10-restore.yaml")[0];
    let blueprint = &documents("blueprints/k10-policy-hooks.yaml")[0];
    let backup = &policy["spec"]["actions"][0]["backupParameters"]["hooks"];
    for (hooks, count) in [(backup, 3), (&restore["spec"]["hooks"], 2)] {
        let hooks = hooks.as_object().unwrap();
        assert_eq!(hooks.len(), count);
        for (name, hook) in hooks {
            assert_eq!(hook["blueprint"], blueprint["metadata"]["name"], "{name}");
            let action = &blueprint["actions"][hook["actionName"].as_str().unwrap()];
            assert_eq!(action["kind"], "Namespace", "{name}");
        }
    }
}

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use slackwater_cut::{ClaimName, State};
            use slackwater_stand_ins::SNAPSHOT_CLASS;

            use crate::ground::names;
            use crate::k10_stand_in::{
                define, documents, hook, hook_status, is_ready, opted_in, person, proven, retire,
                snapshot, snapshots,
            };
            use crate::place::{Place, mirror, turn};
            use crate::roles::{Role, Taken};

            #[test]
            fn snapshots_that_k10_makes_are_a_proven_cut_and_the_mirror_runs_before_k10_is_done() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                // One from before counts for nothing.
                snapshot(&place, "somebodys-before", "data-mirror-dual-0");
                place.until("it to be ready", || is_ready(&place, "somebodys-before"));
                place.load(90, 50);
                hook(&place, "beforeBackup").unwrap();
                assert!(!place.is_running());
                // What K10 collects next: the sealed cut.
                let run = place.newest();
                assert!(matches!(place.cut(&run).state, State::Sealed));
                let made = snapshots(&place, "one");
                // Nobody has told it that K10 is done.
                place.must_be_let_go(&feeder);
                let done = hook_status(&place, "afterBackup").unwrap().to_string();
                assert!(done.contains(r#""resumedBy":"guard""#), "{done}");
                // It is not waited for.
                let cut = proven(&place, &run, Duration::from_secs(1));
                let resumed: Vec<&str> = cut
                    .lease
                    .iter()
                    .map(|one| one.event.as_str())
                    .filter(|event| event.starts_with("resumed"))
                    .collect();
                assert_eq!(resumed, ["resumed: every volume was snapshotted"]);
                let taken = cut.snapshot.unwrap();
                assert_eq!((taken.volumes.len(), taken.identities.len()), (3, 3));
                for (one, identity) in taken.volumes.iter().zip(&taken.identities) {
                    assert!(one.handle.contains("/k10-csi-snap-one-"), "{}", one.handle);
                    assert!(identity.content.is_some() && identity.stored_as.is_some());
                }
                // Told again it has nothing to do.
                hook(&place, "afterBackup").unwrap();
                hook(&place, "afterFailure").unwrap();
                assert!(!place.is_void(&run));
                // Another policy's, of a mirror that runs: that one is no cut.
                snapshot(&place, "k10-csi-snap-other-policy", "data-mirror-dual-0");
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(said.contains("two snapshots of volume"), "{said}");
                assert!(matches!(place.cut(&run).state, State::Closed { .. }));
                retire(&place, &["k10-csi-snap-other-policy".to_owned()]);
                place.must_be_equal();
                retire(&place, &made);
                // And K10's are K10's: what it retires goes.
                place.until("their contents to be gone", || {
                    let all = place.list("volumesnapshotcontents");
                    !all.iter()
                        .any(|one| one.to_string().contains("k10-csi-snap-one"))
                });
                retire(&place, &["somebodys-before".to_owned()]);
            }

            #[test]
            fn a_volume_that_k10_snapshots_again_behind_the_resume_voids_the_cut_and_fails_the_hook()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let mut made = snapshots(&place, "two");
                place.must_be_let_go(&feeder);
                // It failed at something, and takes this one anew.
                snapshot(&place, "k10-csi-snap-again", "data-mirror-dual-1");
                made.push("k10-csi-snap-again".to_owned());
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(
                    said.contains("two snapshots of volume data-mirror-dual-1"),
                    "{said}"
                );
                assert!(place.is_void(&run));
                assert!(place.is_running());
                // It is told again, and the answer is the same.
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(said.contains("is void"), "{said}");
                retire(&place, &made);
            }

            #[test]
            fn one_in_the_place_of_another_is_no_confirmation() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = snapshots(&place, "three");
                place.must_be_let_go(&feeder);
                // Of the same name, and of a mirror that runs.
                let name = made.iter().find(|name| name.ends_with("mirror-dual-2"));
                retire(&place, &[name.unwrap().clone()]);
                snapshot(&place, name.unwrap(), "data-mirror-dual-2");
                place.until("it to be ready", || is_ready(&place, name.unwrap()));
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(said.contains("not the one that was cut"), "{said}");
                assert!(place.is_void(&run));
                place.must_have_told("BackupVoided", &run);
                retire(&place, &made);
            }

            #[test]
            fn where_k10_makes_none_or_fails_the_mirror_runs_and_nothing_is_proven() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                assert!(!place.is_running());
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(
                    said.contains("not every volume of the mirror has a VolumeSnapshot"),
                    "{said}"
                );
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);

                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                hook(&place, "afterFailure").unwrap();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                // A preHook that K10 runs again, though the first has stopped the mirror.
                hook(&place, "beforeBackup").unwrap();
                let first = place.newest();
                hook(&place, "beforeBackup").unwrap();
                let second = place.newest();
                assert_ne!(first, second);
                assert!(place.is_void(&first) && !place.is_void(&second));
                hook(&place, "afterFailure").unwrap();
                place.must_be_let_go(&feeder);
                place.must_be_equal();
            }

            #[test]
            fn where_k10_is_cancelled_and_no_hook_comes_the_mirror_runs_again_by_the_deadline() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let space = names().space.clone();
                let before = [
                    "hook",
                    "beforeBackup",
                    "--namespace",
                    &space,
                    "--window",
                    "60",
                ];
                let run = place.task(&before).expect(0).output("runId");
                assert!(!place.is_running());
                place.until("a part of it to pass", || {
                    thread::sleep(Duration::from_secs(45));
                    true
                });
                place.must_be_let_go(&feeder);
                place.until("the run to be void", || place.is_void(&run));
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(said.contains("is void"), "{said}");
            }

            #[test]
            fn what_k10_would_swallow_is_found_in_the_cluster_and_named() {
                let mut place = turn();
                opted_in(&mut place);
                let doctor = |place: &Place| person(place, &["doctor", "--k10"]);
                let said = doctor(&place).unwrap_err();
                assert!(said.contains("K10 is not installed here"), "{said}");
                place
                    .kubectl(&["create", "namespace", "kasten-io"])
                    .unwrap();
                define(&place, "config.kio.kasten.io", "Policy", "policies");
                define(&place, "cr.kanister.io", "Blueprint", "blueprints");
                let mut blueprint = documents("blueprints/k10-policy-hooks.yaml").remove(0);
                blueprint["metadata"]["namespace"] = "kasten-io".into();
                place.ground.apply(&blueprint.to_string());
                let mut policy = documents("examples/k10-policy.yaml").remove(0);
                place.ground.apply(&policy.to_string());
                let said = doctor(&place).unwrap_err();
                for wrong in [
                    "no policy of K10 is for namespace kafka",
                    "is-snapshot-class",
                ] {
                    assert!(said.contains(wrong), "{said}");
                }
                let of = &mut policy["spec"]["selector"]["matchLabels"];
                of["k10.kasten.io/appNamespace"] = names().space.as_str().into();
                policy["spec"]["actions"][0]["backupParameters"]["hooks"]["preHook"]["actionName"] =
                    "beforebackup".into();
                place.ground.apply(&policy.to_string());
                let class = format!("volumesnapshotclass/{SNAPSHOT_CLASS}");
                let taken = "k10.kasten.io/is-snapshot-class=true";
                place.kubectl(&["annotate", &class, taken]).unwrap();
                let said = doctor(&place).unwrap_err();
                assert!(said.contains("`beforeBackup` is meant"), "{said}");
                policy["spec"]["actions"][0]["backupParameters"]["hooks"]["preHook"]["actionName"] =
                    "beforeBackup".into();
                place.ground.apply(&policy.to_string());
                let said = doctor(&place).unwrap();
                assert!(said.contains("nothing was found"), "{said}");
                for what in [
                    "crd/policies.config.kio.kasten.io",
                    "crd/blueprints.cr.kanister.io",
                    "namespace/kasten-io",
                ] {
                    place.kubectl(&["delete", what]).unwrap();
                }
            }

            #[test]
            fn each_verb_of_the_hooks_role_is_needed_and_named_before_anything_is_stopped() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let role = Role::of_cluster(&place, "slackwater-hooks");
                let rights = role.rights();
                assert_eq!(rights.len(), 2);
                for right in &rights {
                    let taken = Taken::away(&place, &[&role], right);
                    let said = hook(&place, "beforeBackup").unwrap_err();
                    drop(taken);
                    let line = right.named_in(&said);
                    println!(
                        "{}",
                        line.unwrap_or_else(|| panic!("{}: {said}", right.words()))
                    );
                    assert!(place.is_running());
                    place.must_be_let_go(&feeder);
                }
            }

            #[test]
            fn without_a_mirror_that_is_opted_in_the_hook_says_what_is_missing() {
                let mut place = turn();
                place
                    .space(&["label", "kafka", "mirror", "slackwater.io/mirror-"])
                    .unwrap();
                let said = hook(&place, "beforeBackup").unwrap_err();
                assert!(said.contains("slackwater.io/mirror=true"), "{said}");
                let _ = (mirror(), ClaimName::Still);
                place.task(&["status", "--kafka", &mirror()]).expect(0);
            }
        }
    }
}
