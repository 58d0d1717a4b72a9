//! A mirror that has nothing in common with the first one but its source: another name, other
//! pools, listeners, numbers of nodes and storage.

use serde_json::Value;
use slackwater_cut::{Cut, State};

use crate::k10_stand_in::must_have_what_it_requires;
use crate::place::Place;

/// How it is called.
pub(crate) const COPY: &str = "copy";

/// Of one broker with two disks, and a controller in a pool of its own, on volumes
/// that are made at once; whoever comes is let in.
const KAFKA: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: copy-slackwater, namespace: SPACE}
data:
  mirror.yaml: |
    apiVersion: slackwater/v1beta1
    kind: StrimziMirror
    mirrorMakers: {namespaces: [SPACES]}
    limits: {window: 180s}
---
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: copy, namespace: SPACE}
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
metadata: {name: keepers, namespace: SPACE, labels: {strimzi.io/cluster: copy}}
spec:
  replicas: 1
  roles: [controller]
  storage: {type: persistent-claim, size: 1Gi, class: lab}
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {name: holders, namespace: SPACE, labels: {strimzi.io/cluster: copy}}
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
metadata: {name: pump, namespace: SPACE}
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
metadata: {name: siphon, namespace: APART}
spec:
  replicas: 1
  target:
    alias: copy
    bootstrapServers: copy-kafka-bootstrap.SPACE.svc:9092
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

/// Makes it in this namespace, which is there, as is that of the second of what feeds it.
pub(crate) fn make(place: &Place, namespace: &str, apart: &str) {
    let all = |namespace: &str, what: &str| {
        let wait = ["wait", "--for=condition=Ready", "--timeout=600s", what];
        place
            .kubectl(&[&["-n", namespace][..], &wait, &["--all"]].concat())
            .unwrap();
    };
    let spaces = match namespace == apart {
        true => namespace.to_owned(),
        false => format!("{namespace}, {apart}"),
    };
    let apply = |text: &str| {
        let text = text.replace("SPACES", &spaces).replace("APART", apart);
        place.ground.apply(&text.replace("SPACE", namespace));
    };
    apply(KAFKA);
    all(namespace, "kafka");
    apply(MAKERS);
    all(namespace, "kafkamirrormaker2");
    all(apart, "kafkamirrormaker2");
}

/// Its resources and claims are deleted.
pub(crate) fn unmake(place: &Place, namespace: &str, apart: &str) {
    for (space, what) in [
        (namespace, &["kafkamirrormaker2", "pump"][..]),
        (apart, &["kafkamirrormaker2", "siphon"]),
        (namespace, &["kafka", COPY]),
        (namespace, &["kafkanodepool", "keepers", "holders"]),
        (namespace, &["pvc", "-l", "strimzi.io/cluster=copy"]),
        (namespace, &["configmap", "copy-slackwater"]),
    ] {
        let delete = ["-n", space, "delete", "--ignore-not-found"];
        place.kubectl(&[&delete[..], what].concat()).unwrap();
    }
}

/// One mirror of several.
pub(crate) struct Member<'a> {
    pub(crate) place: &'a Place,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

impl Member<'_> {
    pub(crate) fn kafka(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    pub(crate) fn get(&self, what: &[&str]) -> Value {
        let words = [&["-n", self.namespace, "get"], what, &["-o", "json"]].concat();
        serde_json::from_str(&self.place.kubectl(&words).unwrap()).unwrap()
    }

    pub(crate) fn cut(&self, run: &str) -> Cut {
        let object = self.get(&[&format!("configmap/slackwater-{run}-run")]);
        Cut::parse(object["data"]["document"].as_str().unwrap()).unwrap()
    }

    /// All that is required is.
    pub(crate) fn must_be_proven(&self, run: &str) {
        let cut = self.cut(run);
        assert!(matches!(cut.state, State::Closed { .. }), "{:?}", cut.state);
        must_have_what_it_requires(&cut);
    }

    /// Opts it in, or out.
    pub(crate) fn label(&self, label: &str) {
        let of = ["label", "--overwrite", "-n", self.namespace, "kafka"];
        let words = [&of[..], &[self.name, label]].concat();
        self.place.kubectl(&words).unwrap();
    }

    /// The run that a hook noted on its claims.
    pub(crate) fn sealed_by(&self) -> String {
        let claims = self.get(&["pvc"]);
        let notes = claims["items"].as_array().unwrap().iter();
        let mut runs: Vec<&str> = notes
            .filter(|one| one["metadata"]["labels"]["strimzi.io/cluster"] == self.name)
            .map(|one| &one["metadata"]["annotations"]["slackwater.io/sealed-by"])
            .map(|run| run.as_str().unwrap())
            .collect();
        runs.dedup();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].to_owned()
    }
}
