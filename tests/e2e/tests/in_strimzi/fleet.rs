//! The same blueprints, to the byte, for mirrors that have nothing in common: other
//! names, another namespace, other pools, numbers of nodes, listeners and storage.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::collections::BTreeMap;
            use std::thread;
            use std::time::Duration;

            use serde_json::{Map, Value, json};
            use slackwater_cut::{ClaimName, Cut, State, Verdict};
            use slackwater_stand_ins::{Ask, Runner};

            use crate::k10_stand_in::{documents, hook_of, person, snapshot_of};
            use crate::kanister::{options, teller, text};
            use crate::place::{Place, turn};

            /// The other one: its namespace and its name.
            const EAST: (&str, &str) = ("east", "copy");

            /// Of one broker with two disks, and a controller in a pool of its own, on volumes
            /// that are made at once; whoever comes is let in.
            const KAFKA: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: east}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: copy-slackwater, namespace: east}
data:
  mirror.yaml: |
    apiVersion: slackwater/v1beta1
    kind: StrimziMirror
    limits: {window: 180s}
---
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: copy, namespace: east}
spec:
  kafka:
    listeners:
      - {name: inside, port: 9092, type: internal, tls: false}
    config:
      default.replication.factor: 1
      min.insync.replicas: 1
      offsets.topic.replication.factor: 1
      transaction.state.log.replication.factor: 1
      transaction.state.log.min.isr: 1
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {name: keepers, namespace: east, labels: {strimzi.io/cluster: copy}}
spec:
  replicas: 1
  roles: [controller]
  storage: {type: persistent-claim, size: 1Gi, class: lab}
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {name: holders, namespace: east, labels: {strimzi.io/cluster: copy}}
spec:
  replicas: 1
  roles: [broker]
  storage:
    type: jbod
    volumes:
      - {id: 1, type: persistent-claim, size: 1Gi, class: lab}
      - {id: 4, type: persistent-claim, size: 1Gi, class: lab}
";

            /// What feeds it, from the same source: two, of which the second copies a topic that
            /// the first does not.
            const MAKERS: &str = "
apiVersion: kafka.strimzi.io/v1
kind: KafkaMirrorMaker2
metadata: {name: pump, namespace: east}
spec:
  replicas: 1
  target:
    alias: copy
    bootstrapServers: copy-kafka-bootstrap:9092
    groupId: pump
    configStorageTopic: pump-configs
    offsetStorageTopic: pump-offsets
    statusStorageTopic: pump-status
    config:
      config.storage.replication.factor: 1
      offset.storage.replication.factor: 1
      status.storage.replication.factor: 1
  mirrors:
    - source: {alias: west, bootstrapServers: 'source-kafka-bootstrap.kafka:9092'}
      topicsPattern: items
      groupsPattern: '.*'
      sourceConnector:
        tasksMax: 1
        config: {replication.factor: 1, offset-syncs.topic.replication.factor: 1}
      checkpointConnector:
        config: {checkpoints.topic.replication.factor: 1}
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaMirrorMaker2
metadata: {name: siphon, namespace: east}
spec:
  replicas: 1
  target:
    alias: copy
    bootstrapServers: copy-kafka-bootstrap.east.svc:9092
    groupId: siphon
    configStorageTopic: siphon-configs
    offsetStorageTopic: siphon-offsets
    statusStorageTopic: siphon-status
    config:
      config.storage.replication.factor: 1
      offset.storage.replication.factor: 1
      status.storage.replication.factor: 1
  mirrors:
    - source: {alias: north, bootstrapServers: 'source-kafka-bootstrap.kafka:9092'}
      topicsPattern: goods
      sourceConnector:
        tasksMax: 1
        config: {replication.factor: 1, offset-syncs.topic.replication.factor: 1}
