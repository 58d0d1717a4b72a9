//! What the operator stand-in does, as Strimzi's operator does it: on a cluster
//! that has the real one these hold, too.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is an operator"
)]

mod needs_root {
    use std::sync::OnceLock;
    use std::thread;
    use std::time::Duration;

    use serde_json::{Value, json};
    use slackwater_stand_ins::Scene;

    /// It goes with the process.
    fn scene() -> &'static Scene {
        static SCENE: OnceLock<Scene> = OnceLock::new();
        SCENE.get_or_init(|| Scene::start("operator").unwrap())
    }

    #[test]
    fn a_kafka_says_who_it_is_and_how_it_is_reached() {
        let object = |what: &str| scene().object(what).unwrap();
        let kafka = object("kafka/mirror");
        let pool = object("kafkanodepool/dual");
        assert_eq!(kafka["status"]["clusterId"], pool["status"]["clusterId"]);
        let bootstrap = &kafka["status"]["listeners"][0]["bootstrapServers"];
        assert_eq!(bootstrap, "mirror-kafka-bootstrap.kafka.svc:9092");
        assert_eq!(pool["status"]["nodeIds"].as_array().unwrap().len(), 3);
        for claim in [
            "data-mirror-dual-1",
            "data-mirror-dual-2",
            "data-source-single-0",
        ] {
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

    #[test]
    fn connectors_are_stopped_by_their_state_and_connect_itself_says_so() {
        let said = |path: &str| scene().connect(path).unwrap();
        let source = "/connectors/source-%3Emirror.MirrorSourceConnector/status";
        let kafka = scene().object("kafka/mirror").unwrap();
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
        until(&|status| {
            let tasks = status["tasks"].as_array().map_or(0, Vec::len);
            status["connector"]["state"] == "RUNNING" && tasks == 2
        });
        let path = "/spec/mirrors/0/sourceConnector/state";
        let stop = json!([{"op": "add", "path": path, "value": "stopped"}]).to_string();
        let patch = [
            "patch",
            "kafkamirrormaker2",
            "feeder",
            "--type=json",
            "-p",
            &stop,
        ];
        scene().kubectl(&patch).unwrap();
        until(&|status| status["connector"]["state"] == "STOPPED" && status["tasks"] == json!([]));
    }
}
