//! Restores in place: under resources that are there, and where all is gone.

mod needs_root {
    use std::thread;
    use std::time::Duration;

    use serde_json::{Value, json};
    use slackwater_cut::{ClaimName, State, Verdict};

    use crate::place::{Place, mirror, turn};

    const RESTORE: &str = "slackwater-restore";

    /// A backup of so many records more, and the mirror so many after it.
    fn backed_up_before(place: &mut Place, records: usize, after: usize) -> String {
        place.produce(records);
        let run = place.in_its_time(Place::backup);
        place.produce(after);
        place.must_be_equal();
        run
    }

    fn restore(place: &mut Place, args: &[&str]) -> crate::place::Ran {
        let kafka = mirror();
        let all = [&["restore"], args, &["--kafka", &kafka]].concat();
        place.task_as(RESTORE, &all)
    }

    fn verdict(place: &Place, run: &str, name: ClaimName) -> Option<Verdict> {
        let cut = place.cut(run);
        assert!(matches!(cut.state, State::Closed { .. }));
        let claim = cut.claims.into_iter().find(|one| one.name == name);
        claim.map(|one| one.verdict)
    }

    #[test]
    fn a_mirror_is_restored_under_its_resources_goes_on_from_there_and_goes_back() {
        let mut place = turn();
        let run = backed_up_before(&mut place, 200, 300);

        let plan = restore(&mut place, &[&run, "--plan"]).expect(0);
        assert!(plan.said.contains("unpause the Kafka"), "{}", plan.said);
        let before = place.object("kafka/mirror");
        let maker = place.object("kafkamirrormaker2/feeder");
        let volumes = place.volumes();
        for volume in &volumes {
            let kept = format!("kept: PersistentVolume {volume}\n");
            assert!(plan.said.contains(&kept), "{}", plan.said);
        }

        // The source does not stop for it.
        place.load(90, 50);
        let done = restore(&mut place, &[&run]).expect(0);
        println!("{}", done.said);
        for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
            assert_eq!(verdict(&place, &run, name), Some(Verdict::Proven), "{name}");
        }
        place.must_be_equal();
        let after = place.object("kafka/mirror");
        assert_eq!(after["spec"], before["spec"]);
        assert_eq!(
            after["metadata"]["annotations"],
            before["metadata"]["annotations"]
        );
        assert_eq!(after["status"]["clusterId"], before["status"]["clusterId"]);
        let fed = place.object("kafkamirrormaker2/feeder");
        assert_eq!(fed["spec"], maker["spec"]);
        assert!(place.volumes().is_disjoint(&volumes));

