//! The lab's Kubernetes is a real one, as far as one without nodes is.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

use slackwater_lab::kubernetes::{ControlPlane, KUBERNETES_VERSION};

const KAFKA: &str = "
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: mirror, namespace: kafka}
spec:
  kafka:
    listeners:
      - {name: plain, port: 9092, type: internal, tls: false}
";

#[test]
fn a_control_plane_serves_strimzis_resources_checks_them_and_comes_back_after_a_crash() {
    let plane = ControlPlane::start("plane").unwrap();
    let version = plane.kubectl(&["version", "--output=json"]).unwrap();
    let server = format!("\"gitVersion\": \"v{KUBERNETES_VERSION}\"");
    assert_eq!(version.matches(&server).count(), 2, "{version}");

    plane.kubectl(&["create", "namespace", "kafka"]).unwrap();
    plane.apply(KAFKA).unwrap();
    let bad = KAFKA.replace("type: internal", "type: other");
    let refused = plane.apply(&bad).unwrap_err().to_string();
    assert!(
        refused.contains("Unsupported value: \"other\""),
        "{refused}"
    );

    plane.kill_api_server();
    assert!(plane.kubectl(&["get", "namespaces"]).is_err());
    plane.start_api_server().unwrap();
    let found = plane
        .kubectl(&["get", "kafkas", "--all-namespaces"])
        .unwrap();
    assert!(found.contains("mirror"), "{found}");

    // The controllers work: an account is made, and may do what it is bound to.
    plane
        .kubectl(&[
            "wait",
            "--for=create",
            "serviceaccount/default",
            "--namespace=kafka",
        ])
        .unwrap();
    let kubeconfig = plane.kubeconfig_of("kafka", "default").unwrap();
    let as_account = format!("--kubeconfig={}", kubeconfig.display());
    let denied = plane.kubectl(&[&as_account, "get", "kafkas", "-n", "kafka"]);
    let denied = denied.unwrap_err().to_string();
    assert!(
        denied.contains("cannot list resource \"kafkas\""),
        "{denied}"
    );
}
