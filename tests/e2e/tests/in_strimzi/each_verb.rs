//! Each verb of the shipped roles taken away by itself: what then can't be done is
//! named, and nothing is left held or half done. A verb without which all works would
//! be one too many.

mod needs_root {
    mod takes_long {
        use serde_json::Value;

        use crate::ground::names;
        use crate::place::{Place, mirror, turn};
        use crate::roles::{Right, Role, Taken};

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

        /// What there is to be looked at by every verb that only looks.
        fn something_to_look_at(place: &Place) {
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
        }

        #[test]
        fn for_each_verb_of_the_role_that_is_missing_something_names_it() {
            let mut place = turn();
            place.produce(20);
            let feeder = place.feeder();
            let roles = [
                Role::of_cluster(&place, "slackwater"),
                Role::of_own(&place, "slackwater-kept"),
            ];
            let roles: Vec<&Role> = roles.iter().collect();
            let mut all: Vec<Right> = roles[0].rights();
            all.extend(
                roles[1]
                    .rights()
                    .into_iter()
                    .filter(|one| !roles[0].rights().contains(one)),
            );
            something_to_look_at(&place);
            let mut wrong = Vec::new();
            all.retain(|right| !right.is_of_later(&place));
            for right in &all {
                // Made once, and then there.
                let lease = ["delete", "lease", "slackwater-mirror", "--ignore-not-found"];
                place.space(&lease).unwrap();
                let taken = Taken::away(&place, &roles, right);
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
                match right.named_in(&said) {
                    Some(line) => println!("{words}: {line}"),
                    None => wrong.push(format!("{words}: {said}")),
                }
            }
            place.space(&["delete", "resourcequota", "roomy"]).unwrap();
            let elsewhere = ["delete", "kafkaconnector", "elsewhere"];
            place.space(&elsewhere).unwrap();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }

        /// A topic and a user that are resources, and so are kept beside a cut.
        const OTHERS: [(&str, &str); 2] = [
            ("KafkaTopic", "{partitions: 1, replicas: 1}"),
            ("KafkaUser", "{authentication: {type: tls}}"),
        ];

        fn others(place: &Place) {
            for (kind, spec) in OTHERS {
                place.ground.apply(&format!(
                    "{{apiVersion: kafka.strimzi.io/v1, kind: {kind}, metadata: {{name: \
                     somebodys, namespace: {}, labels: {{strimzi.io/cluster: mirror}}}}, spec: {spec}}}",
                    names().space
                ));
            }
        }

        fn without_others(place: &Place) {
            for (kind, _) in OTHERS {
                place
                    .space(&["delete", kind, "somebodys", "--ignore-not-found"])
                    .unwrap();
            }
        }

        #[test]
        fn for_each_verb_of_a_restore_that_is_missing_one_line_names_it_before_anything_is_touched()
        {
            let mut place = turn();
            others(&place);
            place.produce(20);
            let run = place.backup();
            let roles = [
                Role::of_cluster(&place, "slackwater-restore"),
                Role::of_cluster(&place, "slackwater"),
                Role::of_own(&place, "slackwater-kept"),
            ];
            let roles: Vec<&Role> = roles.iter().collect();
            let all = roles[0].rights();
            let kafka = mirror();
            let restore = ["restore", &run, "--kafka", &kafka];
            let plan = [&restore[..], &["--plan"]].concat();
            let mut named: Vec<&Right> = Vec::new();
            let mut look = |place: &mut Place| {
                for right in &all {
                    let taken = Taken::away(place, &roles, right);
                    let ran = place.task_as("slackwater-restore", &plan);
                    drop(taken);
                    if let Some(line) = right.named_in(&ran.said) {
                        assert_ne!(ran.code, 0, "{line}");
                        println!("{}: {line}", right.words());
                        named.push(right);
                    } else {
                        // Not of the steps that there are here.
                        assert_eq!(ran.code, 0, "without {}: {}", right.words(), ran.said);
                    }
                }
            };
            look(&mut place);
            // Nor is anything touched by what is to do it.
            let (before, volumes) = (place.object("kafka/mirror"), place.volumes());
            let claims = all
                .iter()
                .find(|right| right.words() == "patch persistentvolumeclaims");
            let taken = Taken::away(&place, &roles, claims.unwrap());
            let ran = place.task_as("slackwater-restore", &restore).expect(2);
            drop(taken);
            assert!(ran.said.contains("nothing was touched"), "{}", ran.said);
            assert_eq!(place.object("kafka/mirror")["spec"], before["spec"]);
            let notes = |kafka: &Value| kafka["metadata"]["annotations"].clone();
            assert_eq!(notes(&place.object("kafka/mirror")), notes(&before));
            assert_eq!(place.volumes(), volumes);
            assert!(place.is_running());

            without_others(&place);
            place.delete_mirror();
            look(&mut place);
            place.task_as("slackwater-restore", &restore).expect(0);
            without_others(&place);
            place.must_be_equal();
            let words = |right: &&Right| right.words();
            let missed: Vec<String> = all
                .iter()
                .filter(|right| !named.contains(right))
                .map(|right| words(&right))
                .collect();
            assert!(missed.is_empty(), "named by nothing: {missed:?}");
        }
    }
}
