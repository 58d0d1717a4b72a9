//! What fails in the middle of a backup: the mirror runs again, and nothing is
//! proven that is not so.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::time::Duration;

            use serde_json::{Value, json};
            use slackwater_cut::{ClaimName, State, Verdict};
            use slackwater_stand_ins::{Temper, Whim};

            use crate::ground::names;
            use crate::k10_stand_in::must_have_what_it_requires;
            use crate::kanister::{Acted, Of, act};
            use crate::place::{CLAIM, Place, Ran, mirror, pod, turn};

            /// A backup by the blueprint, while its storage does this.
            fn backup(place: &Place, whim: Whim) -> Acted {
                place.lab().storage().set(CLAIM, whim);
                let done = act(place, "backup", &Of::Kafka, &[]);
                place.lab().storage().set_none();
                println!("{done:?}");
                done
            }

            fn phase(place: &mut Place, name: &str, run: &str) -> Ran {
                let ran = place.task(&["phase", name, "--run", run, "--kafka", &mirror()]);
                println!("{name}: {} {}", ran.code, ran.said);
                ran
            }

            fn quiesced(place: &mut Place) -> String {
                let ran = place.task(&["phase", "quiesceMirror", "--kafka", &mirror()]);
                let run = ran.expect(0).output("runId");
                assert!(!place.is_running());
                run
            }

            /// A storage that does this ends a backup at its snapshots.
            fn must_end_the_run(whim: Whim) {
                let mut place = turn();
                place.produce(50);
                let feeder = place.feeder();
                let done = backup(&place, whim);
                let error = done.error.unwrap();
                assert!(error.contains("snapshotPartitions"), "{error}");
                let run = place.newest();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                must_be_cleared(&mut place, &run);
            }

            /// As a phase that was killed while it read may leave it.
            fn leave_a_reader(place: &Place, run: &str) {
                let claim = place.object(&format!("pvc/{CLAIM}"));
                let name = format!("slackwater-{run}-left");
                let metadata = json!({
                    "name": name,
                    "namespace": names().space,
                    "labels": {
                        "app.kubernetes.io/name": "slackwater",
                        "app.kubernetes.io/component": "reader",
                        "slackwater.io/run": run,
                    },
                });
                let read = json!({
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": metadata,
                    "spec": {
                        "accessModes": claim["spec"]["accessModes"],
                        "storageClassName": claim["spec"]["storageClassName"],
                        "resources": claim["spec"]["resources"],
                    },
                });
                let mut reader: Value =
                    serde_json::from_str(&pod(&name, "default", &["version"])).unwrap();
                reader["metadata"] = metadata;
                reader["spec"]["volumes"] = json!([
                    {"name": "read", "persistentVolumeClaim": {"claimName": name}},
                ]);
                place.ground.apply(&read.to_string());
                place.ground.apply(&reader.to_string());
            }

            /// What a run that was given up has left goes with `gc`, which says so.
            fn must_be_cleared(place: &mut Place, run: &str) {
                let gc = ["gc", "--kafka", &mirror()];
                let named = format!("slackwater-{run}-");
                let snapshots = place.names("volumesnapshots", &named).len();
                assert!(snapshots > 0);
                leave_a_reader(place, run);
                let plan = place.task_as("slackwater-restore", &[&gc[..], &["--plan"]].concat());
                let plan = plan.expect(0).said;
                let line = plan.lines().find(|line| line.contains(run));
                let says = format!("1 claims that were read, {snapshots} snapshots");
                assert!(line.is_some_and(|line| line.contains(&says)), "{plan}");
                assert_eq!(place.names("volumesnapshots", &named).len(), snapshots);
                place.task_as("slackwater-restore", &gc).expect(0);
                place.until("its snapshots to be gone", || {
                    let left = ["volumesnapshots", "pod", "pvc"];
                    left.iter().all(|kind| place.names(kind, &named).is_empty())
                });
            }

            #[test]
            fn a_snapshot_that_errs_for_good_ends_the_run_and_the_mirror_runs() {
                must_end_the_run(Whim::FailsAlways);
            }

            #[test]
            fn an_error_of_a_snapshot_that_passes_is_none() {
                let place = turn();
                place.produce(50);
                let done = backup(&place, Whim::FailsOnce);
                assert_eq!(done.error, None);
            }

            #[test]
            fn a_snapshot_that_is_never_cut_is_given_up_by_the_deadline() {
                must_end_the_run(Whim::Hangs);
            }

            #[test]
            fn a_snapshot_that_is_never_ready_is_not_read_and_proves_nothing_about_content() {
                let place = turn();
                place.produce(50);
                let feeder = place.feeder();
                let before = place.about();
                place.set_about(&format!("{before}limits: {{close: 60s}}\n"));
                let done = backup(&place, Whim::ReadyAfter(Duration::from_secs(3_600)));
                place.set_about(&before);
                let error = done.error.unwrap();
                assert!(error.contains("validateHead"), "{error}");
                let cut = place.cut(&place.newest());
                assert!(matches!(cut.state, State::Closed { .. }), "{:?}", cut.state);
                let durable = cut.claims.iter().find(|one| one.name == ClaimName::Durable);
                assert_ne!(durable.map(|one| one.verdict), Some(Verdict::Proven));
                place.must_be_let_go(&feeder);
            }

            #[test]
            fn whoever_puts_a_connectors_state_back_in_the_window_is_seen() {
                let mut place = turn();
                place.produce(50);
                let run = quiesced(&mut place);
                // As what owns the resource elsewhere does.
                let path = "/spec/mirrors/0/sourceConnector/state";
                let back = json!([{"op": "replace", "path": path, "value": "running"}]);
                let patch = ["patch", "kafkamirrormaker2", "feeder", "--type=json", "-p"];
                place
                    .space(&[&patch[..], &[&back.to_string()]].concat())
                    .unwrap();
                place.until("the source connector to run", || {
                    let status = "/connectors/source-%3Emirror.MirrorSourceConnector/status";
                    let status = place.connect(status);
                    status.is_ok_and(|status| status["connector"]["state"] == "RUNNING")
                });
                let drained = phase(&mut place, "awaitDrain", &run);
                assert_ne!(drained.code, 0);
                assert!(
                    drained
                        .said
                        .contains("somebody resumed the mirror in the window"),
                    "{}",
                    drained.said
                );
                place
                    .task(&["phase", "resumeMirror", "--kafka", &mirror()])
                    .expect(0);
                place.until("the mirror to run", || place.is_running());
                assert!(place.is_void(&run));
                // What he said is left as he said it: that it runs.
                let state = place.feeder()["mirrors"][0]["sourceConnector"]["state"].clone();
                assert_eq!(state, "running");
                let away = json!([{"op": "remove", "path": path}]).to_string();
                place.space(&[&patch[..], &[&away]].concat()).unwrap();
            }

            #[test]
            fn where_nobody_goes_on_with_a_run_the_mirror_runs_again_by_its_deadline() {
                let mut place = turn();
                place.produce(50);
                let feeder = place.feeder();
                let run = quiesced(&mut place);
                // Whoever ran it is gone. 60 s, and what the resume takes.
                place.until("the deadline", || place.is_void(&run));
                place.must_be_let_go(&feeder);
                let drained = phase(&mut place, "awaitDrain", &run);
                assert_ne!(drained.code, 0);
                let again = place.task(&["phase", "resumeMirror", "--kafka", &mirror()]);
                assert!(again.expect(0).said.contains("nothing to resume"));
                // Both guards saw that it is over, and ended.
                for which in ["a", "b"] {
                    let pod = format!("pod/slackwater-{run}-guard-{which}");
                    place.until("a guard to end", || {
                        let text = place.own(&["get", &pod, "-o", "json"]).unwrap();
                        let pod: Value = serde_json::from_str(&text).unwrap();
                        let status = &pod["status"]["containerStatuses"][0];
                        assert_eq!(status["restartCount"], 0, "{status}");
                        pod["status"]["phase"] == "Succeeded"
                    });
                }
            }

            /// The run that a phase was ended in the middle of, as by the loss of its node.
            fn killed_in(place: &mut Place, name: &str) -> String {
                let kafka = mirror();
                let (mut words, run) = match name {
                    "quiesceMirror" => (vec!["phase", name], None),
                    _ => (vec!["phase", name, "--run"], Some(quiesced(place))),
                };
                if name == "snapshotPartitions" {
                    let run = run.as_deref().unwrap();
                    phase(place, "awaitDrain", run).expect(0);
                    place.lab().storage().set(CLAIM, Whim::Hangs);
                }
                words.extend(run.as_deref());
                words.extend(["--kafka", &kafka]);
                // It asks for the ends of the source's partitions, again and again.
                let frozen = (name == "awaitDrain").then(|| place.freeze("source-single-0"));
                let pod = place.begin("slackwater", &words);
                place.until("it to be in its middle", || match name {
                    "quiesceMirror" => {
                        let feeder = place.object("kafkamirrormaker2/feeder");
                        feeder["metadata"].to_string().contains("/held")
                    }
                    "awaitDrain" => !place.said(&pod).is_empty(),
                    _ => place.said(&pod).contains("the volumes to be cut"),
                });
                place.kill(&pod);
                drop(frozen);
                place.lab().storage().set_none();
                run.unwrap_or_else(|| place.newest())
            }

            #[test]
            fn a_phase_whose_pod_is_killed_leaves_the_rest_to_the_guard() {
                let mut place = turn();
                for name in ["quiesceMirror", "awaitDrain", "snapshotPartitions"] {
                    place.produce(50);
                    let feeder = place.feeder();
                    let run = killed_in(&mut place, name);
                    place.within(3, "the deadline", || place.is_void(&run));
                    place.must_be_let_go(&feeder);
                }
                place.must_be_equal();
            }

            #[test]
            fn a_proof_whose_pod_is_killed_is_made_when_it_is_told_again() {
                let mut place = turn();
                place.produce(50);
                let feeder = place.feeder();
                let later = Whim::ReadyAfter(Duration::from_secs(3_600));
                place.lab().storage().set(CLAIM, later);
                let run = quiesced(&mut place);
                for name in ["awaitDrain", "snapshotPartitions"] {
                    phase(&mut place, name, &run).expect(0);
                }
                let words = ["phase", "validateHead", "--run", &run, "--kafka", &mirror()];
                let pod = place.begin("slackwater", &words);
                // It has let the mirror go, and waits for what it is to read.
                place.must_be_let_go(&feeder);
                place.kill(&pod);
                place.lab().storage().set_none();
                phase(&mut place, "validateHead", &run).expect(0);
                let cut = place.cut(&run);
                assert!(matches!(cut.state, State::Closed { .. }), "{:?}", cut.state);
                must_have_what_it_requires(&cut);
                place.must_be_equal();
            }

            #[test]
            fn an_api_server_that_is_started_again_in_the_window_proves_nothing_false() {
                let mut place = turn();
                place.produce(50);
                let feeder = place.feeder();
                let run = quiesced(&mut place);
                let plane = place.lab().cluster().plane();
                plane.kill_api_server();
                std::thread::sleep(Duration::from_secs(5));
                plane.start_api_server().unwrap();
                place.until("it to answer", || place.space(&["get", "pods"]).is_ok());
                for name in ["awaitDrain", "snapshotPartitions", "validateHead"] {
                    if phase(&mut place, name, &run).code != 0 {
                        break;
                    }
                }
                place
                    .task(&["phase", "resumeMirror", "--kafka", &mirror()])
                    .expect(0);
                place.must_be_let_go(&feeder);
                place.must_be_equal();
                let cut = place.cut(&run);
                println!("{:?} {:?}", cut.state, cut.claims);
                let still = cut.claims.iter().find(|one| one.name == ClaimName::Still);
                if still.is_some_and(|one| one.verdict == Verdict::Proven) {
                    // The guard held it all the time, and knew so.
                    assert_eq!(cut.bracket.unwrap().guard.interruptions, 0);
                }
            }

            #[test]
            fn an_api_server_that_is_away_past_the_deadline_leaves_a_void_run_and_a_mirror_that_runs()
             {
                let mut place = turn();
                place.produce(50);
                let feeder = place.feeder();
                let run = quiesced(&mut place);
                let plane = place.lab().cluster().plane();
                plane.kill_api_server();
                // Nobody can be told by now; longer than the Lease counts, too.
                std::thread::sleep(Duration::from_secs(90));
                plane.start_api_server().unwrap();
                place.until("it to answer", || place.space(&["get", "pods"]).is_ok());
                place.must_be_let_go(&feeder);
                place.until("the run to be void", || place.is_void(&run));
                let drained = phase(&mut place, "awaitDrain", &run);
                assert_ne!(drained.code, 0);
                let cut = place.cut(&run);
                let proven = cut.claims.iter().find(|one| one.verdict == Verdict::Proven);
                assert!(proven.is_none(), "{proven:?}");
                place.must_be_equal();
            }

            #[test]
            fn an_operator_that_is_down_is_named_by_a_backup_and_the_mirror_is_as_it_was() {
                let mut place = turn();
                place.produce(50);
                let feeder = place.feeder();
                place.lab().without_operator();
                let done = act(&place, "backup", &Of::Kafka, &[]);
                let running = place.is_running();
                place.lab().with_operator(Temper::default()).unwrap();
                let error = done.error.unwrap();
                assert!(error.contains("quiesceMirror"), "{error}");
                assert!(
                    error.contains("does not leave Kafka kafka/mirror alone"),
                    "{error}"
                );
                assert!(running);
                place.must_be_let_go(&feeder);
                // And the next one does.
                place.backup();
            }
        }
    }
}
