//! Each verb of the shipped role taken away by itself: what then can't be done is
//! named, and nothing is left held. A verb without which all works would be one too
//! many.

mod needs_root {
    mod takes_long {
        use serde_json::{Value, json};

        use crate::ground::{kubectl, names};
        use crate::place::{Place, mirror, turn};

        /// A verb of a rule, and one of its resources.
        #[derive(Debug, Clone)]
        struct Right {
            group: String,
            resource: String,
            verb: String,
        }

        fn role() -> String {
            format!("clusterrole/{}slackwater", names().prefix)
        }

        fn texts(list: &Value) -> Vec<String> {
            let each = list.as_array().into_iter().flatten();
            each.filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        }

        fn rights(rules: &Value) -> Vec<Right> {
            let mut all = Vec::new();
            for rule in rules.as_array().unwrap() {
                for group in texts(&rule["apiGroups"]) {
                    for resource in texts(&rule["resources"]) {
                        for verb in texts(&rule["verbs"]) {
                            let (group, resource) = (group.clone(), resource.clone());
                            all.push(Right {
                                group,
                                resource,
                                verb,
                            });
                        }
                    }
                }
            }
            all
        }

        /// One rule for each right but this one.
        fn without(all: &[Right], away: &Right) -> Value {
            let kept = all.iter().filter(|one| {
                (&one.group, &one.resource, &one.verb) != (&away.group, &away.resource, &away.verb)
            });
            kept.map(|one| {
                json!({
                    "apiGroups": [one.group],
                    "resources": [one.resource],
                    "verbs": [one.verb],
                })
            })
            .collect()
        }

        impl Right {
            /// As errors name it.
            fn words(&self) -> String {
                let Self {
                    group,
                    resource,
                    verb,
                } = self;
                match group.is_empty() {
                    true => format!("{verb} {resource}"),
                    false => format!("{verb} {resource}.{group}"),
                }
            }
        }

        /// Not `get pods` where it says `get pods/exec`.
        fn names_it(line: &str, words: &str) -> bool {
            line.match_indices(words).any(|(at, _)| {
                let next = line[at + words.len()..].chars().next();
                next.is_none_or(|next| !next.is_alphanumeric() && next != '/')
            })
        }

        /// A role without a verb, until this is dropped.
        struct Taken {
            words: Vec<String>,
            before: Value,
        }

        impl Taken {
            fn away(place: &Place, rules: &Value, before: &Value) -> Self {
                let taken = Self {
                    words: place.ground.kubectl_words(),
                    before: before.clone(),
                };
                taken.set(rules);
                taken
            }

            fn set(&self, rules: &Value) {
                let patch = json!({ "rules": rules }).to_string();
                let patch = ["patch", &role(), "--type=merge", "-p", &patch];
                kubectl(&self.words, &patch, None).unwrap();
            }
        }

        impl Drop for Taken {
            fn drop(&mut self) {
                self.set(&self.before);
            }
        }

        /// What a backup, which is read again and deleted, says in all, as far as it
        /// gets. With `left` its VolumeSnapshots are deleted by hand before: their contents
        /// stay, and have to be deleted by themselves.
        fn all_of_it(place: &mut Place, left: bool) -> String {
            let kafka = mirror();
            let of = ["--kafka", &kafka];
            let done = place.task(&[&["backup", "-o", "json"], &of[..]].concat());
            let mut said = done.said;
            if done.code != 0 {
                return said;
            }
            let begin = said.find("\n{").unwrap();
            let cut: Value = serde_json::from_str(&said[begin..]).unwrap();
            let run = cut["runId"].as_str().unwrap();
            said.truncate(begin + 1);
            for words in [
                vec!["verify", run],
                vec!["snapshot", "delete", run, "--with-cut"],
            ] {
                if left && words[0] == "snapshot" {
                    let label = format!("slackwater.io/run={run}");
                    place
                        .space(&["delete", "volumesnapshot", "-l", &label])
                        .unwrap();
                }
                let done = place.task(&[&words[..], &of[..]].concat());
                said += &done.said;
                if done.code != 0 {
                    break;
                }
            }
            said
        }

        /// From Kubernetes 1.35 on, and not before it.
        fn is_of_later(place: &Place, right: &Right) -> bool {
            let version = place.kubectl(&["version", "-o", "json"]).unwrap();
            let version: Value = serde_json::from_str(&version).unwrap();
            let minor = version["serverVersion"]["minor"].as_str().unwrap();
            let minor: u32 = minor.trim_end_matches('+').parse().unwrap();
            minor < 35 && right.resource == "pods/exec" && right.verb == "create"
        }

        #[test]
        fn for_each_verb_of_the_role_that_is_missing_something_names_it() {
            let mut place = turn();
            place.produce(20);
            let feeder = place.feeder();
            let text = place.kubectl(&["get", &role(), "-o", "json"]).unwrap();
            let before: Value = serde_json::from_str(&text).unwrap();
            let all = rights(&before["rules"]);
            // There is room; but whoever looks for limits does so where there is a quota.
            let quota = format!(
                "{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: roomy, namespace: {}}}, \
                 spec: {{hard: {{count/pods: '500'}}}}}}",
                names().space
            );
            place.ground.apply(&quota);
            // No mirror's, but whoever looks for those that copy by connectors of their own
            // has to read it.
            let elsewhere = format!(
                "{{apiVersion: kafka.strimzi.io/v1, kind: KafkaConnector, metadata: {{name: \
                 elsewhere, namespace: {}, labels: {{strimzi.io/cluster: nobody}}}}, spec: \
                 {{class: org.apache.kafka.connect.mirror.MirrorSourceConnector, tasksMax: 1, \
                 config: {{target.cluster.bootstrap.servers: 'elsewhere.example:9092'}}}}}}",
                names().space
            );
            place.ground.apply(&elsewhere);
            let mut wrong = Vec::new();
            for right in &all {
                if is_of_later(&place, right) {
                    continue;
                }
                // Made once, and then there.
                let lease = ["delete", "lease", "slackwater-mirror", "--ignore-not-found"];
                place.space(&lease).unwrap();
                let taken = Taken::away(&place, &without(&all, right), &before["rules"]);
                // Where the storage deletes a content with its snapshot, nobody else has to.
                let left = right.verb == "delete" && right.resource.contains("contents");
                let said = all_of_it(&mut place, left);
                drop(taken);
                // Whatever was begun.
                place
                    .task(&["phase", "resumeMirror", "--kafka", &mirror()])
                    .expect(0);
                place.must_be_let_go(&feeder);
                let words = right.words();
                match said.lines().find(|line| names_it(line, &words)) {
                    Some(line) => println!("{words}: {line}"),
                    None => wrong.push(format!("{words}: {said}")),
                }
            }
            place.space(&["delete", "resourcequota", "roomy"]).unwrap();
            let elsewhere = ["delete", "kafkaconnector", "elsewhere"];
            place.space(&elsewhere).unwrap();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}
