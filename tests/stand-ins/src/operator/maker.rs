//! KafkaMirrorMaker2 (`KafkaMirrorMaker2AssemblyOperator.java:103-170`, `createOrUpdate`): its
//! Connect in a StrimziPodSet, and then its connectors.

use serde_json::{Value, json};
use slackwater_kubernetes::{ApiServer, Place};

use super::Seen;
use super::client;
use super::connectors::{self, Connectors};
use super::meta::{
    CLUSTER, KIND, NAME, condition, core, is_going, is_paused, make, need, owner, podsets,
    put_status, strimzi, text,
};
use super::podset;
use crate::StandInError;
use crate::image::{JAVA, KAFKA_IMAGE};

/// Connect's REST (`KafkaConnectCluster.java:115`).
const REST: u16 = 8083;

pub(super) fn reconcile(server: &ApiServer, seen: &mut Seen) -> Result<(), StandInError> {
    for maker in server.list(&strimzi("kafkamirrormaker2s"), "", "")? {
        if is_going(&maker) || !seen.is_due(&maker) {
            continue;
        }
        let namespace = need(&maker, "/metadata/namespace")?;
        let name = need(&maker, "/metadata/name")?;
        let place = Place::new(strimzi("kafkamirrormaker2s"), &namespace, &name)?;
        let status = match is_paused(&maker) {
            // `AbstractOperator.java:220-238`;
            // `KafkaMirrorMaker2AssemblyOperator.java:172-175`, `createStatus`: nothing of the
            // last one is kept but the generation that was seen.
            true => Some(json!({
                "conditions": condition("ReconciliationPaused"),
                "observedGeneration": maker["status"]["observedGeneration"].as_i64().unwrap_or(0),
            })),
            false => run(server, &maker, &namespace, &name)?,
        };
        // Pods that are not ready yet are waited for.
        if let Some(status) = status {
            put_status(server, &place, &maker, &status)?;
            seen.note(&maker);
        }
    }
    Ok(())
}

/// (`KafkaMirrorMaker2AssemblyOperator.java:146-167`; names:
/// `KafkaMirrorMaker2Resources.java:19-71`.)
fn run(
    server: &ApiServer,
    maker: &Value,
    namespace: &str,
    name: &str,
) -> Result<Option<Value>, StandInError> {
    let component = format!("{name}-mirrormaker2");
    let replicas = maker["spec"]["replicas"].as_u64().unwrap_or(0);
    ensure(server, maker, namespace, &component, replicas)?;
    let mut addresses = Vec::new();
    for number in 0..replicas {
        let place = Place::new(core("pods"), namespace, &format!("{component}-{number}"))?;
        match server.get(&place)?.filter(podset::is_ready) {
            Some(pod) => addresses.push(need(&pod, "/status/podIP")?),
            None => return Ok(None),
        }
    }
    let mut status = json!({
        "conditions": condition("Ready"),
        // As it was when this began: what was told since was not looked at.
        "observedGeneration": maker["metadata"]["generation"],
        "replicas": replicas,
        "labelSelector": format!("{CLUSTER}={name},{KIND}=KafkaMirrorMaker2,{NAME}={component}"),
    });
    // Without pods nobody looks after connectors (119 and 147).
    if let Some(address) = addresses.first() {
        let connect = Connectors::new(&format!("http://{address}:{REST}"));
        status["url"] = format!("http://{component}-api.{namespace}.svc:{REST}").into();
        status["connectors"] = connect.reconcile(&connectors::wanted(server, maker)?)?;
    }
    Ok(Some(status))
}

