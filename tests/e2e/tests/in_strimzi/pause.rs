//! A mirror that is held by a pause, for longer than an operator's round takes.

pub(crate) mod needs_root {
    use crate::place::Place;

    /// Marks what feeds the mirror as another's: `=ID`; `-` takes the mark away.
    pub(crate) fn owned(place: &Place, by: &str) {
        let note = format!("argocd.argoproj.io/tracking-id{by}");
        let patch = ["annotate", "kafkamirrormaker2", "feeder", &note];
        place.space(&patch).unwrap();
    }

    mod needs_stand_ins {
        mod takes_long {
            use std::time::Duration;

            use slackwater_stand_ins::Temper;

            use crate::place::{mirror, turn};

            #[test]
            fn a_backup_right_after_a_resume_waits_until_its_kafka_is_looked_after_again() {
                let mut place = turn();
                // The real one says for 28 to 43 s that it leaves a Kafka alone which it is
                // told not to any more.
                let slow = Temper {
                    after_pause: Duration::from_secs(60),
                    ..Temper::default()
                };
                place.lab().without_operator();
                place.lab().with_operator(slow).unwrap();
                let kafka = mirror();
                for phase in ["quiesceMirror", "resumeMirror"] {
                    place.task(&["phase", phase, "--kafka", &kafka]).expect(0);
                }
                let says = place.object("kafka/mirror")["status"]["conditions"].to_string();
                place.backup();
                place.lab().without_operator();
                place.lab().with_operator(Temper::default()).unwrap();
                assert!(says.contains("ReconciliationPaused"), "{says}");
                assert!(place.is_running());
            }
        }
    }

    mod takes_long {
        use std::collections::BTreeSet;
        use std::thread;
        use std::time::Duration;

        use super::owned;
        use crate::k10_stand_in::documents;
        use crate::place::{Place, mirror, turn};

        /// More than two of an operator's rounds of 120 s
        /// (`STRIMZI_FULL_RECONCILIATION_INTERVAL_MS`).
        const HELD: Duration = Duration::from_secs(270);

        /// What is written on both while they are held is what the example has Argo CD
        /// ignore, and all that it has it ignore but what counts tries.
        fn must_be_ignored(place: &Place) {
            let example = documents("examples/gitops/argo-cd.yaml").remove(0);
            for ignored in example["spec"]["ignoreDifferences"].as_array().unwrap() {
                let (kind, name) = match ignored["kind"].as_str().unwrap() {
                    "Kafka" => ("kafka", "mirror"),
                    kind => (kind, "feeder"),
                };
                let object = place.object(&format!("{kind}/{name}"));
                let notes = object["metadata"]["annotations"].as_object().unwrap();
                let written = notes.keys().filter(|key| {
                    key.starts_with("slackwater.io/") || key.contains("pause-reconciliation")
                });
                let written: BTreeSet<String> = written.cloned().collect();
                let pointers = ignored["jsonPointers"].as_array().unwrap();
                let named: BTreeSet<String> = pointers
                    .iter()
                    .map(|one| one.as_str().unwrap().replace("~1", "/"))
                    .map(|one| one.replace("/metadata/annotations/", ""))
                    .collect();
                println!("{kind}: {written:?} {named:?}");
                assert!(!written.is_empty() && written.is_subset(&named));
                let more: Vec<&String> = named.difference(&written).collect();
                assert!(
                    more.iter().all(|key| key.ends_with("/poked-ms")),
                    "{more:?}"
                );
            }
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
            must_be_ignored(&place);
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
