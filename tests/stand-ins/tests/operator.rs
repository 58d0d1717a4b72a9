//! What the operator stand-in does, as Strimzi's operator does it: on a cluster
//! that has the real one these hold, too, and `cargo xtask e2e` runs them there.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is an operator"
)]

mod needs_root {
    use std::collections::BTreeMap;
    use std::sync::OnceLock;
    use std::thread;
    use std::time::Duration;

    use serde_json::{Value, json};
    use slackwater_stand_ins::Ground;

    /// It goes with the process, or with what `cargo xtask e2e` deletes.
    fn ground() -> &'static Ground {
        static GROUND: OnceLock<Ground> = OnceLock::new();
        GROUND.get_or_init(|| Ground::set_up("operator").unwrap())
    }

    fn object(what: &str) -> Value {
        ground().object(what).unwrap()
    }

    fn kubectl(args: &[&str]) -> String {
        ground().kubectl(args).unwrap()
    }

    mod takes_long {
        use super::*;

        const PAUSE: &str = "strimzi.io/pause-reconciliation";

        /// Of three brokers, one after another.
        const MOST_LOOKS: usize = 2_000;

        fn configure(config: &Value) {
            let change = json!({"spec": {"kafka": {"config": config}}}).to_string();
            kubectl(&["patch", "kafka", "mirror", "--type=merge", "-p", &change]);
        }

        fn pause(value: &str) {
            kubectl(&["annotate", "kafka", "mirror", &format!("{PAUSE}{value}")]);
        }

        fn await_condition(kind: &str) {
            let condition = format!("--for=condition={kind}");
            kubectl(&["wait", &condition, "kafka/mirror", "--timeout=600s"]);
        }

        /// Whether the operator has done what the Kafka says.
        fn is_done() -> bool {
            let kafka = object("kafka/mirror");
            let seen = &kafka["status"]["observedGeneration"];
            *seen == kafka["metadata"]["generation"]
        }

        /// The mirror's pods: which, and whether it is ready.
        fn pods() -> BTreeMap<String, (String, bool)> {
            let labels = "strimzi.io/cluster=mirror,strimzi.io/kind=Kafka";
            let text = kubectl(&["get", "pods", "-l", labels, "-o", "json"]);
            let all: Value = serde_json::from_str(&text).unwrap();
            let each = all["items"].as_array().unwrap().iter().map(|pod| {
                let meta = |key: &str| pod["metadata"][key].as_str().unwrap_or_default();
                let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
                let ready = conditions.any(|one| one["type"] == "Ready" && one["status"] == "True");
                let is_ready = ready && meta("deletionTimestamp").is_empty();
                (meta("name").to_owned(), (meta("uid").to_owned(), is_ready))
            });
            each.collect()
        }

        /// Looks on until the operator has done it: never do two lack at once, of any count.
        /// How many pods there were.
        fn look_on(mut at: impl FnMut(usize)) -> usize {
            let mut seen = BTreeMap::new();
            for _ in 0..MOST_LOOKS {
                let done = is_done();
                let now = pods();
                let ready = now.values().filter(|(_, ready)| *ready).count();
                assert!(ready >= 2, "{now:?}");
                let status = object("strimzipodset/mirror-dual")["status"].clone();
                assert!(status["readyPods"].as_u64() >= Some(2), "{status}");
                assert!(status["currentPods"].as_u64() >= Some(2), "{status}");
                for (name, (uid, _)) in now {
                    seen.insert(uid, name);
                }
                if done {
                    return seen.len();
                }
                at(seen.len());
                thread::sleep(Duration::from_millis(100));
            }
            panic!("it is not done: {}", object("kafka/mirror")["status"]);
        }

        #[test]
        fn a_kafka_says_who_it_is_and_how_it_is_reached() {
            let kafka = object("kafka/mirror");
            let pool = object("kafkanodepool/dual");
            assert_eq!(kafka["status"]["clusterId"], pool["status"]["clusterId"]);
            let bootstrap = &kafka["status"]["listeners"][0]["bootstrapServers"];
            let expected = format!("mirror-kafka-bootstrap.{}.svc:9092", ground().space());
            assert_eq!(*bootstrap, expected);
            let ids = pool["status"]["nodeIds"].as_array().unwrap();
            assert_eq!(ids.len(), 3);
            let claims = ids.iter().map(|id| format!("data-mirror-dual-{id}"));
            for claim in claims.chain(["data-source-single-0".to_owned()]) {
                let claim = object(&format!("pvc/{claim}"));
                assert_eq!(claim["status"]["phase"], "Bound");
                assert!(claim["metadata"]["labels"]["strimzi.io/pool-name"].is_string());
            }
            assert_eq!(
                object("strimzipodset/mirror-dual")["status"]["readyPods"],
                3
            );
            let secret = object("secret/mirror-cluster-ca-cert");
            assert_eq!(secret["metadata"]["ownerReferences"][0]["kind"], "Kafka");
        }

        /// `Labels.generateDefaultLabels`: by this label a restore leaves them to it.
        #[test]
        fn what_it_makes_of_a_resource_says_of_which_kind_that_is() {
            for (what, kind) in [
                ("service/mirror-kafka-bootstrap", "Kafka"),
                ("service/mirror-kafka-brokers", "Kafka"),
                ("configmap/mirror-dual-0", "Kafka"),
                ("pod/mirror-dual-0", "Kafka"),
                ("service/feeder-mirrormaker2-api", "KafkaMirrorMaker2"),
                ("configmap/feeder-mirrormaker2-config", "KafkaMirrorMaker2"),
            ] {
                let labels = &object(what)["metadata"]["labels"];
                assert_eq!(labels["strimzi.io/kind"], kind, "{what}");
            }
        }

        #[test]
        fn connectors_are_stopped_by_their_state_and_connect_itself_says_so() {
            let said = |path: &str| ground().connect(path).unwrap();
            let source = "/connectors/source-%3Emirror.MirrorSourceConnector/status";
            let kafka = object("kafka/mirror");
            assert_eq!(said("/")["kafka_cluster_id"], kafka["status"]["clusterId"]);
            let until = |is_so: &dyn Fn(&Value) -> bool| {
                for _ in 0..300 {
                    let status = said(source);
                    if is_so(&status) {
                        return;
                    }
                    thread::sleep(Duration::from_millis(100));
                }
                panic!("{}", said(source));
            };
            let runs = |status: &Value| {
                let tasks = status["tasks"].as_array().map_or(0, Vec::len);
                status["connector"]["state"] == "RUNNING" && tasks == 2
            };
            until(&runs);
            let tell = |op: Value| {
                let ops = json!([op]).to_string();
                let patch = ["patch", "kafkamirrormaker2", "feeder", "--type=json", "-p"];
                kubectl(&[&patch[..], &[&ops]].concat());
            };
            let path = "/spec/mirrors/0/sourceConnector/state";
            tell(json!({"op": "add", "path": path, "value": "stopped"}));
            until(&|status| {
                status["connector"]["state"] == "STOPPED" && status["tasks"] == json!([])
            });
            tell(json!({"op": "remove", "path": path}));
            until(&runs);
        }

        #[test]
        fn a_changed_configuration_restarts_one_broker_after_another_and_never_while_paused() {
            await_condition("Ready");
            let before = pods();
            pause("=true");
            await_condition("ReconciliationPaused");
            configure(&json!({"log.initial.task.delay.ms": 31_000}));
            thread::sleep(Duration::from_secs(15));
            assert_eq!(pods(), before);
            assert!(!is_done());
            pause("-");
            assert_eq!(look_on(|_| ()), 6);

            // One that has begun is not stopped by a pause: it is heard when it is over.
            configure(&json!({"log.initial.task.delay.ms": null}));
            let mut told = false;
            let pods_seen = look_on(|pods| {
                if pods == 4 && !told {
                    told = true;
                    pause("=true");
                }
            });
            assert_eq!((pods_seen, told), (6, true));
            await_condition("ReconciliationPaused");
            pause("-");
            await_condition("Ready");
        }

        #[test]
        fn what_brokers_take_while_they_run_restarts_none() {
            await_condition("Ready");
            let before = pods();
            configure(&json!({"log.retention.ms": 604_800_001}));
            assert_eq!(look_on(|_| ()), 3);
            configure(&json!({"log.retention.ms": null}));
            assert_eq!(look_on(|_| ()), 3);
            assert_eq!(pods(), before);
        }

        mod needs_stand_ins {
            use slackwater_stand_ins::elsewhere;

            use super::*;

            #[test]
            fn a_cluster_is_used_by_its_kubeconfig_for_the_same_tests() {
                let Ground::Lab(scene) = ground() else {
                    panic!("this is done by stand-ins alone");
                };
                let mut same = elsewhere(scene.cluster().plane()).unwrap();
                let longest = ["--skip", "a_changed_", "--skip", "what_brokers_take"];
                let same = same.args(longest).args(["--skip", "needs_stand_ins"]);
                let ended = same.output().unwrap();
                let said = String::from_utf8_lossy(&ended.stdout);
                println!("{said}{}", String::from_utf8_lossy(&ended.stderr));
                assert!(ended.status.success());
                let all = "kafkamirrormaker2,kafka,kafkanodepool";
                scene
                    .kubectl(&["delete", all, "--all", "--namespace=elsewhere-kafka"])
                    .unwrap();
                kubectl(&["delete", "namespace", "elsewhere-kafka", "--timeout=180s"]);
            }
        }
    }
}