/// Its ConfigMap, Services and StrimziPodSet (`KafkaConnectCluster.java:347-379`, 496-540 and
/// 833-862). Not played: that its pods are rolled (`AbstractConnectOperator.java:368-379`).
fn ensure(
    server: &ApiServer,
    maker: &Value,
    namespace: &str,
    component: &str,
    replicas: u64,
) -> Result<(), StandInError> {
    let cluster = need(maker, "/metadata/name")?;
    let labels = json!({CLUSTER: cluster, KIND: "KafkaMirrorMaker2", NAME: component});
    let meta = |name: &str| {
        json!({
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "ownerReferences": owner(maker),
        })
    };
    let config = format!("{component}-config");
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(&config),
        "data": {"connect.properties": worker(server, maker, namespace)?},
    });
    make(
        server,
        &Place::new(core("configmaps"), namespace, &config)?,
        &object,
    )?;
    let ports = json!([{"name": "rest-api", "port": REST}]);
    for (name, spec) in [
        (
            format!("{component}-api"),
            json!({"ports": ports, "selector": labels}),
        ),
        (
            component.to_owned(),
            json!({
                "clusterIP": "None",
                "publishNotReadyAddresses": true,
                "ports": ports,
                "selector": labels,
            }),
        ),
    ] {
        let object = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta(&name),
            "spec": spec,
        });
        make(
            server,
            &Place::new(core("services"), namespace, &name)?,
            &object,
        )?;
    }
    let pods: Vec<Value> = (0..replicas)
        .map(|number| pod(namespace, component, &config, number, &labels))
        .collect();
    let place = Place::new(podsets(), namespace, component)?;
    match server.get(&place)? {
        None => {
            let set = json!({
                "apiVersion": "core.strimzi.io/v1",
                "kind": "StrimziPodSet",
                "metadata": meta(component),
                "spec": {"selector": {"matchLabels": labels}, "pods": pods},
            });
            make(server, &place, &set)?;
        }
        Some(found) => {
            let count = found["spec"]["pods"].as_array().map_or(0, Vec::len);
            if count as u64 != replicas {
                server.merge(&place, &json!({"spec": {"pods": pods}}))?;
            }
        }
    }
    Ok(())
}

/// The worker's properties (`KafkaConnectConfigurationBuilder.java:53-203` and 267-366;
/// converters: `KafkaMirrorMaker2Configuration.java:28-29`).
fn worker(server: &ApiServer, maker: &Value, namespace: &str) -> Result<String, StandInError> {
    let target = &maker["spec"]["target"];
    let mut lines = vec!["listeners=http://0.0.0.0:8083".to_owned()];
    for (key, field) in [
        ("bootstrap.servers", "bootstrapServers"),
        ("group.id", "groupId"),
        ("config.storage.topic", "configStorageTopic"),
        ("offset.storage.topic", "offsetStorageTopic"),
        ("status.storage.topic", "statusStorageTopic"),
    ] {
        lines.push(format!("{key}={}", text(target, &format!("/{field}"))));
    }
    for side in ["key", "value"] {
        let bytes = "org.apache.kafka.connect.converters.ByteArrayConverter";
        lines.push(format!("{side}.converter={bytes}"));
    }
    for (key, value) in client::properties(server, namespace, target)? {
        // As a properties file has a text of several lines.
        let value = value.replace('\n', "\\n");
        for whose in ["", "producer.", "consumer.", "admin."] {
            lines.push(format!("{whose}{key}={value}"));
        }
    }
    lines.push("plugin.discovery=service_load".to_owned());
    for (key, value) in target["config"].as_object().into_iter().flatten() {
        lines.push(format!("{key}={}", connectors::word(value)));
    }
    Ok(lines.join("\n") + "\n")
}

/// (`WorkloadUtils.java:246-301`, `createStatefulPod`; `KafkaConnectCluster.java:562-576`)
fn pod(namespace: &str, component: &str, config: &str, number: u64, labels: &Value) -> Value {
    let name = format!("{component}-{number}");
    let mut labels = labels.clone();
    labels["strimzi.io/pod-name"] = name.as_str().into();
    labels["strimzi.io/controller"] = "strimzipodset".into();
    labels["strimzi.io/controller-name"] = component.into();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "hostname": name,
            "subdomain": component,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "containers": [{
                "name": component,
                "image": KAFKA_IMAGE,
                "imagePullPolicy": "Never",
                "command": ["sh", "-c", SCRIPT],
                "env": [
                    {"name": "JAVA", "value": JAVA},
                    {"name": "HOST", "value": format!("{name}.{component}.{namespace}.svc")},
                ],
                // There, the path is `/health` (`KafkaConnectCluster.java:572-573`).
                "readinessProbe": {"httpGet": {"path": "/", "port": REST}, "periodSeconds": 1},
                "volumeMounts": [{"name": "config", "mountPath": "/opt/kafka/config"}],
            }],
            "volumes": [{"name": "config", "configMap": {"name": config}}],
        },
    })
}

/// `kafka_connect_run.sh:9-19` and 68 (docker-images/kafka-based/kafka/scripts)
const SCRIPT: &str = r#"
set -ef
cat /opt/kafka/config/connect.properties >/tmp/connect.properties
echo "rest.advertised.host.name=$HOST" >>/tmp/connect.properties
exec $JAVA -Xmx1g org.apache.kafka.connect.cli.ConnectDistributed /tmp/connect.properties
"#;
