//! A backup, phase by phase.

mod needs_root {
    use slackwater_cut::{ClaimName, State, Verdict};

    use crate::no_room;
    use crate::place::{mirror, turn};

    mod needs_stand_ins {
        mod takes_long {
            use slackwater_cut::State;

            use crate::k10_restore::must_be_proven;
            use crate::place::{mirror, turn};
            use crate::{flush_error, no_room};

            #[test]
            fn an_error_that_a_flush_ahead_met_is_not_lost_to_the_flush_that_counts() {
                let mut place = turn();
                place.produce(50);
                flush_error::set(&place);
                let kafka = mirror();
                let of = ["--kafka", &kafka];
                let quiesced = place.task(&[&["phase", "quiesceMirror"], &of[..]].concat());
                let run = quiesced.expect(0).output("runId");
                let on = |phase| [&["phase", phase, "--run", &run], &of[..]].concat();
                place.task(&on("awaitDrain")).expect(0);
                let cut = place.task(&on("snapshotPartitions"));
                println!("{}", cut.said);
                flush_error::must_have_been_told(&place);
                assert_ne!(cut.code, 0);
                let says = ["could not be flushed", "Input/output error"];
                assert!(
                    says.iter().all(|words| cut.said.contains(words)),
                    "{}",
                    cut.said
                );
                assert!(matches!(place.cut(&run).state, State::Void { .. }));
                // No flush tells it again, and no backup is made as if it had not been.
                let feeder = place.feeder();
                let again = place.task(&[&["backup"], &of[..]].concat()).expect(2);
                println!("{}", again.said);
                for words in flush_error::SAYS {
                    assert!(again.said.contains(words), "{}", again.said);
                }
                place.must_be_let_go(&feeder);
                flush_error::forget(&place);
                place.backup();
            }

            #[test]
            fn a_closed_cut_that_could_not_be_kept_fails_its_backup_and_is_kept_later() {
                let mut place = turn();
                place.produce(50);
                no_room::set(&place);
                let ran = place.task(&["backup", "--kafka", &mirror()]);
                no_room::lift(&place);
                println!("{}", ran.said);
                let ran = ran.expect(1);
                let last = ran.said.lines().last().unwrap();
                for words in ["the cut is closed", "goes with its namespace", "quota"] {
                    assert!(last.contains(words), "{last}");
                }
                assert!(place.is_running());
                let run = place.newest();
                assert!(place.copies(&run).is_empty());
                let ours: Vec<_> = place
                    .list("volumesnapshotcontents")
                    .into_iter()
                    .filter(|one| one.to_string().contains(&run))
                    .collect();
                assert_eq!(ours.len(), 3);
                for content in ours {
                    assert_eq!(content["spec"]["deletionPolicy"], "Retain", "{content}");
                }
                // As an ActionSet ends.
                let ended = ["phase", "resumeMirror", "--if-expired", "--kafka"];
                place.task(&[&ended[..], &[&mirror()]].concat()).expect(0);
                assert_eq!(place.copies(&run).len(), 1);
            }

            #[test]
            fn no_secret_is_kept_where_that_is_not_wanted() {
                let mut place = turn();
                place.produce(20);
                let before = place.about();
                let kept = |place: &crate::place::Place, run: &str| {
                    let label = format!("slackwater.io/kept={run}");
                    let named = |kind: &str| place.own(&["get", kind, "-l", &label, "-o", "name"]);
                    (named("configmap").unwrap(), named("secret").unwrap())
                };
                let run = place.backup();
                let (resources, secrets) = kept(&place, &run);
                assert!(!resources.is_empty() && !secrets.is_empty());
                place.set_about(&format!("{before}keep: {{secrets: false}}\n"));
                let run = place.backup();
                place.set_about(&before);
                let (resources, secrets) = kept(&place, &run);
                assert!(!resources.is_empty());
                assert_eq!(secrets, "");
                // Nor are they missed: its operator makes authorities and credentials anew.
                place.produce(100);
                place.delete_mirror();
                let kafka = mirror();
                let restore = ["restore", &run, "--kafka", &kafka];
                let done = place.task_as("slackwater-restore", &restore).expect(0);
                println!("{}", done.said);
                must_be_proven(&place, &run);
                place.must_be_equal();
            }

            #[test]
            fn a_kafka_that_its_user_has_paused_is_named_before_anything_is_stopped() {
                let mut place = turn();
                let feeder = place.feeder();
                let pause = "strimzi.io/pause-reconciliation";
                let annotate = |what: String| {
                    place
                        .space(&["annotate", "kafka", "mirror", &what])
                        .unwrap();
                };
                annotate(format!("{pause}=true"));
                place.until("its operator to leave it alone", || {
                    let kafka = place.object("kafka/mirror");
                    kafka["status"]["conditions"]
                        .to_string()
                        .contains("ReconciliationPaused")
                });
                let ran = place.task(&["backup", "--kafka", &mirror()]);
                let annotate = ["annotate", "kafka", "mirror", &format!("{pause}-")];
                place.space(&annotate).unwrap();
                let ran = ran.expect(2);
                assert!(ran.said.contains("is paused"), "{}", ran.said);
                place.must_be_let_go(&feeder);
            }