        // Those from before forbid another restore, until they are let go.
        let again = restore(&mut place, &[&run]).expect(2);
        assert!(again.said.contains("--kept-volumes"), "{}", again.said);
        let back = restore(&mut place, &[&run, "--undo"]).expect(0);
        println!("{}", back.said);
        assert_eq!(place.volumes(), volumes);
        place.must_be_equal();
        let nothing = restore(&mut place, &[&run, "--undo"]).expect(2);
        assert!(
            nothing.said.contains("nothing to go back to"),
            "{}",
            nothing.said
        );
    }

    mod takes_long {
        use super::*;
        use crate::kanister::{Of, act};

        #[test]
        fn a_mirror_of_which_nothing_is_left_is_restored_from_what_is_kept() {
            let mut place = turn();
            let run = backed_up_before(&mut place, 150, 50);
            // The source does not stop for it.
            place.load(240, 50);
            let id = place.object("kafka/mirror");
            let ca = place.object("secret/mirror-cluster-ca-cert");

            // By the blueprint: no Kafka, no ActionSet of the backup's.
            let kafka = mirror();
            let by_options = [("cut", run.as_str()), ("kafka", &kafka)];
            place.delete_kafka();
            let verified = act(&place, "verify", &Of::Namespace, &by_options);
            assert_eq!(verified.error, None);

            place.delete_mirror();
            // What it can be restored from is listed, and a CronJob finds nothing to do.
            let status = place.task_as("slackwater", &["status", "--kafka", &kafka]);
            let said = status.expect(0).said;
            assert!(said.contains(&run), "{said}");
            let resume = ["resume", "--if-expired", "--kafka", &kafka];
            place.task_as("slackwater", &resume).expect(0);
            let done = act(&place, "restore", &Of::Namespace, &by_options);
            assert_eq!(done.error, None);
            for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
                assert_eq!(verdict(&place, &run, name), Some(Verdict::Proven), "{name}");
            }
            let after = place.object("kafka/mirror");
            assert_eq!(after["status"]["clusterId"], id["status"]["clusterId"]);
            let now = place.object("secret/mirror-cluster-ca-cert");
            assert_eq!(now["data"], ca["data"]);
            place.must_be_equal();

            // What was made of it is deleted like any other.
            let deleted = act(&place, "delete", &Of::Namespace, &by_options);
            assert_eq!(deleted.error, None);
            place.until("its contents to be gone", || {
                let all = place.list("volumesnapshotcontents");
                !all.iter().any(|one| one.to_string().contains(&run))
            });
            let label = format!("slackwater.io/kept={run}");
            let kept = place.own(&["get", "configmap,secret", "-l", &label, "-o", "name"]);
            assert_eq!(kept.unwrap().trim(), "");
        }

        #[test]
        fn what_its_user_keeps_from_running_and_what_git_ops_owns_is_refused_before_anything() {
            let mut place = turn();
            let run = backed_up_before(&mut place, 50, 50);
            let path = "/spec/mirrors/0/sourceConnector/state";
            let patch = |place: &Place, change: Value| {
                let words = ["patch", "kafkamirrormaker2", "feeder", "--type=json", "-p"];
                let change = json!([change]).to_string();
                place.space(&[&words[..], &[&change]].concat()).unwrap();
            };
            let stopped = json!({"op": "add", "path": path, "value": "stopped"});
            patch(&place, stopped);
            place.within(3, "it to be stopped", || !place.is_running());
            let ran = restore(&mut place, &[&run]);
            assert_eq!(ran.code, 2, "{}", ran.said);
            assert!(ran.said.contains("--no-feed"), "{}", ran.said);
            patch(&place, json!({"op": "remove", "path": path}));
            place.within(5, "it to run", || place.is_running());

            let owned = "argocd.argoproj.io/tracking-id";
            let annotate = |place: &Place, what: &str| {
                place.space(&["annotate", "kafka", "mirror", what]).unwrap();
            };
            annotate(&place, &format!("{owned}=mirror"));
            let ran = restore(&mut place, &[&run]);
            assert_eq!(ran.code, 2, "{}", ran.said);
            assert!(ran.said.contains("owns Kafka kafka/mirror"), "{}", ran.said);
            annotate(&place, &format!("{owned}-"));
            place.must_be_equal();
        }

        #[test]
        fn what_the_source_has_deleted_is_skipped_only_where_that_is_accepted() {
            let mut place = turn();
            let run = backed_up_before(&mut place, 100, 100);
            let volumes = place.volumes();
            place.delete_records();
            let ran = restore(&mut place, &[&run]);
            println!("{}", ran.said);
            assert_eq!(ran.code, 2, "{}", ran.said);
            assert!(ran.said.contains("has deleted"), "{}", ran.said);
            let connectors = place.connect("/connectors?expand=status").unwrap();
            for (name, one) in connectors.as_object().unwrap() {
                assert_eq!(one["status"]["connector"]["state"], "STOPPED", "{name}");
            }
            // Not past that refusal by another way.
            let kafka = mirror();
            let resumed = place.task(&["resume", "--kafka", &kafka]).expect(4);
            assert!(resumed.said.contains("is under way"), "{}", resumed.said);
            let done = restore(&mut place, &[&run, "--accept-loss"]).expect(0);
            println!("{}", done.said);

            let gc = ["gc", "--kafka", &kafka];
            let plan = place.task_as(RESTORE, &[&gc[..], &["--plan"]].concat());
            let plan = plan.expect(0).said;
            assert!(
                plan.contains("3 volumes from before a restore: kept"),
                "{plan}"
            );
            let told = place.task_as(RESTORE, &[&gc[..], &["--kept-volumes"]].concat());
            let told = told.expect(0).said;
            assert!(
                told.contains("3 volumes from before a restore: deleted"),
                "{told}"
            );
            place.until("them to be gone", || {
                let all = place.list("pv");
                !all.iter()
                    .any(|one| volumes.iter().any(|name| one["metadata"]["name"] == **name))
            });
        }

        mod needs_stand_ins {
            use super::*;

            #[test]
            fn what_is_not_the_cut_gets_no_broker_and_the_way_back_is_there() {
                let mut place = turn();
                place.produce(100);
                let run = place.backup();
                place.must_be_equal();
                let volumes = place.volumes();
                let snapshot = format!("slackwater-{run}-data-mirror-dual-1");
                let flipped = place.flip_in_snapshot(&snapshot);
                let ran = restore(&mut place, &[&run]).expect(1);
                println!("{}", ran.said);
                assert!(ran.said.contains("restored is refuted"), "{}", ran.said);
                assert!(ran.said.contains(&flipped), "{}", ran.said);
                assert_eq!(
                    verdict(&place, &run, ClaimName::Restored),
                    Some(Verdict::Refuted)
                );
                assert!(place.names("pod", "mirror-dual").is_empty());
                assert!(place.names("pod", "feeder").is_empty());
                // Nor when it is told again.
                let again = restore(&mut place, &[&run, "--accept-unproven"]).expect(1);
                assert!(again.said.contains("restored is refuted"), "{}", again.said);
                assert!(place.names("pod", "mirror-dual").is_empty());

                restore(&mut place, &[&run, "--undo"]).expect(0);
                assert_eq!(place.volumes(), volumes);
                place.must_be_equal();

                // So it is where of the mirror nothing but its claims is left.
                place.delete_all_but_claims();
                let ran = restore(&mut place, &[&run]).expect(1);
                assert!(ran.said.contains("restored is refuted"), "{}", ran.said);
                assert!(place.volumes().is_disjoint(&volumes));
                let back = restore(&mut place, &[&run, "--undo"]).expect(0);
                println!("{}", back.said);
                assert_eq!(place.volumes(), volumes);
                // Undamaged again, it is restored.
                assert_eq!(place.flip_in_snapshot(&snapshot), flipped);
                restore(&mut place, &[&run]).expect(0);
                assert!(place.volumes().is_disjoint(&volumes));
                place.must_be_equal();
            }

            /// Kills it in the middle of this step. Who comes while the Lease of the last
            /// one still counts is told so.
            fn kill_at(place: &mut Place, args: &[&str], at: &str) {
                for _ in 0..30 {
                    let pod = place.begin(RESTORE, args);
                    for _ in 0..600 {
                        let said = place.said(&pod);
                        if said.contains(at) {
                            place.kill(&pod);
                            return;
                        }
                        if said.contains("holds the mirror") || said.contains("is held") {
                            println!("{said}");
                            break;
                        }
                        thread::sleep(Duration::from_millis(300));
                    }
                    place.kill(&pod);
                }
                panic!("it does not come to: {at}");
            }

            #[test]
            fn a_restore_that_was_killed_goes_on_when_it_is_told_again() {
                let mut place = turn();
                let run = backed_up_before(&mut place, 100, 100);
                let kafka = mirror();
                let args = ["restore", &run, "--kafka", &kafka];
                for at in [
                    "delete claim data-mirror-dual-1",
                    "wait until the Kafka is ready",
                ] {
                    kill_at(&mut place, &args, at);
                    // Whoever puts right what others leave behind leaves it alone.
                    let resumed = place.task(&["resume", "--kafka", &kafka]).expect(4);
                    assert!(
                        resumed.said.contains("a restore) was left behind"),
                        "{}",
                        resumed.said
                    );
                    let phase = ["phase", "resumeMirror", "--kafka", &kafka];
                    let phase = place.task(&phase).expect(0);
                    assert!(phase.said.contains("nothing is started"), "{}", phase.said);
                    assert!(place.names("pod", "feeder").is_empty());
                }
                let done = loop {
                    let ran = place.task_as(RESTORE, &args);
                    if ran.code != 4 {
                        break ran.expect(0);
                    }
                };
                println!("{}", done.said);
                for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
                    assert_eq!(verdict(&place, &run, name), Some(Verdict::Proven), "{name}");
                }
                place.must_be_equal();
                restore(&mut place, &[&run, "--undo"]).expect(0);
                place.must_be_equal();
            }
        }
    }
}
