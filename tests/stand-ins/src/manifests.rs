//! The resources of the tests' scenes, as a user of Strimzi writes them: the
//! stand-ins take them, and so do the real ones.

/// As they are shipped.
const USERS: &str = include_str!("../../../blueprints/users.yaml");

/// What a mirror is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Three nodes that are broker and controller, a volume each; one source.
    Plain,
    /// Three brokers of two volumes each, whose numbers are no sequence, and a
    /// controller in a pool of its own; two sources.
    Wide,
    /// Seven pools of one node and one volume each, of which three are broker and
    /// controller, and four are controllers alone; one source.
    Pools,
}

/// Those of [`Shape::Pools`], in the order of their names.
pub const POOLS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// So many of them are brokers, too.
const BROKERS: usize = 3;

impl Shape {
    /// Its sources, and the topic that is mirrored of each.
    pub fn sources(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let all = [("source", "items"), ("west", "goods")];
        all.into_iter().take(match self {
            Self::Plain | Self::Pools => 1,
            Self::Wide => 2,
        })
    }
}

/// A KafkaNodePool.
struct Pool<'a> {
    name: &'a str,
    nodes: usize,
    roles: &'a str,
    storage: String,
}

/// All Kafkas with their users, in this namespace, on volumes of this class, of this
/// version or the operator's own; and what is said of the mirror: as whom it is
/// come to.
pub(crate) fn kafkas(space: &str, class: &str, version: Option<&str>, shape: Shape) -> String {
    let volume = format!("type: persistent-claim, size: 1Gi, class: {class}");
    let both = |name, nodes| Pool {
        name,
        nodes,
        roles: "[broker, controller]",
        storage: format!("{{{volume}}}"),
    };
    let mirror = match shape {
        Shape::Plain => vec![both("dual", 3)],
        Shape::Pools => {
            let each = POOLS.into_iter().enumerate();
            each.map(|(number, name)| Pool {
                roles: match number < BROKERS {
                    true => "[broker, controller]",
                    false => "[controller]",
                },
                ..both(name, 1)
            })
            .collect()
        }
        Shape::Wide => vec![
            Pool {
                name: "control",
                nodes: 1,
                roles: "[controller]",
                storage: format!("{{{volume}}}"),
            },
            Pool {
                name: "dual",
                nodes: 3,
                roles: "[broker]",
                storage: format!(
                    "{{type: jbod, volumes: [{{id: 0, {volume}}}, {{id: 3, {volume}}}]}}"
                ),
            },
        ],
    };
    let users = USERS.replace("namespace: kafka\n", &format!("namespace: {space}\n"));
    let mut all = vec![users, feeder(space), about(space)];
    for (source, _) in shape.sources() {
        let pool = if source == "source" { "single" } else { "only" };
        all.push(kafka(space, version, source, 1, &[both(pool, 1)]));
    }
    all.push(kafka(space, version, "mirror", 3, &mirror));
    all.join("\n---\n")
}

/// As whom MirrorMaker comes to the mirror, where it makes all that it needs.
fn feeder(space: &str) -> String {
    format!(
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
"
    )
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
    version: Option<&str>,
    name: &str,
    brokers: usize,
    pools: &[Pool<'_>],
) -> String {
    let isr = brokers.min(2);
    let version = version.map_or(String::new(), |version| format!("version: {version}"));
    let mut all = format!(
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
      default.replication.factor: {brokers}
      min.insync.replicas: {isr}
      offsets.topic.replication.factor: {brokers}
      transaction.state.log.replication.factor: {brokers}
      transaction.state.log.min.isr: {isr}
  entityOperator: {{userOperator: {{}}}}
"
    );
    for pool in pools {
        let Pool {
            name: pool,
            nodes,
            roles,
            storage,
        } = pool;
        all += &format!(
            "---
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {{name: {pool}, namespace: {space}, labels: {{strimzi.io/cluster: {name}}}}}
spec:
  replicas: {nodes}
  roles: {roles}
  storage: {storage}
"
        );
    }
    all
}

/// What feeds the mirror: by SCRAM from the first source, without a name from another.
pub(crate) fn maker(space: &str, version: Option<&str>, shape: Shape) -> String {
    let version = version.map_or(String::new(), |version| format!("version: {version}"));
    let workers = match shape {
        Shape::Plain | Shape::Pools => 1,
        Shape::Wide => 2,
    };
    let mut all = format!(
        "
apiVersion: kafka.strimzi.io/v1
kind: KafkaMirrorMaker2
metadata: {{name: feeder, namespace: {space}}}
spec:
  replicas: {workers}
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
  mirrors:"
    );
    for (source, topic) in shape.sources() {
        let access = match source {
            "source" => {
                "source-kafka-bootstrap:9094
        tls: {trustedCertificates: [{secretName: source-cluster-ca-cert, certificate: ca.crt}]}
        authentication:
          type: scram-sha-512
          username: mirror-maker
          passwordSecret: {secretName: mirror-maker, password: password}"
            }
            _ => "west-kafka-bootstrap:9092",
        };
        all += &format!(
            "
    - source:
        alias: {source}
        bootstrapServers: {access}
      topicsPattern: {topic}
      groupsPattern: '.*'
      sourceConnector:
        tasksMax: 2
        config: {{replication.factor: 3, offset-syncs.topic.replication.factor: 1}}
      checkpointConnector:
        config:
          checkpoints.topic.replication.factor: 3
          sync.group.offsets.enabled: true
          sync.group.offsets.interval.seconds: 5
          emit.checkpoints.interval.seconds: 5
          refresh.groups.interval.seconds: 5
"
        );
    }
    all
}
