//! A mirror that is held by a pause, for longer than an operator's round takes.

mod needs_root {
    mod takes_long {
        use std::thread;
        use std::time::Duration;

        use crate::place::{Place, mirror, turn};

        /// More than two of an operator's rounds of 120 s
        /// (`STRIMZI_FULL_RECONCILIATION_INTERVAL_MS`).
        const HELD: Duration = Duration::from_secs(270);

        /// Marks what feeds the mirror as another's.
        fn owned(place: &Place, by: &str) {
            let note = format!("argocd.argoproj.io/tracking-id{by}");
            let patch = ["annotate", "kafkamirrormaker2", "feeder", &note];
            place.space(&patch).unwrap();
        }

        #[test]
        fn a_kafka_that_is_not_to_be_paused_is_left_to_its_operator() {
            let mut place = turn();
            let feeder = place.feeder();
            let kafka = mirror();
            let before = place.object("kafka/mirror")["metadata"]["annotations"].clone();
            let quiesce = ["phase", "quiesceMirror", "--no-pause", "--kafka", &kafka];
            place.task(&quiesce).expect(0);
            assert!(!place.is_running());
            let held = place.object("kafka/mirror");
            assert_eq!(held["metadata"]["annotations"], before);
            assert!(held["status"]["listeners"].is_array());
            place
                .task(&["phase", "resumeMirror", "--kafka", &kafka])
                .expect(0);
            place.must_be_let_go(&feeder);
        }

        #[test]
        fn what_gitops_owns_is_held_for_minutes_and_goes_on_without_a_duplicate() {
            let mut place = turn();
            place.produce(500);
            let before = place.about();
            owned(
                &place,
                "=apps:kafka.strimzi.io/KafkaMirrorMaker2:kafka/feeder",
            );
            place.set_about(&format!("{before}limits: {{window: 600s}}\n"));
            let feeder = place.feeder();

            let ran = place.task(&["phase", "quiesceMirror", "--kafka", &mirror()]);
            place.set_about(&before);
            let run = ran.expect(0).output("runId");
            let of = ["--run", &run, "--kafka", &mirror()];
            place
                .task(&[&["phase", "awaitDrain"], &of[..]].concat())
                .expect(0);
            // Its `spec` was let be, and it is told to look in the middle.
            assert_eq!(place.feeder(), feeder);
            for part in 0..9 {
                thread::sleep(HELD / 9);
                if part == 4 {
                    place
                        .space(&["annotate", "kafkamirrormaker2", "feeder", "looked=at"])
                        .unwrap();
                    place.produce(500);
                }
                let view = place.connect("/connectors?expand=status").unwrap();
                for (name, one) in view.as_object().unwrap() {
                    let status = &one["status"];
                    let idle = status["tasks"].as_array().is_some_and(Vec::is_empty);
                    let stopped = status["connector"]["state"] == "STOPPED";
                    assert!(stopped && idle, "{name}: {status}");
                }
            }
            place
                .task(&["phase", "resumeMirror", "--kafka", &mirror()])
                .expect(0);
            place.must_be_let_go(&feeder);
            place
                .space(&["annotate", "kafkamirrormaker2", "feeder", "looked-"])
                .unwrap();
            owned(&place, "-");
            place.must_be_equal();
        }
    }
}
