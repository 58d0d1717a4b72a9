//! What keeps a clone and the original apart, on a real API server. Nodes are pods that
//! nobody starts, with the configuration that their operator would give them.

use rcgen::{CertificateParams, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use slackwater_kubernetes::{ClaimVolume, InPlace, Makers, Origin, Target};
use slackwater_restore::{CloneOf, Way, next};
use std::thread;
use std::time::Duration;

use crate::common::{mirror, namespace, plane, server};

/// As Strimzi writes it (`KafkaBrokerConfigurationBuilder.withListeners`), of a node that
/// is both; `auth` is who is let in where nodes come to each other.
fn config(auth: &str) -> String {
    let listener = |name: &str| format!("listener.name.{name}.ssl.client.auth={auth}\n");
    format!(
        "process.roles=broker,controller\n\
         controller.listener.names=CONTROLPLANE-9090\n\
         inter.broker.listener.name=REPLICATION-9091\n\
         listener.security.protocol.map=CONTROLPLANE-9090:SSL,REPLICATION-9091:SSL\n{}{}",
        listener("controlplane-9090"),
        listener("replication-9091")
    )
}

fn apply(object: &Value) -> bool {
    plane().apply(&object.to_string()).is_ok()
}

/// A node of this Kafka. A pod is not taken before its namespace's account is there.
fn node(space: &str, auth: &str) {
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mirror-dual-0", "namespace": space},
        "data": {"server.config": config(auth)},
    });
    assert!(apply(&map));
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "mirror-dual-0", "namespace": space, "labels": {
            "strimzi.io/cluster": "mirror",
            "strimzi.io/kind": "Kafka",
            "strimzi.io/name": "mirror-kafka",
        }},
        "spec": {
            "schedulerName": "nobody",
            "containers": [{"name": "kafka", "image": "lab.local/none:1"}],
        },
    });
    for _ in 0..100 {
        if apply(&pod) {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("no pod is taken in {space}");
}

/// The cluster's authority, for this key.
fn authority(space: &str, key: &KeyPair) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "cluster-ca v0");
    let text = params.self_signed(key).unwrap().pem();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "mirror-cluster-ca-cert", "namespace": space},
        "stringData": {"ca.crt": text},
    });
    assert!(apply(&secret));
}

/// Of a clone in one namespace, of what is in another: what is seen, and what it is
/// refused by.
fn seen(space: &str, of: &str) -> (CloneOf, String) {
    let target = Target {
        namespace: space.to_owned(),
        name: "mirror".to_owned(),
        namespaces: Vec::new(),
        run: "kafka-mirror-1-1".parse().unwrap(),
        cluster_id: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        volumes: vec![ClaimVolume {
            claim: "data-mirror-dual-0".to_owned(),
            broker: 0,
        }],
        feeders: Vec::new(),
        kept: None,
        origin: Some(Origin {
            namespace: of.to_owned(),
            keeps_ca: false,
        }),
        feeds: true,
        trims: false,
    };
    let makers = Makers::discover(server()).unwrap();
    let in_place = InPlace::new(server(), makers, None, target).unwrap();
    let seen = in_place.look().unwrap();
    let refused = next(Way::Clone, &seen).unwrap_err().to_string();
    (seen.clone_of.unwrap(), refused)
}

#[test]
fn who_lets_nodes_in_without_a_certificate_or_by_a_root_of_the_originals_gets_no_clone() {
    let [of, space] = ["apart-of", "apart"].map(namespace);
    mirror(&of);
    let [one, other] = [(); 2].map(|()| KeyPair::generate().unwrap());
    authority(&of, &one);
    node(&of, "required");
    let (found, _) = seen(&space, &of);
    assert!(found.is_there && found.shared_roots.is_empty());
    assert_eq!(
        (found.origin_is_mutual, found.is_mutual),
        (Some(true), None)
    );

    // As of a configuration that somebody has changed by hand.
    node(&of, "none");
    let (found, refused) = seen(&space, &of);
    assert_eq!(found.origin_is_mutual, Some(false));
    assert!(
        refused.contains(&format!("the nodes of {of}/mirror")),
        "{refused}"
    );
    assert!(refused.contains("mutual TLS"), "{refused}");
    node(&of, "required");
    node(&space, "requested");
    let (found, refused) = seen(&space, &of);
    assert_eq!(
        (found.origin_is_mutual, found.is_mutual),
        (Some(true), Some(false))
    );
    assert!(refused.contains("the nodes of the clone"), "{refused}");

    // A certificate that is another one for the same key lets in whom that one did.
    let delete = ["-n", &space, "delete", "pod", "mirror-dual-0", "--force"];
    plane().kubectl(&delete).unwrap();
    authority(&space, &other);
    assert!(seen(&space, &of).0.shared_roots.is_empty());
    authority(&space, &one);
    let (found, refused) = seen(&space, &of);
    assert_eq!(found.shared_roots.len(), 1);
    assert!(refused.contains("would let each other in"), "{refused}");
}