            #[test]
            fn guards_are_not_kept_on_a_lost_node_and_readers_have_no_token_and_no_label_of_strimzi()
             {
                let mut place = turn();
                place.produce(20);
                let kafka = mirror();
                let of = ["--kafka", &kafka];
                let quiesced = place.task(&[&["phase", "quiesceMirror"], &of[..]].concat());
                let run = quiesced.expect(0).output("runId");
                for which in ["a", "b"] {
                    let name = format!("pod/slackwater-{run}-guard-{which}");
                    let text = place.own(&["get", &name, "-o", "json"]).unwrap();
                    let pod: serde_json::Value = serde_json::from_str(&text).unwrap();
                    let tolerations = pod["spec"]["tolerations"].as_array().unwrap();
                    for key in ["not-ready", "unreachable"] {
                        let key = format!("node.kubernetes.io/{key}");
                        let of_it = tolerations.iter().find(|one| one["key"] == key.as_str());
                        assert_eq!(of_it.unwrap()["tolerationSeconds"], 0, "{pod}");
                    }
                }
                for phase in ["awaitDrain", "snapshotPartitions"] {
                    let on = [&["phase", phase, "--run", &run], &of[..]].concat();
                    place.task(&on).expect(0);
                }
                let on = [&["phase", "validateHead", "--run", &run], &of[..]].concat();
                let proving = place.begin("slackwater", &on);
                place.until("a reader", || {
                    !place
                        .names("pod", &format!("slackwater-{run}-read"))
                        .is_empty()
                });
                for pod in place.list("pod") {
                    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
                    if !name.starts_with(&format!("slackwater-{run}-read")) {
                        continue;
                    }
                    assert_eq!(pod["spec"]["automountServiceAccountToken"], false, "{pod}");
                    let labels = pod["metadata"]["labels"].to_string();
                    assert!(!labels.contains("strimzi.io"), "{labels}");
                    let volumes = pod["spec"]["volumes"].to_string();
                    assert!(!volumes.contains("serviceAccountToken"), "{volumes}");
                }
                let ended = "--for=jsonpath={.status.phase}=Succeeded";
                place
                    .own(&["wait", ended, "pod", &proving, "--timeout=300s"])
                    .unwrap();
            }
        }
    }

    #[test]
    fn a_quota_that_leaves_no_room_is_named_before_anything_is_stopped() {
        let mut place = turn();
        let ran = no_room::without_snapshots(&mut place, |place| {
            place.task(&["phase", "quiesceMirror", "--kafka", &mirror()])
        });
        let ran = ran.expect(2);
        assert!(
            ran.said.contains("quota small of namespace"),
            "{}",
            ran.said
        );
        let maker = place.object("kafkamirrormaker2/feeder");
        assert!(!maker["metadata"].to_string().contains("slackwater.io/held"));
    }

    #[test]
    fn phases_in_pods_make_a_proven_cut_and_leave_nothing_behind() {
        let mut place = turn();
        place.produce(200);
        // All the time, so that something is always on its way.
        place.load(60, 200);
        let before = place.object("kafkamirrormaker2/feeder");
        let kafka = mirror();
        let of = ["--kafka", &kafka];
        let run = place.in_its_time(|place| {
            let quiesced = place.task(&[&["phase", "quiesceMirror"], &of[..]].concat());
            println!("{}", quiesced.said);
            let run = quiesced.expect(0).output("runId");
            for phase in ["awaitDrain", "snapshotPartitions", "validateHead"] {
                let ran = place.task(&[&["phase", phase, "--run", &run], &of[..]].concat());
                println!("{}", ran.said);
                ran.expect(0);
            }
            run
        });

        let cut = place.cut(&run);
        assert!(matches!(cut.state, State::Closed { .. }), "{:?}", cut.state);
        for name in [
            ClaimName::Still,
            ClaimName::Durable,
            ClaimName::Covers,
            ClaimName::Resumable,
        ] {
            let claim = cut.claims.iter().find(|one| one.name == name).unwrap();
            println!("{name}: {}", claim.reason);
            assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
        }
        place.show(&run);
        let ours = format!("slackwater-{run}-");
        assert_eq!(place.names("volumesnapshots", &ours).len(), 3);

        for content in place.list("volumesnapshotcontents") {
            assert_eq!(content["spec"]["deletionPolicy"], "Retain", "{content}");
        }
        assert_eq!(place.copies(&run).len(), 1);

        let events = place.list("events");
        let told = |reason: &str| {
            let of = || events.iter().filter(|one| one["reason"] == reason);
            ["Kafka", "KafkaMirrorMaker2"]
                .iter()
                .all(|kind| of().any(|one| one["involvedObject"]["kind"] == **kind))
        };
        for reason in [
            "MirrorQuiesced",
            "MirrorDrained",
            "RunSealed",
            "VolumesCut",
            "MirrorResumed",
            "BackupProven",
        ] {
            assert!(told(reason), "{reason}: {events:?}");
        }

        let after = place.object("kafkamirrormaker2/feeder");
        assert_eq!(after["spec"], before["spec"]);
        let notes = |object: &serde_json::Value| object["metadata"]["annotations"].to_string();
        assert!(!notes(&after).contains("slackwater.io/held"), "{after}");
        let running = place.connect("/connectors?expand=status").unwrap();
        assert!(!running.to_string().contains("STOPPED"), "{running}");
        // Readers and their claims go with the phase that made them.
        place.until("readers and their claims to be gone", || {
            let named = |what: &str| place.names(what, "slackwater-");
            named("pods").is_empty() && named("pvc").is_empty()
        });
    }
}
