//! A source, a mirror and what feeds it, in a Kubernetes with all stand-ins.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use slackwater_lab::kubernetes::Cluster;

use crate::image::JAVA;
use crate::{LATE_CLASS, Operator, StandInError, Storage, Temper};

/// The namespace of all of it.
pub const SPACE: &str = "kafka";

/// Of the Kafka in the lab's image.
const VERSION: &str = "4.3.1";

/// As they are shipped.
const USERS: &str = include_str!("../../../blueprints/users.yaml");

/// Until all of it is ready: half a minute on two idle cores.
const READY: &str = "--timeout=240s";

/// See the module. It goes when it is dropped.
pub struct Scene {
    // Fields drop in this order.
    operator: Mutex<Option<Operator>>,
    storage: Storage,
    cluster: Cluster,
}

impl Scene {
    /// Kafkas `source`, of one node, and `mirror`, of three; a KafkaMirrorMaker2
    /// `feeder` that mirrors the topic `items` of four partitions. All ready.
    ///
    /// # Errors
    /// What can't be started, or does not become ready.
    pub fn start(name: &str) -> Result<Self, StandInError> {
        let cluster = Cluster::start(name)?;
        let scene = Self {
            storage: Storage::start(&cluster)?,
            operator: Mutex::new(Some(Operator::start(&cluster, Temper::default())?)),
            cluster,
        };
        let plane = scene.cluster.plane();
        plane.kubectl(&["create", "namespace", SPACE])?;
        plane.apply(&kafkas(SPACE, LATE_CLASS, Some(VERSION)))?;
        scene.wait(&["--for=condition=Ready", "kafka", "--all"])?;
        let create = format!(
            "set -f; exec {JAVA} -Xmx128m org.apache.kafka.tools.TopicCommand \
             --bootstrap-server source-kafka-bootstrap:9092 --create --topic items --partitions 4"
        );
        scene.exec("source-single-0", "kafka", &["sh", "-c", &create])?;
        scene.wait(&["--for=condition=Ready", "kafkauser", "--all"])?;
        plane.apply(&maker(SPACE, Some(VERSION)))?;
        scene.wait(&["--for=condition=Ready", "kafkamirrormaker2", "--all"])?;
        Ok(scene)
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Its storage.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Ends the operator, and has nobody in its place until the next call.
    pub fn without_operator(&self) {
        let mut operator = self.operator.lock().unwrap_or_else(PoisonError::into_inner);
        *operator = None;
    }

    /// Has one again.
    ///
    /// # Errors
    /// It can't be started.
    pub fn with_operator(&self, temper: Temper) -> Result<(), StandInError> {
        let mut operator = self.operator.lock().unwrap_or_else(PoisonError::into_inner);
        *operator = None;
        *operator = Some(Operator::start(&self.cluster, temper)?);
        Ok(())
    }

    /// kubectl in its namespace.
    ///
    /// # Errors
    /// What it says.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, StandInError> {
        let all = [&["-n", SPACE], args].concat();
        Ok(self.cluster.plane().kubectl(&all)?)
    }

    /// Waits for something of its namespace.
    ///
    /// # Errors
    /// It does not come.
    pub fn wait(&self, args: &[&str]) -> Result<(), StandInError> {
        self.kubectl(&[&["wait", READY], args].concat()).map(drop)
    }

