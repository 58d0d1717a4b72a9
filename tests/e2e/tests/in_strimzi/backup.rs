//! A backup, phase by phase.

mod needs_root {
    use slackwater_cut::{ClaimName, State, Verdict};

    use crate::ground::names;
    use crate::place::{mirror, turn};

    mod needs_stand_ins {
        mod takes_long {
            use slackwater_cut::State;

            use crate::place::{mirror, turn};

            /// In one broker's pod in the place of the shell, before it in the PATH: the
            /// first flush fails, as the kernel tells an error once, and to whoever
            /// flushes first.
            const FAILS_ONCE: &str = "cat > /opt/java/bin/sh <<'S'\n\
                 #!/bin/sh\n\
                 case \"$2\" in *'sync -f'*)\n\
                 if mkdir /tmp/met; then echo 'sync: Input/output error' >&2; exit 1; fi;;\n\
                 esac\n\
                 exec /bin/sh \"$@\"\n\
                 S\n\
                 chmod +x /opt/java/bin/sh";

            #[test]
            fn an_error_that_a_flush_ahead_met_is_not_lost_to_the_flush_that_counts() {
                let mut place = turn();
                place.produce(50);
                let in_broker = |place: &crate::place::Place, line: &str| {
                    let words = ["/bin/sh", "-c", line];
                    place.exec("mirror-dual-1", "kafka", &words).unwrap();
                };
                in_broker(&place, FAILS_ONCE);
                let kafka = mirror();
                let of = ["--kafka", &kafka];
                let quiesced = place.task(&[&["phase", "quiesceMirror"], &of[..]].concat());
                let run = quiesced.expect(0).output("runId");
                let on = |phase| [&["phase", phase, "--run", &run], &of[..]].concat();
                place.task(&on("awaitDrain")).expect(0);
                let cut = place.task(&on("snapshotPartitions"));
                println!("{}", cut.said);
                in_broker(
                    &place,
                    "test -d /tmp/met && rm -r /opt/java/bin/sh /tmp/met",
                );
                assert_ne!(cut.code, 0);
                let says = ["could not be flushed", "Input/output error"];
                assert!(
                    says.iter().all(|words| cut.said.contains(words)),
                    "{}",
                    cut.said
                );
                assert!(matches!(place.cut(&run).state, State::Void { .. }));
            }
        }
    }

    #[test]
    fn a_quota_that_leaves_no_room_is_named_before_anything_is_stopped() {
        let mut place = turn();
        let quota = format!(
            "{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: small, namespace: {}}}, spec: \
             {{hard: {{count/volumesnapshots.snapshot.storage.k8s.io: '0'}}}}}}",
            names().space
        );
        place.ground.apply(&quota);
        place.until("the quota to be counted", || {
            place.object("resourcequota/small")["status"]["hard"].is_object()
        });
        let ran = place.task(&["phase", "quiesceMirror", "--kafka", &mirror()]);
        place.space(&["delete", "resourcequota", "small"]).unwrap();
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
        let quiesced = place.task(&[&["phase", "quiesceMirror"], &of[..]].concat());
        println!("{}", quiesced.said);
        let run = quiesced.expect(0).output("runId");
        for phase in ["awaitDrain", "snapshotPartitions", "validateHead"] {
            let ran = place.task(&[&["phase", phase, "--run", &run], &of[..]].concat());
            println!("{}", ran.said);
            ran.expect(0);
        }

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
            let mut of = events.iter().filter(|one| one["reason"] == reason);
            of.any(|one| one["involvedObject"]["kind"] == "Kafka")
        };
        for reason in [
            "MirrorQuiesced",
            "MirrorDrained",
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
        // Readers and clones go with the phase that made them.
        place.until("readers and clones to be gone", || {
            let named = |what: &str| place.names(what, "slackwater-");
            named("pods").is_empty() && named("pvc").is_empty()
        });
    }
}
