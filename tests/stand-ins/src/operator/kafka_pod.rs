//! A broker's configuration, and the pod that it runs in (`KafkaCluster.java:1871-1895`,
//! `generatePerBrokerConfiguration`; `KafkaBrokerConfigurationBuilder.java`; `kafka_run.sh` of its
//! image, docker-images/kafka-based/kafka/scripts).

use serde_json::{Value, json};

use super::internal::{self, CLIENT, CLUSTER_CA, PROTOCOLS, tool_properties};
use super::listeners::{self, CLIENTS_CA, KEY_STORE};
use super::meta::{CLUSTER, KIND, NAME, POOL};
use crate::StandInError;
use crate::image::{JAVA, KAFKA_IMAGE};

/// The port of the brokers among themselves, and the controllers' (`KafkaCluster.java:161-168`).
pub(super) const REPLICATION: u16 = 9091;
const CONTROL: u16 = 9090;

/// A node of a cluster.
pub(super) struct Node<'a> {
    pub(super) namespace: &'a str,
    pub(super) cluster: &'a str,
    pub(super) pool: &'a str,
    pub(super) id: i64,
    /// `broker`, `controller`
    pub(super) roles: &'a [String],
    /// Ids of its volumes; empty for the one of a pool that is no JBOD.
    pub(super) volumes: &'a [Option<i64>],
    /// The resource.
    pub(super) kafka: &'a Value,
}