    /// An object, as `kind/name`.
    ///
    /// # Errors
    /// There is none.
    pub fn object(&self, what: &str) -> Result<Value, StandInError> {
        let text = self.kubectl(&["get", what, "-o", "json"])?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Runs a command in a container.
    ///
    /// # Errors
    /// What it says.
    pub fn exec(&self, pod: &str, container: &str, words: &[&str]) -> Result<String, StandInError> {
        self.kubectl(&[&["exec", pod, "-c", container, "--"], words].concat())
    }

    /// What Connect answers to a GET.
    ///
    /// # Errors
    /// It does not answer.
    pub fn connect(&self, path: &str) -> Result<Value, StandInError> {
        let url = format!("http://localhost:8083{path}");
        let (pod, container) = ("feeder-mirrormaker2-0", "feeder-mirrormaker2");
        let text = self.exec(pod, container, &["curl", "-s", &url])?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// Both Kafkas with their users, in this namespace, on volumes of this class, of this
/// version or the operator's own; and what is said of the mirror: as whom it is
/// come to.
#[must_use]
pub fn kafkas(space: &str, class: &str, version: Option<&str>) -> String {
    let one = |name, pool, nodes| kafka(space, class, version, (name, pool, nodes));
    let users = USERS.replace("namespace: kafka\n", &format!("namespace: {space}\n"));
    let feeder = format!(
        "
apiVersion: kafka.strimzi.io/v1
kind: KafkaUser
metadata: {{name: feeder, namespace: {space}, labels: {{strimzi.io/cluster: mirror}}}}
spec:
  authentication: {{type: tls}}
  authorization:
    type: simple
    acls:
      - {{resource: {{type: topic, name: '*'}}, operations: [All]}}
      - {{resource: {{type: group, name: '*'}}, operations: [All]}}
      - {{resource: {{type: cluster}}, operations: [All]}}
      - {{resource: {{type: transactionalId, name: '*'}}, operations: [All]}}
---
"
    );
    let (source, mirror) = (one("source", "single", 1), one("mirror", "dual", 3));
    [source, mirror, users, feeder, about(space)].join("\n---\n")
}

/// What is said of the mirror.
fn about(space: &str) -> String {
    format!(
        "
apiVersion: v1
kind: ConfigMap
metadata: {{name: mirror-slackwater, namespace: {space}}}
data:
  mirror.yaml: |
    apiVersion: slackwater/v1beta1
    kind: StrimziMirror
    access: {{user: slackwater}}
"
    )
}

fn kafka(
    space: &str,
    class: &str,
    version: Option<&str>,
    (name, pool, nodes): (&str, &str, usize),
) -> String {
    let isr = nodes.min(2);
    let version = version.map_or(String::new(), |version| format!("version: {version}"));
    format!(
        "
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {{name: {name}, namespace: {space}}}
spec:
  kafka:
    {version}
    listeners:
      - {{name: plain, port: 9092, type: internal, tls: false}}
      - {{name: tls, port: 9093, type: internal, tls: true, authentication: {{type: tls}}}}
      - name: scram
        port: 9094
        type: internal
        tls: true
        authentication: {{type: scram-sha-512}}
    # The plain listener is for the tests' own tools.
    authorization: {{type: simple, superUsers: [ANONYMOUS]}}
    config:
      default.replication.factor: {nodes}
      min.insync.replicas: {isr}
      offsets.topic.replication.factor: {nodes}
      transaction.state.log.replication.factor: {nodes}
      transaction.state.log.min.isr: {isr}
  entityOperator: {{userOperator: {{}}}}
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {{name: {pool}, namespace: {space}, labels: {{strimzi.io/cluster: {name}}}}}
spec:
  replicas: {nodes}
  roles: [broker, controller]
  storage: {{type: persistent-claim, size: 1Gi, class: {class}}}
"
    )
}

/// What feeds the mirror.
#[must_use]
pub fn maker(space: &str, version: Option<&str>) -> String {
    let version = version.map_or(String::new(), |version| format!("version: {version}"));
    format!(
        "
apiVersion: kafka.strimzi.io/v1
kind: KafkaMirrorMaker2
metadata: {{name: feeder, namespace: {space}}}
spec:
  replicas: 1
  {version}
  target:
    alias: mirror
    bootstrapServers: mirror-kafka-bootstrap:9093
    tls: {{trustedCertificates: [{{secretName: mirror-cluster-ca-cert, certificate: ca.crt}}]}}
    authentication:
      type: tls
      certificateAndKey: {{secretName: feeder, certificate: user.crt, key: user.key}}
    groupId: mm2
    configStorageTopic: mm2-configs
    offsetStorageTopic: mm2-offsets
    statusStorageTopic: mm2-status
    config:
      config.storage.replication.factor: 3
      offset.storage.replication.factor: 3
      status.storage.replication.factor: 3
  mirrors:
    - source:
        alias: source
        bootstrapServers: source-kafka-bootstrap:9094
        tls: {{trustedCertificates: [{{secretName: source-cluster-ca-cert, certificate: ca.crt}}]}}
        authentication:
          type: scram-sha-512
          username: mirror-maker
          passwordSecret: {{secretName: mirror-maker, password: password}}
      topicsPattern: items
      groupsPattern: '.*'
      sourceConnector:
        tasksMax: 2
        config: {{replication.factor: 3, offset-syncs.topic.replication.factor: 1}}
      checkpointConnector:
        config: {{checkpoints.topic.replication.factor: 3}}
"
    )
}
