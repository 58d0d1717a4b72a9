//! How nodes come to each other, and the operator to them: by mutual TLS, on listeners
//! that no user has (`KafkaBrokerConfigurationBuilder.java:244-276` and 333-361,
//! `configureListener`). Each trusts the cluster's own authority and no other one.
//!
//! Not played: the operator's own certificate (`CLUSTER-cluster-operator-certs`;
//! `CaReconciler.java:258-283`); it comes with a node's. Nor the Secret of what is trusted
//! (`CLUSTER-trustbundle`; 233-248), in whose place are the authorities' own.

use slackwater_kubernetes::ApiServer;

use super::listeners::KEY_STORE;
use super::secrets::{self, Authority};
use crate::StandInError;

/// Of `listener.security.protocol.map` (`KafkaBrokerConfigurationBuilder.java:246` and 269).
pub(super) const PROTOCOLS: &str = "CONTROLPLANE-9090:SSL,REPLICATION-9091:SSL";

/// Where the cluster's authority lies in a node's pod.
pub(super) const CLUSTER_CA: &str = "/opt/kafka/cluster-ca/ca.crt";

/// Where a tool that runs in a node's pod finds how it gets there as its node.
pub(super) const CLIENT: &str = "/tmp/internal.properties";

/// The subject of nodes' certificates, which is who they are (`KafkaCluster.java:1347-1350`,
/// `buildKafkaNodeCertsSubject`).
pub(super) fn principal(cluster: &str) -> String {
    format!("CN={cluster}-kafka,O=io.strimzi")
}

/// Of a node's configuration (`KafkaBrokerConfigurationBuilder.java:353-361`).
pub(super) fn properties() -> Vec<String> {
    let of = |listener: &str| {
        let own = ["ssl.client.auth=required".to_owned()].into_iter();
        let all = own.chain(stores());
        all.map(|line| format!("listener.name.{listener}.{line}"))
            .collect::<Vec<_>>()
    };
    ["controlplane-9090", "replication-9091"].map(of).concat()
}

/// Of a tool in a node's pod, which comes by `localhost`.
pub(super) fn tool_properties() -> Vec<String> {
    let own = [
        "security.protocol=SSL".to_owned(),
        "ssl.endpoint.identification.algorithm=".to_owned(),
    ];
    own.into_iter().chain(stores()).collect()
}

/// With what a node shows who it is, and knows the others.
fn stores() -> [String; 4] {
    [
        "ssl.keystore.type=PEM".to_owned(),
        format!("ssl.keystore.location={KEY_STORE}"),
        "ssl.truststore.type=PEM".to_owned(),
        format!("ssl.truststore.location={CLUSTER_CA}"),
    ]
}

/// The same for librdkafka, as this node. It is come to by its address, which its
/// certificate does not name.
pub(super) fn client_settings(
    server: &ApiServer,
    namespace: &str,
    cluster: &str,
    node: &str,
) -> Result<[(&'static str, String); 5], StandInError> {
    let own = |end: &str| secrets::read(server, namespace, node, &format!("{node}.{end}"));
    Ok([
        ("security.protocol", "ssl".to_owned()),
        ("ssl.endpoint.identification.algorithm", "none".to_owned()),
        (
            "ssl.ca.pem",
            Authority::Cluster.certificate(server, namespace, cluster)?,
        ),
        ("ssl.certificate.pem", own("crt")?),
        ("ssl.key.pem", own("key")?),
    ])
}