";

            /// One of them.
            struct Member<'a> {
                place: &'a Place,
                namespace: &'a str,
                name: &'a str,
            }

            impl Member<'_> {
                fn kafka(&self) -> String {
                    format!("{}/{}", self.namespace, self.name)
                }

                fn get(&self, what: &[&str]) -> Value {
                    let words = [&["-n", self.namespace, "get"], what, &["-o", "json"]].concat();
                    serde_json::from_str(&self.place.kubectl(&words).unwrap()).unwrap()
                }

                fn cut(&self, run: &str) -> Cut {
                    let object = self.get(&[&format!("configmap/slackwater-{run}-run")]);
                    Cut::parse(object["data"]["document"].as_str().unwrap()).unwrap()
                }

                /// All that is required is.
                fn must_be_proven(&self, run: &str) {
                    let cut = self.cut(run);
                    assert!(matches!(cut.state, State::Closed { .. }), "{:?}", cut.state);
                    for claim in &cut.claims {
                        let required = cut.settings.require.contains(&claim.name);
                        assert!(!required || claim.verdict == Verdict::Proven, "{claim:?}");
                    }
                }

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

            fn make_the_other(place: &Place) {
                place.ground.apply(KAFKA);
                let wait = |what: &str| {
                    let ready = [
                        "wait",
                        "--for=condition=Ready",
                        "--timeout=600s",
                        what,
                        "--all",
                    ];
                    place
                        .kubectl(&[&["-n", EAST.0][..], &ready].concat())
                        .unwrap();
                };
                wait("kafka");
                place.ground.apply(MAKERS);
                wait("kafkamirrormaker2");
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
                make_the_other(&place);
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
                    for what in [
                        &["label", "--overwrite", "namespace", member.namespace][..],
                        &[
                            "label",
                            "--overwrite",
                            "-n",
                            member.namespace,
                            "kafka",
                            member.name,
                        ],
                    ] {
                        place.kubectl(&[what, &[&labels]].concat()).unwrap();
                    }
                }
                let selected = ["get", "namespace", "-l", &labels, "-o", "name"];
                let selected = place.kubectl(&selected).unwrap();
                assert_eq!(selected, "namespace/east\nnamespace/kafka\n");
                let hooks = &policy["spec"]["actions"][0]["backupParameters"]["hooks"];
                let action = |hook: &str| hooks[hook]["actionName"].as_str().unwrap();
                let mut runs = BTreeMap::new();
                for member in [&here, &there] {
                    begun(member, action("preHook"));
                    let run = sealed_by(member);
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

            /// The run that the hook noted on its claims.
            fn sealed_by(member: &Member<'_>) -> String {
                let claims = member.get(&["pvc"]);
                let notes = claims["items"].as_array().unwrap().iter();
                let mut runs: Vec<&str> = notes
                    .filter(|one| one["metadata"]["labels"]["strimzi.io/cluster"] == member.name)
                    .map(|one| &one["metadata"]["annotations"]["slackwater.io/sealed-by"])
                    .map(|run| run.as_str().unwrap())
                    .collect();
                runs.dedup();
                assert_eq!(runs.len(), 1, "{runs:?}");
                runs[0].to_owned()
            }

            fn are_ready(member: &Member<'_>) -> bool {
                let all = member.get(&["volumesnapshot"]);
                let mut all = all["items"].as_array().unwrap().iter();
                all.all(|one| one["status"]["readyToUse"] == true)
            }

            fn unmake_the_other(place: &Place) {
                for what in [
                    &["delete", "kafkamirrormaker2,kafka,kafkanodepool", "--all"][..],
                    &["delete", "volumesnapshot,pvc", "--all", "--wait=false"],
                ] {
                    place.kubectl(&[&["-n", EAST.0], what].concat()).unwrap();
                }
                let all = "k10-csi-snap-fleet-";
                for name in place.names("volumesnapshot", all) {
                    place.space(&["delete", "volumesnapshot", &name]).unwrap();
                }
                place
                    .kubectl(&["label", "namespace", "kafka", "slackwater.io/mirror-"])
                    .unwrap();
                place
                    .kubectl(&["delete", "namespace", EAST.0, "--wait=false"])
                    .unwrap();
            }
        }
    }
}