impl Node<'_> {
    /// `KafkaPool.java:305-307`, `nodeRef`
    pub(super) fn name(&self) -> String {
        format!("{}-{}-{}", self.cluster, self.pool, self.id)
    }

    /// `VolumeUtils.java:428-438`, `createVolumePrefix`
    fn volume(id: Option<i64>) -> String {
        id.map_or("data".to_owned(), |id| format!("data-{id}"))
    }

    /// The claim of a volume (`PersistentVolumeClaimUtils.java:61-66`).
    pub(super) fn claim(&self, id: Option<i64>) -> String {
        format!("{}-{}", Self::volume(id), self.name())
    }

    fn is(&self, role: &str) -> bool {
        self.roles.iter().any(|one| one == role)
    }

    /// Labels of its pod and of its claims (`Labels.java:37-63`, `ResourceLabels.java:35-53`).
    pub(super) fn labels(&self) -> Value {
        json!({
            CLUSTER: self.cluster,
            KIND: "Kafka",
            NAME: format!("{}-kafka", self.cluster),
            POOL: self.pool,
            "strimzi.io/component-type": "kafka",
        })
    }

    /// Its own name, as the others find it (`DnsNameGenerator.java:99-102`).
    fn host(&self, node: &str) -> String {
        let Self {
            namespace, cluster, ..
        } = self;
        format!("{node}.{cluster}-kafka-brokers.{namespace}.svc")
    }

    /// `server.config`, for voters as `(id, pod)`
    /// (`KafkaBrokerConfigurationBuilder.java:86-90`, 188-327, 472-521, 611-632 and 709-719). Not
    /// played: the metadata's own folder (728-734), that controllers advertise themselves
    /// (253-261).
    pub(super) fn properties(&self, voters: &[(i64, String)]) -> Result<String, StandInError> {
        let asked = listeners::of(self.kafka)?;
        let host = self.host(&self.name());
        let voters: Vec<String> = voters
            .iter()
            .map(|(id, pod)| format!("{id}@{}:{CONTROL}", self.host(pod)))
            .collect();
        let dirs: Vec<String> = self
            .volumes
            .iter()
            .map(|id| format!("/var/lib/kafka/{}/kafka-log{}", Self::volume(*id), self.id))
            .collect();
        let (mut listeners, mut advertised) = (Vec::new(), Vec::new());
        if self.is("controller") {
            listeners.push(format!("CONTROLPLANE-9090://0.0.0.0:{CONTROL}"));
        }
        if self.is("broker") {
            let own = ("REPLICATION-9091".to_owned(), u64::from(REPLICATION));
            let all = asked.iter().map(|one| (one.id(), one.port));
            for (name, port) in std::iter::once(own).chain(all) {
                listeners.push(format!("{name}://0.0.0.0:{port}"));
                advertised.push(format!("{name}://{host}:{port}"));
            }
        }
        let protocols = asked
            .iter()
            .map(|one| format!(",{}:{}", one.id(), one.protocol()))
            .collect::<String>();
        let protocols = format!("{PROTOCOLS}{protocols}");
        let mut lines = vec![
            format!("node.id={}", self.id),
            format!("process.roles={}", self.roles.join(",")),
            format!("controller.quorum.voters={}", voters.join(",")),
            format!("listeners={}", listeners.join(",")),
            format!("listener.security.protocol.map={protocols}"),
            "controller.listener.names=CONTROLPLANE-9090".to_owned(),
            "inter.broker.listener.name=REPLICATION-9091".to_owned(),
            format!("log.dirs={}", dirs.join(",")),
            "num.network.threads=2".to_owned(),
            "num.io.threads=4".to_owned(),
            "log.cleaner.dedupe.buffer.size=4194304".to_owned(),
        ];
        if !advertised.is_empty() {
            lines.push(format!("advertised.listeners={}", advertised.join(",")));
        }
        lines.extend(internal::properties());
        lines.extend(asked.iter().flat_map(|one| one.properties()));
        lines.extend(listeners::authorization(self.kafka, self.cluster));
        let config = &self.kafka["spec"]["kafka"]["config"];
        for (key, value) in config.as_object().into_iter().flatten() {
            let value = value.as_str().map_or(value.to_string(), str::to_owned);
            lines.push(format!("{key}={value}"));
        }
        Ok(lines.join("\n") + "\n")
    }

    /// As it stands in a StrimziPodSet (`WorkloadUtils.java:246-301`, `createStatefulPod`;
    /// `KafkaCluster.java:1276-1293`; volumes: `VolumeUtils.java:364-417`). There, it is ready when
    /// its broker says that it runs (`kafka_readiness.sh:7-17`); here, when its port is open.
    pub(super) fn pod(&self) -> Value {
        let name = self.name();
        let mounts = self.volumes.iter().map(|id| {
            let volume = Self::volume(*id);
            json!({"name": volume, "mountPath": format!("/var/lib/kafka/{volume}")})
        });
        let mut mounts: Vec<Value> = mounts.collect();
        for (name, path) in [
            ("config", "/opt/kafka/config"),
            ("own", "/opt/kafka/own"),
            ("clients-ca", CLIENTS_CA.trim_end_matches("/ca.crt")),
            ("cluster-ca", CLUSTER_CA.trim_end_matches("/ca.crt")),
        ] {
            mounts.push(json!({"name": name, "mountPath": path}));
        }
        let volumes = self.volumes.iter().map(|id| {
            let claim = json!({"claimName": self.claim(*id)});
            json!({"name": Self::volume(*id), "persistentVolumeClaim": claim})
        });
        let mut volumes: Vec<Value> = volumes.collect();
        let authority = |which: &str| format!("{}-{which}-ca-cert", self.cluster);
        volumes.push(json!({"name": "config", "configMap": {"name": name}}));
        volumes.push(json!({"name": "own", "secret": {"secretName": name}}));
        for which in ["clients", "cluster"] {
            let secret = json!({"secretName": authority(which)});
            volumes.push(json!({"name": format!("{which}-ca"), "secret": secret}));
        }
        let port = match self.is("broker") {
            true => REPLICATION,
            false => CONTROL,
        };
        let mut labels = self.labels();
        labels["strimzi.io/pod-name"] = name.as_str().into();
        labels["strimzi.io/controller"] = "strimzipodset".into();
        labels["strimzi.io/controller-name"] = format!("{}-{}", self.cluster, self.pool).into();
        labels["strimzi.io/broker-role"] = self.is("broker").to_string().into();
        labels["strimzi.io/controller-role"] = self.is("controller").to_string().into();
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            "spec": {
                "hostname": name,
                "subdomain": format!("{}-kafka-brokers", self.cluster),
                "restartPolicy": "Always",
                "terminationGracePeriodSeconds": 30,
                "containers": [{
                    "name": "kafka",
                    "image": KAFKA_IMAGE,
                    "imagePullPolicy": "Never",
                    "command": ["sh", "-c", format!("{}{SCRIPT}", told(&name))],
                    "env": [{"name": "JAVA", "value": JAVA}],
                    "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
                    "volumeMounts": mounts,
                }],
                "volumes": volumes,
            },
        })
    }
}

/// What the script is told.
fn told(node: &str) -> String {
    let client = tool_properties().join("\n");
    format!("node={node} key_store={KEY_STORE} client_file={CLIENT} client='{client}'\n")
}

/// `kafka_run.sh:55-63` and 100: formats what is not formatted, refuses what is of another
/// cluster, and becomes the broker. Not played: it forgets the quorum's state before each
/// start (65-77).
const SCRIPT: &str = r#"
set -ef
config=/opt/kafka/config
cat /opt/kafka/own/$node.key /opt/kafka/own/$node.crt >$key_store
printf '%s\n' "$client" >$client_file
$JAVA -Xmx128m kafka.tools.StorageTool format --ignore-formatted \
    --cluster-id "$(cat $config/cluster.id)" --config $config/server.config
exec $JAVA -Xmx256m kafka.Kafka $config/server.config
"#;
