//! What fails while K10 takes its snapshots: the mirror runs again, and nothing is
//! proven that is not so. The failures are those of a backup of our own (`failures`), in
//! K10's order.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use serde_json::json;
            use slackwater_cut::{ClaimName, Verdict};
            use slackwater_stand_ins::{Temper, Whim};

            use crate::ground::names;
            use crate::k10_stand_in::{
                asked, before, hook, must_have_what_it_requires, opted_in, retire, snapshots,
                until_closed,
            };
            use crate::no_room;
            use crate::place::{CLAIM, turn};

            #[test]
            fn a_snapshot_of_k10s_that_errs_or_is_never_cut_leaves_a_void_run_and_a_mirror_that_runs()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                place.lab().storage().set(CLAIM, Whim::FailsAlways);
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = asked(&place, "errs");
                let last = format!("volumesnapshot/k10-csi-snap-errs-{CLAIM}");
                place.within(3, "the storage to say so", || {
                    place.object(&last)["status"]["error"].is_object()
                });
                // K10 has told it again until it gave up.
                hook(&place, "afterFailure").unwrap();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                retire(&place, &made);

                place.lab().storage().set(CLAIM, Whim::Hangs);
                let run = place.task(&before()).expect(0).output("runId");
                let made = asked(&place, "hangs");
                place.within(4, "the deadline", || place.is_void(&run));
                place.lab().storage().set_none();
                place.must_be_let_go(&feeder);
                // It is cut at last, when the mirror runs: K10 is content with it.
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(said.contains("is void"), "{said}");
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn whoever_puts_a_connectors_state_back_while_k10_snaps_is_seen() {
                let mut place = turn();
                opted_in(&mut place);
                let before = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let path = "/spec/mirrors/0/sourceConnector/state";
                let patch = ["patch", "kafkamirrormaker2", "feeder", "--type=json", "-p"];
                let back = json!([{"op": "replace", "path": path, "value": "running"}]);
                place
                    .space(&[&patch[..], &[&back.to_string()]].concat())
                    .unwrap();
                place.within(3, "the source connector to run", || {
                    let status = "/connectors/source-%3Emirror.MirrorSourceConnector/status";
                    let status = place.connect(status);
                    status.is_ok_and(|status| status["connector"]["state"] == "RUNNING")
                });
                place.produce(100);
                let made = snapshots(&place, "moved");
                let said = hook(&place, "afterBackup").unwrap_err();
                println!("{said}");
                hook(&place, "afterFailure").unwrap();
                let cut = place.cut(&run);
                println!("{:?} {:?}", cut.state, cut.claims);
                let proven = |name| {
                    let claim = cut.claims.iter().find(|one| one.name == name);
                    claim.is_some_and(|one| one.verdict == Verdict::Proven)
                };
                assert!(!proven(ClaimName::Still));
                place.until("the mirror to run", || place.is_running());
                let state = place.feeder()["mirrors"][0]["sourceConnector"]["state"].clone();
                assert_eq!(state, "running");
                let away = json!([{"op": "remove", "path": path}]).to_string();
                place.space(&[&patch[..], &[&away]].concat()).unwrap();
                place.must_be_let_go(&before);
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn a_hook_that_is_ended_in_its_middle_leaves_the_rest_to_the_guard_and_may_be_told_again()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                // As at the end of K10's time for a hook, or where its node is lost.
                let pod = place.begin("slackwater", &before());
                place.within(3, "the mirror to stand still", || {
                    place.said(&pod).contains("awaitDrain")
                });
                place.kill(&pod);
                let run = place.newest();
                place.within(4, "the run to be void", || place.is_void(&run));
                place.must_be_let_go(&feeder);

                // It is told again, and this time what confirms it is ended.
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = snapshots(&place, "again");
                place.must_be_let_go(&feeder);
                let space = names().space.as_str();
                let after = ["hook", "afterBackup", "--namespace", space];
                let pod = place.begin("slackwater", &after);
                place.until("it to run", || {
                    let phase = "jsonpath={.status.phase}";
                    let phase = place.own(&["get", "pod", &pod, "-o", phase]);
                    phase.is_ok_and(|phase| phase != "Pending")
                });
                place.kill(&pod);
                hook(&place, "afterBackup").unwrap();
                until_closed(&place, &run);
                let cut = place.cut(&run);
                must_have_what_it_requires(&cut);
                retire(&place, &made);
            }

            #[test]
            fn an_api_server_that_is_started_again_while_k10_snaps_proves_nothing_false() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let plane = place.lab().cluster().plane();
                plane.kill_api_server();
                thread::sleep(Duration::from_secs(5));
                plane.start_api_server().unwrap();
                place.until("it to answer", || place.space(&["get", "pods"]).is_ok());
                let made = snapshots(&place, "restarted");
                let confirmed = hook(&place, "afterBackup");
                if confirmed.is_err() {
                    hook(&place, "afterFailure").unwrap();
                    assert!(place.is_void(&run));
                }
                place.must_be_let_go(&feeder);
                place.must_be_equal();
                let cut = place.cut(&run);
                println!("{confirmed:?} {:?}", cut.state);
                let still = cut.claims.iter().find(|one| one.name == ClaimName::Still);
                if still.is_some_and(|one| one.verdict == Verdict::Proven) {
                    assert_eq!(cut.bracket.unwrap().guard.interruptions, 0);
                }
                if confirmed.is_ok() {
                    until_closed(&place, &run);
                }
                retire(&place, &made);
            }

            #[test]
            fn what_forbids_a_backup_fails_the_hook_before_anything_is_stopped() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                place.lab().without_operator();
                let said = hook(&place, "beforeBackup").unwrap_err();
                let running = place.is_running();
                place.lab().with_operator(Temper::default()).unwrap();
                assert!(
                    said.contains("does not leave Kafka kafka/mirror alone"),
                    "{said}"
                );
                assert!(running);
                place.must_be_let_go(&feeder);

                // One whose user has paused it.
                let pause = "strimzi.io/pause-reconciliation";
                let annotate = |what: String| {
                    place
                        .space(&["annotate", "kafka", "mirror", &what])
                        .unwrap();
                };
                annotate(format!("{pause}=true"));
                place.within(5, "its operator to leave it alone", || {
                    let kafka = place.object("kafka/mirror");
                    let conditions = kafka["status"]["conditions"].to_string();
                    conditions.contains("ReconciliationPaused")
                });
                let said = hook(&place, "beforeBackup").unwrap_err();
                assert!(said.contains("is paused"), "{said}");
                annotate(format!("{pause}-"));
                place.must_be_let_go(&feeder);

                // One that is hidden from the user as whom it is come to.
                let user = place.object("kafkauser/slackwater");
                let rules = user["spec"]["authorization"]["acls"].clone();
                for acls in [json!([]), rules] {
                    let patch = json!({"spec": {"authorization": {"acls": acls}}}).to_string();
                    let words = [
                        "patch",
                        "kafkauser/slackwater",
                        "--type=merge",
                        "-p",
                        &patch,
                    ];
                    place.space(&words).unwrap();
                    place.within(5, "the rules to be Kafka's", || {
                        let user = place.object("kafkauser/slackwater");
                        user["metadata"]["generation"] == user["status"]["observedGeneration"]
                    });
                    if acls == json!([]) {
                        let said = hook(&place, "beforeBackup").unwrap_err();
                        assert!(said.contains("describe every topic"), "{said}");
                        place.must_be_let_go(&feeder);
                    }
                }
                // A namespace that has no room for K10's snapshots.
                let said = no_room::without_snapshots(&mut place, |place| {
                    hook(place, "beforeBackup").unwrap_err()
                });
                assert!(said.contains("quota small of namespace"), "{said}");
                place.must_be_let_go(&feeder);

                // And when all that is over it is backed up.
                hook(&place, "beforeBackup").unwrap();
                hook(&place, "afterFailure").unwrap();
                place.must_be_let_go(&feeder);
            }
        }
    }
}
