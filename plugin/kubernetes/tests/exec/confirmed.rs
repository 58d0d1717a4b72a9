//! What feeds a mirror, confirmed by Connect's word. Connect's answers are played: what is
//! asked is a command in a pod, and there it is another program of that name.

mod needs_root {
    use serde_json::{Value, json};
    use slackwater_kubernetes::{Makers, MirrorError, StrimziMirror};
    use slackwater_lab::kubernetes::Cluster;

    use crate::needs_root::{cluster, server};

    const SPACE: &str = "confirmed";
    const TARGET: &str = "mirror-kafka-bootstrap:9092";

    /// Of a Connect without connectors; which cluster it is on is said by each pod
    /// (`RootResource.serverInfo`: `kafka_cluster_id`).
    const CURL: &str = r#"#!/bin/sh
for url; do :; done
case "$url" in
*/) echo "{\"version\": \"4.3.1\", \"commit\": \"c\", \"kafka_cluster_id\": \"$ON\"}" ;;
*/connectors) echo '[]' ;;
*) echo '{}' ;;
esac
printf 200
"#;

    fn apply(object: &Value) {
        cluster().plane().apply(&object.to_string()).unwrap();
    }

    /// A resource with this target, and a pod of it whose Connect is on that cluster.
    fn feeder(name: &str, on: &str) {
        let topic = |what: &str| format!("{name}-{what}");
        apply(&json!({
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaMirrorMaker2",
            "metadata": {"name": name, "namespace": SPACE},
            "spec": {
                "replicas": 1,
                "target": {
                    "alias": "mirror",
                    "bootstrapServers": TARGET,
                    "groupId": name,
                    "configStorageTopic": topic("configs"),
                    "offsetStorageTopic": topic("offsets"),
                    "statusStorageTopic": topic("status"),
                },
                "mirrors": [{
                    "source": {"alias": "east", "bootstrapServers": "east:9092"},
                    "sourceConnector": {"tasksMax": 1},
                }],
            },
        }));
        let component = format!("{name}-mirrormaker2");
        apply(&json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": SPACE, "labels": {
                "strimzi.io/cluster": name,
                "strimzi.io/kind": "KafkaMirrorMaker2",
                "strimzi.io/name": component,
            }},
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "volumes": [{"name": "curl", "configMap": {"name": "curl", "defaultMode": 0o755}}],
                "containers": [{
                    "name": component,
                    "image": Cluster::BUSYBOX,
                    "imagePullPolicy": "Never",
                    "env": [
                        {"name": "PATH", "value": "/played:/bin"},
                        {"name": "ON", "value": on},
                    ],
                    "volumeMounts": [{"name": "curl", "mountPath": "/played"}],
                }],
            },
        }));
        let ready = ["-n", SPACE, "wait", "--for=condition=Ready", "pod", name];
        let most = ["--timeout=60s"];
        cluster()
            .plane()
            .kubectl(&[&ready[..], &most].concat())
            .unwrap();
    }

    fn fed_by() -> Result<Vec<String>, MirrorError> {
        let makers = Makers::discover(server()).unwrap();
        let kafka = makers.kafka(SPACE, "mirror").unwrap();
        let spaces = [SPACE.to_owned()];
        // By their addresses all of them are candidates.
        assert_eq!(makers.candidates(&kafka, &spaces).unwrap().len(), 2);
        let found = StrimziMirror::find(&server(), makers, &kafka, &spaces, None)?;
        Ok(found.makers().map(|one| one.meta.name.clone()).collect())
    }

    #[test]
    fn what_has_the_mirrors_address_and_is_on_another_cluster_by_its_connects_word_is_left_alone() {
        let plane = cluster().plane();
        plane.kubectl(&["create", "namespace", SPACE]).unwrap();
        apply(&json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "curl", "namespace": SPACE},
            "data": {"curl": CURL},
        }));
        apply(&json!({
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "Kafka",
            "metadata": {"name": "mirror", "namespace": SPACE},
            "spec": {"kafka": {"listeners": [
                {"name": "plain", "port": 9092, "type": "internal", "tls": false},
            ]}},
        }));
        let says = r#"{"status": {"clusterId": "OF-THE-MIRROR"}}"#;
        let patch = ["-n", SPACE, "patch", "kafka", "mirror", "--type=merge"];
        let how = ["--subresource=status", "-p", says];
        plane.kubectl(&[&patch[..], &how].concat()).unwrap();
        feeder("own", "OF-THE-MIRROR");
        feeder("astray", "OF-ANOTHER");
        assert_eq!(fed_by().unwrap(), ["own"]);

        // Its cluster was formatted anew: nothing of what is found feeds it.
        let says = r#"{"status": {"clusterId": "MADE-ANEW"}}"#;
        let how = ["--subresource=status", "-p", says];
        plane.kubectl(&[&patch[..], &how].concat()).unwrap();
        let error = fed_by().unwrap_err();
        assert!(matches!(error, MirrorError::NoMaker { .. }), "{error}");
        // A Connect that says nothing is not taken for one of another cluster.
        let delete = ["-n", SPACE, "delete", "pod", "astray"];
        plane.kubectl(&delete).unwrap();
        let error = fed_by().unwrap_err();
        assert!(matches!(error, MirrorError::Silent { .. }), "{error}");
    }
}
