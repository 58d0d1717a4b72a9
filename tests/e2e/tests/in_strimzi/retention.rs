//! A backup that is older than its topics keep records: the restore holds back what
//! the brokers would delete at once.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::collections::{BTreeMap, BTreeSet};
            use std::thread;
            use std::time::Duration;

            use slackwater_cut::{ClaimName, Verdict};

            use crate::place::{Place, mirror, turn};
            use crate::rolls::{DELAY, await_rolled, brokers, set_delay};

            const TOPIC: &str = "short";
            const MIRRORED: &str = "source.short";

            /// How long the topic keeps records.
            const KEPT: Duration = Duration::from_secs(120);

            /// The first pass of a broker over its logs is half a minute after its start
            /// (`log.initial.task.delay.ms`), and another follows each five minutes.
            const LOOKED_AT: Duration = Duration::from_secs(310);

            /// Where a topic of a Kafka starts and where it ends, over its partition.
            fn bounds(place: &Place, kafka: &str, topic: &str) -> (u64, u64) {
                let at = |time: &str| {
                    let said = place.kafka_tool(
                        kafka,
                        "kafka-get-offsets.sh",
                        "org.apache.kafka.tools.GetOffsetShell",
                        &format!("--topic {topic} --time {time}"),
                    );
                    let line = said.lines().find(|line| line.starts_with(topic));
                    let offset = line.and_then(|line| line.rsplit(':').next());
                    offset
                        .unwrap_or_else(|| panic!("{said}"))
                        .trim()
                        .parse()
                        .unwrap()
                };
                (at("-2"), at("-1"))
            }

            /// Restores it; how often that has each broker started. The records were there
            /// when the heads were shown: their last ones are in that.
            fn starts_of_a_restore(place: &mut Place, run: &str) -> usize {
                let before = brokers(place);
                let args = ["restore", run, "--kafka", &mirror()];
                let pod = place.begin("slackwater-restore", &args);
                let ended = "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}";
                let mut started: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
                for _ in 0..900 {
                    for (name, uid) in brokers(place) {
                        if before.get(&name) != Some(&uid) {
                            started.entry(name).or_default().insert(uid);
                        }
                    }
                    let code = place.own(&["get", "pod", &pod, "-o", ended]).unwrap();
                    if !code.is_empty() {
                        println!("{}", place.said(&pod));
                        assert_eq!(code, "0");
                        let cut = place.cut(run);
                        let mut claims = cut.claims.iter();
                        let heads = claims.find(|one| one.name == ClaimName::HeadsRestored);
                        assert_eq!(heads.map(|one| one.verdict), Some(Verdict::Proven));
                        let counts: BTreeSet<usize> = started.values().map(BTreeSet::len).collect();
                        assert_eq!((started.len(), counts.len()), (3, 1), "{started:?}");
                        return counts.first().copied().unwrap();
                    }
                    thread::sleep(Duration::from_secs(1));
                }
                panic!("it does not end: {}", place.said(&pod));
            }

            /// Half a minute after its start a broker does.
            fn must_delete(place: &Place) {
                place.until("its records to be deleted", || {
                    thread::sleep(Duration::from_secs(2));
                    place.is_running() && bounds(place, "mirror", MIRRORED).0 > 0
                });
            }

            #[test]
            fn what_retention_would_delete_of_a_restored_mirror_is_held_back_while_the_hold_lasts()
            {
                let mut place = turn();
                let kept = format!("--config retention.ms={}", KEPT.as_millis());
                place.topics(
                    "source",
                    &format!("--create --topic {TOPIC} --partitions 1 {kept}"),
                );
                // MirrorMaker looks for topics when it is started, which this does, and then
                // each ten minutes.
                place.copied("items|short");
                place.until("it to be mirrored", || {
                    let of = format!("--describe --topic {MIRRORED}");
                    place.topics("mirror", "--list").contains(MIRRORED)
                        && place.topics("mirror", &of).contains("retention.ms=120000")
                });
                place.kafka_tool(
                    "source",
                    "kafka-verifiable-producer.sh",
                    "org.apache.kafka.tools.VerifiableProducer",
                    &format!("--topic {TOPIC} --max-messages 200"),
                );
                place.must_be_equal();
                let of = ["backup", "--accept-retention-risk", TOPIC, "-o", "json"];
                let done = place.task(&[&of[..], &["--kafka", &mirror()]].concat());
                let done = done.expect(0).said;
                let begin = done.find("\n{").unwrap();
                let cut: serde_json::Value = serde_json::from_str(&done[begin..]).unwrap();
                let run = cut["runId"].as_str().unwrap().to_owned();
                // By now all of it is older than it is kept.
                thread::sleep(KEPT);

                // While its heads are shown nothing is deleted; the hold is taken back then,
                // which has the brokers rolled, and a broker that starts anew deletes.
                assert_eq!(starts_of_a_restore(&mut place, &run), 2);
                let config = place.object("kafka/mirror")["spec"]["kafka"]["config"].clone();
                assert!(config.get(DELAY).is_none(), "{config}");
                must_delete(&place);
                let_go_of_volumes(&mut place);

                // A user who holds it back himself, for longer, still has it after that.
                set_delay(&place, Some(86_400_000));
                await_rolled(&place);
                // Nothing had to be changed in the middle.
                assert_eq!(starts_of_a_restore(&mut place, &run), 1);
                assert_eq!(bounds(&place, "mirror", MIRRORED), (0, 200));
                thread::sleep(LOOKED_AT);
                assert_eq!(bounds(&place, "mirror", MIRRORED), (0, 200));
                set_delay(&place, None);
                await_rolled(&place);
                must_delete(&place);
                place.copied("items");
                place.topics("source", &format!("--delete --topic {TOPIC}"));
                place.topics("mirror", &format!("--delete --topic {MIRRORED}"));
                let_go_of_volumes(&mut place);
            }

            /// Volumes from before, which nobody goes back to.
            fn let_go_of_volumes(place: &mut Place) {
                let gc = ["gc", "--kafka", &mirror(), "--kept-volumes"];
                place.task_as("slackwater-restore", &gc).expect(0);
            }
        }
    }
}
