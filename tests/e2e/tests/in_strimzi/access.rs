//! As whom Slackwater comes to a Kafka, and what is said where it may not do
//! something there: each rule of `blueprints/users.yaml` taken away by itself.

mod needs_root {
    mod takes_long {
        use serde_json::{Value, json};

        use crate::place::{Place, Ran, mirror, turn};

        /// Rules of a KafkaUser, in the place of those that it has; these.
        fn exchange(place: &Place, user: &str, rules: &Value) -> Value {
            let name = format!("kafkauser/{user}");
            let before = place.object(&name);
            let patch = json!({"spec": {"authorization": {"acls": rules}}}).to_string();
            let words = ["patch", &name, "--type=merge", "-p", &patch];
            place.space(&words).unwrap();
            place.until("the rules to be Kafka's", || {
                let user = place.object(&name);
                user["metadata"]["generation"] == user["status"]["observedGeneration"]
            });
            before["spec"]["authorization"]["acls"].clone()
        }

        fn topic(name: &str, operations: &[&str]) -> Value {
            json!({
                "resource": {"type": "topic", "name": name, "patternType": "literal"},
                "operations": operations,
            })
        }

        /// A backup as the user who has these rules, and no others.
        fn backup(place: &mut Place, user: &str, rules: &Value) -> Ran {
            let before = exchange(place, user, rules);
            let kafka = mirror();
            let ran = place.task(&["backup", "--kafka", &kafka]);
            exchange(place, user, &before);
            println!("{} {}", ran.code, ran.said);
            ran
        }

        #[test]
        fn for_each_rule_that_is_missing_one_line_names_it_before_anything_is_stopped() {
            let mut place = turn();
            place.produce(20);
            let both = ["Read", "DescribeConfigs"];
            let all_but = |hidden: &str| -> Value {
                let seen = [
                    "source.items",
                    "mm2-configs",
                    "mm2-offsets",
                    "mm2-status",
                    "__consumer_offsets",
                ];
                let seen = seen.iter().filter(|name| **name != hidden);
                seen.map(|name| topic(name, &both)).collect()
            };
            let denied = "TOPIC_AUTHORIZATION_FAILED";
            for (user, rules, says) in [
                (
                    "slackwater",
                    json!([]),
                    vec!["mm2-configs", "describe every topic"],
                ),
                (
                    "slackwater",
                    json!([topic("*", &["Describe", "DescribeConfigs"])]),
                    vec!["the mirror: records of", denied],
                ),
                (
                    "slackwater",
                    json!([topic("*", &["Read"])]),
                    vec!["the mirror: configuration of topic", denied],
                ),
                (
                    "slackwater",
                    all_but("__consumer_offsets"),
                    vec!["shows no topic __consumer_offsets", "describe every topic"],
                ),
                (
                    "slackwater",
                    all_but("source.items"),
                    vec![
                        "shows no topic source.items",
                        "MirrorMaker has copied items-",
                    ],
                ),
                (
                    "mirror-maker",
                    json!([topic("*", &["Read"])]),
                    vec!["source source: configuration of topic items", denied],
                ),
            ] {
                let ran = backup(&mut place, user, &rules);
                assert_ne!(ran.code, 0);
                let last = ran.said.trim().lines().last().unwrap_or_default();
                assert!(says.iter().all(|words| last.contains(words)), "{last}");
                assert!(!ran.said.contains("STOPPED"), "{}", ran.said);
            }
            let maker = place.object("kafkamirrormaker2/feeder").to_string();
            assert!(!maker.contains("slackwater.io/held"), "{maker}");
        }

        #[test]
        fn a_topic_that_is_hidden_from_its_user_keeps_claims_from_being_proven() {
            let mut place = turn();
            place.produce(20);
            // Nothing tells of it but the volumes.
            let create = "--create --if-not-exists --topic hidden --partitions 1";
            place.topics("mirror", create);
            let listed = place.topics("mirror", "--list");
            let both = ["Read", "DescribeConfigs"];
            let seen = listed.lines().map(str::trim);
            let seen = seen.filter(|name| !name.is_empty() && *name != "hidden");
            let rules: Value = seen.map(|name| topic(name, &both)).collect();
            let ran = backup(&mut place, "slackwater", &rules);
            place.topics("mirror", "--delete --topic hidden");
            let ran = ran.expect(3);
            for claim in ["? still", "? durable"] {
                let mut lines = ran.said.lines();
                let line = lines.find(|line| line.contains(claim)).unwrap();
                assert!(line.contains("not in the cut: hidden-0"), "{line}");
            }
        }
    }
}
