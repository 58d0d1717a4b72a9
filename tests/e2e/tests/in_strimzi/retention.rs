//! A backup that is older than its topics keep records: the restore holds back what
//! the brokers would delete at once.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use serde_json::json;

            use crate::place::{Place, mirror, turn};

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

            /// Which topics of the source are copied.
            fn copied(place: &Place, pattern: &str) {
                let path = "/spec/mirrors/0/topicsPattern";
                let ops = json!([{"op": "replace", "path": path, "value": pattern}]);
                let patch = ["patch", "kafkamirrormaker2", "feeder", "--type=json", "-p"];
                place
                    .space(&[&patch[..], &[&ops.to_string()]].concat())
                    .unwrap();
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
                copied(&place, "items|short");
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

                let kafka = mirror();
                let restore = ["restore", &run, "--kafka", &kafka];
                let restored = place.task_as("slackwater-restore", &restore).expect(0);
                println!("{}", restored.said);
                assert_eq!(bounds(&place, "mirror", MIRRORED), (0, 200));
                thread::sleep(LOOKED_AT);
                assert_eq!(bounds(&place, "mirror", MIRRORED), (0, 200));

                // The hold was taken back: a broker that starts anew deletes.
                let config = place.object("kafka/mirror")["spec"]["kafka"]["config"].clone();
                assert!(
                    config.get("log.initial.task.delay.ms").is_none(),
                    "{config}"
                );
                let pods = place.names("pod", "mirror-dual");
                let pods: Vec<&str> = pods.iter().map(String::as_str).collect();
                place
                    .space(&[&["delete", "pod"], &pods[..]].concat())
                    .unwrap();
                place.until("its records to be deleted", || {
                    thread::sleep(Duration::from_secs(2));
                    place.is_running() && bounds(&place, "mirror", MIRRORED).0 > 0
                });
                copied(&place, "items");
                place.topics("source", &format!("--delete --topic {TOPIC}"));
                place.topics("mirror", &format!("--delete --topic {MIRRORED}"));
                restore_gone(&mut place);
            }

            /// Volumes from before, which nobody goes back to.
            fn restore_gone(place: &mut Place) {
                let gc = ["gc", "--kafka", &mirror(), "--kept-volumes"];
                place.task_as("slackwater-restore", &gc).expect(0);
            }
        }
    }
}
