//! The same blueprints, to the byte, for mirrors that have nothing in common: other
//! names, another namespace, other pools, numbers of nodes, listeners and storage.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::collections::BTreeMap;
            use std::thread;
            use std::time::Duration;

            use serde_json::{Map, Value, json};
            use slackwater_cut::{ClaimName, State, Verdict};
            use slackwater_stand_ins::{Ask, Runner};

            use crate::another_mirror::{COPY, Member, make, unmake};
            use crate::k10_stand_in::{documents, hook_of, person, snapshot_of};
            use crate::kanister::{options, teller, text};
            use crate::place::{Place, turn};

            /// The other one: its namespace and its name.
            const EAST: (&str, &str) = ("east", COPY);

            /// Where the second KafkaMirrorMaker2 is that feeds it.
            const FEEDS: &str = "feeds";

            impl Member<'_> {
                /// By `kanister.yaml` as it is shipped.
                fn act(
                    &self,
                    action: &str,
                    object: Value,
                    said: &[(&str, &str)],
                ) -> Map<String, Value> {
                    let kubectl = teller(self.place);
                    let runner = Runner::new(&kubectl, "kanister", &text()).unwrap();
                    let ask = Ask {
                        object,
                        options: options(said),
                        artifacts: Map::new(),
                    };
                    let done = runner.run(action, &ask, |_| ()).unwrap();
                    assert_eq!(done.error(), None, "{action} of {}", self.kafka());
                    let artifacts = &done.status()["actions"][0]["artifacts"];
                    artifacts["mirrorCut"]["keyValue"]
                        .as_object()
                        .cloned()
                        .unwrap_or_default()
                }

                fn backup(&self) -> String {
                    let object = self.get(&[&format!("kafka/{}", self.name)]);
                    let artifact = self.act("backup", object, &[]);
                    assert_eq!(artifact["kafka"], self.kafka());
                    let run = artifact["cut"].as_str().unwrap().to_owned();
                    self.must_be_proven(&run);
                    run
                }

                /// What a person is shown of an action that will run for it.
                fn shown(&self, action: &str) -> String {
                    let object = format!("kafka/{}", self.kafka());
                    let words = [
                        "render",
                        &blueprint(),
                        "--action",
                        action,
                        "--object",
                        &object,
                    ];
                    let shown = person(self.place, &words).unwrap();
                    shown.replace(&self.kafka(), "KAFKA")
                }
            }

            fn blueprint() -> String {
                concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/../../blueprints/kanister.yaml"
                )
                .to_owned()
            }

            #[test]
            fn the_same_blueprints_back_up_mirrors_that_have_nothing_in_common() {
                let mut place = turn();
                place.produce(300);
                place.kafka_tool(
                    "source",
                    "kafka-verifiable-producer.sh",
                    "org.apache.kafka.tools.VerifiableProducer",
                    "--topic goods --max-messages 200",
                );
                // Of six nodes and two Connects on one machine.
                let about = place.about();
                place.set_about(&format!("{about}limits: {{window: 180s}}\n"));
                for space in [EAST.0, FEEDS] {
                    place.kubectl(&["create", "namespace", space]).unwrap();
                }
                make(&place, EAST.0, FEEDS);
                let here = Member {
                    place: &place,
                    namespace: "kafka",
                    name: "mirror",
                };
                let there = Member {
                    place: &place,
                    namespace: EAST.0,
                    name: EAST.1,
                };
                // What will run differs in their names alone.
                assert_eq!(here.shown("backup"), there.shown("backup"));
                here.backup();
                let run = there.backup();
                let cut = there.cut(&run);
                for topic in ["west.items", "north.goods"] {
                    assert!(
                        cut.rows.topics.iter().any(|one| one.name == topic),
                        "{topic}"
                    );
                }

                // By one policy: what has the label, in whichever namespace.
                let policy = documents("examples/fleet/k10-policy.yaml").remove(0);
                let labels = policy["spec"]["selector"]["matchLabels"]
                    .as_object()
                    .unwrap();
                let labels: Vec<String> = labels
                    .iter()
                    .map(|(key, value)| format!("{key}={}", value.as_str().unwrap()))
                    .collect();
                let labels = labels.join(",");
                for member in [&here, &there] {
                    let label = ["label", "--overwrite", "namespace", member.namespace];
                    place
                        .kubectl(&[&label[..], &[labels.as_str()]].concat())
                        .unwrap();
                    member.label(&labels);
                }
                let selected = ["get", "namespace", "-l", &labels, "-o", "name"];
                let selected = place.kubectl(&selected).unwrap();
                assert_eq!(selected, "namespace/east\nnamespace/kafka\n");
                let hooks = &policy["spec"]["actions"][0]["backupParameters"]["hooks"];
                let action = |hook: &str| hooks[hook]["actionName"].as_str().unwrap();
                let mut runs = BTreeMap::new();
                for member in [&here, &there] {
                    begun(member, action("preHook"));
                    let run = member.sealed_by();
                    for claim in member.get(&["pvc"])["items"].as_array().unwrap() {
                        let claim = claim["metadata"]["name"].as_str().unwrap();
                        let name = format!("k10-csi-snap-fleet-{claim}");
                        snapshot_of(&place, member.namespace, &name, claim);
                    }
                    place.within(3, "all of them to be ready", || are_ready(member));
                    hook_of(&place, member.namespace, action("onSuccess")).unwrap();
                    runs.insert(member.kafka(), run);
                }
                for member in [&here, &there] {
                    let run = &runs[&member.kafka()];
                    place.within(5, "the cut to be closed", || {
                        thread::sleep(Duration::from_secs(1));
                        matches!(member.cut(run).state, State::Closed { .. })
                    });
                    member.must_be_proven(run);
                }

                // All of it is gone: its resources, Secrets, snapshots, its cut. And back, by
                // the blueprint, from what is kept elsewhere.
                place.kubectl(&["delete", "namespace", EAST.0]).unwrap();
                place.kubectl(&["create", "namespace", EAST.0]).unwrap();
                let object = json!({"kind": "Namespace", "metadata": {"name": EAST.0}});
                let kafka = there.kafka();
                there.act(
                    "restore",
                    object.clone(),
                    &[("cut", &run), ("kafka", &kafka)],
                );
                for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
                    let cut = there.cut(&run);
                    let claim = cut.claims.iter().find(|one| one.name == name);
                    assert_eq!(
                        claim.map(|one| one.verdict),
                        Some(Verdict::Proven),
                        "{name}"
                    );
                }
                let compare = ["compare", "--kafka", &kafka];
                // What feeds it from elsewhere was there all the time, and does so again.
                let mut equal = false;
                for _ in 0..20 {
                    equal = equal || place.task(&compare).code == 0;
                }
                assert!(equal);
                unmake_the_other(&place);
                place.set_about(&about);
            }

            /// As K10 does with a hook that failed, it is told again.
            fn begun(member: &Member<'_>, action: &str) {
                let mut told = (0..3).map(|_| hook_of(member.place, member.namespace, action));
                assert!(told.any(|done| done.is_ok()));
            }

            fn are_ready(member: &Member<'_>) -> bool {
                let all = member.get(&["volumesnapshot"]);
                let mut all = all["items"].as_array().unwrap().iter();
                all.all(|one| one["status"]["readyToUse"] == true)
            }

            fn unmake_the_other(place: &Place) {
                unmake(place, EAST.0, FEEDS);
                let rest = ["delete", "volumesnapshot", "--all", "--wait=false"];
                place
                    .kubectl(&[&["-n", EAST.0], &rest[..]].concat())
                    .unwrap();
                for name in place.names("volumesnapshot", "k10-csi-snap-fleet-") {
                    place.space(&["delete", "volumesnapshot", &name]).unwrap();
                }
                place
                    .kubectl(&["label", "namespace", "kafka", "slackwater.io/mirror-"])
                    .unwrap();
                for space in [EAST.0, FEEDS] {
                    place
                        .kubectl(&["delete", "namespace", space, "--wait=false"])
                        .unwrap();
                }
            }
        }
    }
}
