//! What the operator stand-in does, as Strimzi's operator does it: on a cluster
//! that has the real one these hold, too.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod needs_root {
    use std::sync::OnceLock;
    use std::time::Duration;

    use serde_json::Value;
    use slackwater_lab::kubernetes::Cluster;
    use slackwater_stand_ins::{CLASS, Operator, Storage, Temper};

    const SPACE: &str = "kafka";

    /// Fields drop in this order.
    struct Scene {
        _operator: Operator,
        _storage: Storage,
        cluster: Cluster,
    }

    /// A source of one node, a mirror of three, and what feeds it; all ready.
    fn scene() -> &'static Scene {
        static SCENE: OnceLock<Scene> = OnceLock::new();
        SCENE.get_or_init(|| {
            let cluster = Cluster::start("operator").unwrap();
            let scene = Scene {
                _storage: Storage::start(&cluster).unwrap(),
                _operator: Operator::start(&cluster, Temper::default()).unwrap(),
                cluster,
            };
            let plane = scene.cluster.plane();
            plane.kubectl(&["create", "namespace", SPACE]).unwrap();
            let manifest = [kafka("source", 1), kafka("mirror", 3), maker()].concat();
            plane.apply(&manifest).unwrap();
            for what in ["kafka/source", "kafka/mirror", "kafkamirrormaker2/feeder"] {
                let ready = ["wait", "--for=condition=Ready", what, "-n", SPACE];
                plane
                    .kubectl(&[&ready[..], &["--timeout=180s"]].concat())
                    .unwrap();
            }
            scene
        })
    }

    fn kubectl(args: &[&str]) -> String {
        let all = [args, &["-n", SPACE]].concat();
        scene().cluster.plane().kubectl(&all).unwrap()
    }

    fn object(what: &str) -> Value {
        serde_json::from_str(&kubectl(&["get", what, "-o", "json"])).unwrap()
    }

    fn kafka(name: &str, nodes: usize) -> String {
        let isr = nodes.min(2);
        format!(
            "
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {{name: {name}, namespace: {SPACE}}}
spec:
  kafka:
    version: 4.3.1
    listeners: [{{name: plain, port: 9092, type: internal, tls: false}}]
    config:
      default.replication.factor: {nodes}
      min.insync.replicas: {isr}
      offsets.topic.replication.factor: {nodes}
      transaction.state.log.replication.factor: {nodes}
      transaction.state.log.min.isr: {isr}
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {{name: dual, namespace: {SPACE}, labels: {{strimzi.io/cluster: {name}}}}}
spec:
  replicas: {nodes}
  roles: [broker, controller]
  storage: {{type: persistent-claim, size: 1Gi, class: {CLASS}}}
---
"
        )
        .replace("name: dual", &format!("name: {}", pool(name)))
    }

    /// Pools of two clusters in one namespace have two names.
    fn pool(cluster: &str) -> &'static str {
        match cluster {
            "mirror" => "dual",
            _ => "single",
        }
    }

    fn maker() -> String {
        format!(
            "
apiVersion: kafka.strimzi.io/v1
kind: KafkaMirrorMaker2
metadata: {{name: feeder, namespace: {SPACE}}}
spec:
  replicas: 1
  version: 4.3.1
  target:
    alias: mirror
    bootstrapServers: mirror-kafka-bootstrap:9092
    groupId: mm2
    configStorageTopic: mm2-configs
    offsetStorageTopic: mm2-offsets
    statusStorageTopic: mm2-status
    config:
      config.storage.replication.factor: 3
      offset.storage.replication.factor: 3
      status.storage.replication.factor: 3
  mirrors:
    - source: {{alias: source, bootstrapServers: 'source-kafka-bootstrap:9092'}}
      topicsPattern: items
      groupsPattern: '.*'
      sourceConnector: {{tasksMax: 2, config: {{replication.factor: 3, offset-syncs.topic.replication.factor: 1}}}}
      checkpointConnector: {{config: {{checkpoints.topic.replication.factor: 3}}}}
---
"
        )
    }

    #[test]
    fn a_kafka_says_who_it_is_and_how_it_is_reached() {
        let kafka = object("kafka/mirror");
        let pool = object("kafkanodepool/dual");
        assert_eq!(kafka["status"]["clusterId"], pool["status"]["clusterId"]);
        let bootstrap = &kafka["status"]["listeners"][0]["bootstrapServers"];
        assert_eq!(bootstrap, "mirror-kafka-bootstrap.kafka.svc:9092");
        assert_eq!(pool["status"]["nodeIds"].as_array().unwrap().len(), 3);
        for claim in [
            "data-mirror-dual-0",
            "data-mirror-dual-1",
            "data-mirror-dual-2",
        ] {
            let claim = object(&format!("pvc/{claim}"));
            assert_eq!(claim["status"]["phase"], "Bound");
            assert_eq!(claim["metadata"]["labels"]["strimzi.io/pool-name"], "dual");
        }
        let set = object("strimzipodset/mirror-dual");
        assert_eq!(set["status"]["readyPods"], 3);
    }

    #[test]
    fn connectors_are_stopped_by_their_state_and_connect_itself_says_so() {
        let said = |path: &str| -> Value {
            let words = [
                "exec",
                "feeder-mirrormaker2-0",
                "-c",
                "feeder-mirrormaker2",
                "--",
            ];
            let url = format!("http://localhost:8083{path}");
            let text = kubectl_exec(&[&words[..], &["curl", "-s", &url]].concat());
            serde_json::from_str(&text).unwrap()
        };
        let source = "/connectors/source-%3Emirror.MirrorSourceConnector/status";
        let cluster = said("/")["kafka_cluster_id"].clone();
        assert_eq!(cluster, object("kafka/mirror")["status"]["clusterId"]);
        assert_eq!(said(source)["connector"]["state"], "RUNNING");
        let stop = r#"[{"op": "add", "path": "/spec/mirrors/0/sourceConnector/state", "value": "stopped"}]"#;
        kubectl(&[
            "patch",
            "kafkamirrormaker2",
            "feeder",
            "--type=json",
            "-p",
            stop,
        ]);
        for _ in 0..300 {
            let status = said(source);
            if status["connector"]["state"] == "STOPPED" && status["tasks"] == serde_json::json!([])
            {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        panic!("{}", said(source));
    }

    /// The namespace comes before the command.
    fn kubectl_exec(args: &[&str]) -> String {
        let all = [&["-n", SPACE], args].concat();
        scene().cluster.plane().kubectl(&all).unwrap()
    }
}
