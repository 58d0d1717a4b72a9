//! Bound hooks that die, fail, or never come: there is none that says so.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use serde_json::{Map, json};
            use slackwater_cut::State;
            use slackwater_stand_ins::SNAPSHOT_CLASS;

            use crate::ground::names;
            use crate::k10_stand_in::{define, documents, person, retire};
            use crate::place::{Place, Ran, mirror, turn};
            use crate::stand_in::{
                Now, backup, hook, joined, opted_in, runs, snapshots, workloads,
            };

            /// A hook as a pod that is waited for by nobody: its name.
            fn begin(place: &mut Place, action: &str, pool: &str, more: &[&str]) -> String {
                let kafka = mirror();
                let args = ["hook", action, "--kafka", &kafka, "--pool", pool];
                place.begin("slackwater", &[&args[..], more].concat())
            }

            fn task(place: &mut Place, action: &str, pool: &str, more: &[&str]) -> Ran {
                let kafka = mirror();
                let args = ["hook", action, "--kafka", &kafka, "--pool", pool];
                place.task(&[&args[..], more].concat())
            }

            fn claims(place: &Place, pool: &str) -> Vec<String> {
                workloads(place)[pool].clone()
            }

            fn reason(place: &Place, run: &str) -> String {
                match place.cut(run).state {
                    State::Void { reason, .. } => reason,
                    state => panic!("run {run} is {}", state.word()),
                }
            }

            #[test]
            fn a_first_hook_that_dies_lets_the_mirror_go_fails_those_that_wait_for_it_and_may_be_run_again()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let none = Map::new();
                let before = runs(&place);
                let hooks =
                    ["a", "b"].map(|pool| (pool, begin(&mut place, "backupPrehook", pool, &[])));
                place.until("one of them to begin a run", || runs(&place) > before);
                let run = place.newest();
                let begun_by = place.cut(&run).bound.unwrap().begun_by;
                let of = |is_first: bool| {
                    let mut hooks = hooks
                        .iter()
                        .filter(|(pool, _)| (*pool == begun_by) == is_first);
                    hooks.next().unwrap().clone()
                };
                let ((first, dies), (other, waits)) = (of(true), of(false));
                let begun = format!("waits for run {run}");
                place.until("the other one to wait", || {
                    place.said(&waits).contains(&begun)
                });
                place.until("it to stop something", || {
                    let quiesce = place.cut(&run).quiesce;
                    quiesce.is_some_and(|one| one.stop_started_ms.is_some())
                });
                place.kill(&dies);
                place.until("the run to be given up", || place.is_void(&run));
                place.must_be_let_go(&feeder);
                place.until("the other one to be told so", || {
                    place.said(&waits).contains("for this backup, was given up")
                });
                // K10 runs a hook again that failed.
                let once = joined(&place, first).unwrap();
                assert!(!place.is_running());
                let second = place.newest();
                assert_ne!(run, second);
                joined(&place, other).unwrap();
                assert_eq!(place.newest(), second);
                // And one that was told so twice, while nothing is snapped, is of it still.
                let again = joined(&place, first).unwrap();
                assert_eq!(once, again);
                // K10 says it is done with a pool, and has nothing of it.
                let said = hook(&place, "backupPosthook", "b", &none).unwrap_err();
                let named =
                    "there is no VolumeSnapshot since the seal that is cut of data-mirror-b-1";
                assert!(said.contains(named), "{said}");
                assert!(place.is_void(&second));
                place.must_be_let_go(&feeder);
                let said = hook(&place, "backupPosthook", other, &none).unwrap_err();
                assert!(said.contains("is void"), "{said}");
                place.must_be_equal();
            }

            #[test]
            fn where_hooks_stop_coming_the_deadline_lets_the_mirror_go_and_what_is_left_of_k10s_backup_fails()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let none = Map::new();
                let window = ["--window", "60"];
                let run = task(&mut place, "backupPrehook", "d", &window)
                    .expect(0)
                    .output("runId");
                let claims_of_d = claims(&place, "d");
                let mut made = snapshots(&place, "lost", &claims_of_d);
                hook(&place, "backupPosthook", "d", &none).unwrap();
                assert!(!place.is_running());
                place.until("a part of it to pass", || {
                    thread::sleep(Duration::from_secs(45));
                    true
                });
                place.must_be_let_go(&feeder);
                place.until("the run to be void", || place.is_void(&run));
                // The pool that comes next in this backup has K10 say that it failed.
                let said = hook(&place, "backupPrehook", "e", &none).unwrap_err();
                assert!(said.contains("for this backup, was given up"), "{said}");
                assert!(place.is_running());
                let said = hook(&place, "backupPosthook", "d", &none).unwrap_err();
                assert!(said.contains("is void"), "{said}");
                // And another backup has another run.
                joined(&place, "d").unwrap();
                let next = place.newest();
                assert_ne!(next, run);
                joined(&place, "e").unwrap();
                assert_eq!(place.newest(), next);
                // A claim that is snapped twice: nobody could tell which K10 keeps.
                made.extend(snapshots(&place, "once", &claims_of_d));
                made.extend(snapshots(&place, "twice", &claims_of_d));
                place.must_be_let_go(&feeder);
                place.until("the run to be void", || place.is_void(&next));
                assert!(reason(&place, &next).contains("two snapshots of volume data-mirror-d-3"));
                let said = hook(&place, "backupPosthook", "d", &none).unwrap_err();
                assert!(said.contains("two snapshots of volume"), "{said}");
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn a_run_that_is_not_confirmed_behind_the_last_pool_is_never_closed_and_the_next_backup_gives_it_up()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let none = Map::new();
                // K10 is cancelled between the snapshots of the last pools and their hooks.
                let mut made = Vec::new();
                let pools = workloads(&place);
                for pool in pools.keys() {
                    joined(&place, pool).unwrap();
                }
                let run = place.newest();
                for (pool, claims) in &pools {
                    made.extend(snapshots(&place, "torn", claims));
                    if pool != "g" {
                        hook(&place, "backupPosthook", pool, &none).unwrap();
                    }
                }
                place.must_be_let_go(&feeder);
                let cut = place.cut(&run);
                assert_eq!(cut.bound.as_ref().unwrap().missing(), ["g"]);
                assert!(matches!(cut.state, State::Sealed));
                let kafka = mirror();
                let close = ["phase", "validateHead", "--run", &run, "--kafka", &kafka];
                let said = place.task(&close).expect(1).said;
                assert!(said.contains("it was not confirmed"), "{said}");

                let look = |_: Now, _: &str| ();
                let next = backup(&place, "next", 3, &look).unwrap();
                assert_ne!(next.run(), run);
                let why = reason(&place, &run);
                println!("{why}");
                place.until("the cut to be closed", || {
                    thread::sleep(Duration::from_secs(4));
                    matches!(place.cut(&next.run()).state, State::Closed { .. })
                });
                // What came too late is of no run any more.
                let said = hook(&place, "backupPosthook", "g", &none);
                assert!(said.is_ok(), "of the next one: {said:?}");
                assert!(place.is_void(&run));
                retire(&place, &made);
                retire(&place, &next.snapshots);
                place.must_be_equal();
            }

            #[test]
            fn a_mirror_in_a_policys_hooks_and_in_a_binding_is_held_once_and_the_mistake_is_named()
            {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let label = ["label", "kafka", "mirror", "slackwater.io/mirror=true"];
                place.space(&label).unwrap();
                crate::k10_stand_in::hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let said = hook(&place, "backupPrehook", "a", &Map::new()).unwrap_err();
                assert!(said.contains("and not both"), "{said}");
                assert_eq!(place.newest(), run);
                crate::k10_stand_in::hook(&place, "afterFailure").unwrap();
                place.must_be_let_go(&feeder);
                let unlabel = ["label", "kafka", "mirror", "slackwater.io/mirror-"];
                place.space(&unlabel).unwrap();
            }

            #[test]
            fn what_stands_between_pools_and_their_hooks_is_found_in_the_cluster_and_named() {
                let mut place = turn();
                opted_in(&mut place);
                place
                    .kubectl(&["create", "namespace", "kasten-io"])
                    .unwrap();
                let kinds = [
                    ("config.kio.kasten.io", "Policy", "policies"),
                    (
                        "config.kio.kasten.io",
                        "BlueprintBinding",
                        "blueprintbindings",
                    ),
                    ("cr.kanister.io", "Blueprint", "blueprints"),
                ];
                for (group, kind, plural) in kinds {
                    define(&place, group, kind, plural);
                }
                let class = format!("volumesnapshotclass/{SNAPSHOT_CLASS}");
                let taken = "k10.kasten.io/is-snapshot-class=true";
                place.kubectl(&["annotate", &class, taken]).unwrap();
                for file in ["k10-bound-hooks", "k10-policy-hooks"] {
                    let file = format!("blueprints/{file}.yaml");
                    let mut blueprint = documents(&file).remove(0);
                    blueprint["metadata"]["namespace"] = "kasten-io".into();
                    place.ground.apply(&blueprint.to_string());
                }
                let mut policy = documents("examples/k10-policy.yaml").remove(0);
                let of = &mut policy["spec"]["selector"]["matchLabels"];
                of["k10.kasten.io/appNamespace"] = names().space.as_str().into();
                let parameters = &mut policy["spec"]["actions"][0]["backupParameters"];
                parameters["profile"] = json!({"name": "location", "namespace": "kasten-io"});
                place.ground.apply(&policy.to_string());
                let doctor = |place: &Place| person(place, &["doctor", "--k10"]);
                let said = doctor(&place).unwrap_err();
                assert_eq!(
                    said.matches("no BlueprintBinding takes it").count(),
                    7,
                    "{said}"
                );
                let binding = documents("blueprints/k10-binding.yaml").remove(0);
                place.ground.apply(&binding.to_string());
                let said = doctor(&place).unwrap_err();
                assert!(said.contains("each would end the other's run"), "{said}");
                let path = "/spec/actions/0/backupParameters/hooks";
                let none = json!([{"op": "remove", "path": path}]).to_string();
                let policy = "policy.config.kio.kasten.io/kafka-mirror";
                let words = [
                    "-n",
                    "kasten-io",
                    "patch",
                    policy,
                    "--type=json",
                    "-p",
                    &none,
                ];
                place.kubectl(&words).unwrap();
                let said = doctor(&place).unwrap();
                assert!(said.contains("nothing was found"), "{said}");
                place
                    .space(&["label", "kafkanodepool", "g", "slackwater.io/mirror-"])
                    .unwrap();
                let said = doctor(&place).unwrap_err();
                assert!(said.contains("/g: K10 calls no hook of it"), "{said}");
                for (group, _, plural) in kinds {
                    place
                        .kubectl(&["delete", &format!("crd/{plural}.{group}")])
                        .unwrap();
                }
                place.kubectl(&["delete", "namespace/kasten-io"]).unwrap();
            }
        }
    }
}
