//! What a Kafka, its pools and what feeds it name beside them, and their operator waits
//! for where they are made elsewhere or anew: ConfigMaps of metrics and logging,
//! certificates of one's own, passwords, volumes, registries' Secrets. Does no I/O.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::Kept;
use super::gather::AUTHORITIES;
use crate::place::name;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    ConfigMap(String),
    Secret(String),
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigMap(name) => write!(f, "ConfigMap {name}"),
            Self::Secret(name) => write!(f, "Secret {name}"),
        }
    }
}

/// Of what is kept, with the namespace of each; `home` is the Kafka's. Authorities are
/// named where the operator is told to make none
/// (`CertificateAuthority.generateCertificateAuthority`).
/// What feeds it counts where it `feeds`: where that is made again.
pub(super) fn named(
    kept: &Kept,
    home: &str,
    keeps_ca: bool,
    feeds: bool,
) -> BTreeSet<(String, Named)> {
    let mut all = BTreeSet::new();
    for feeder in kept.feeders.iter().filter(|_| feeds) {
        let space = feeder["metadata"]["namespace"].as_str().unwrap_or(home);
        let mut of_it = BTreeSet::new();
        search(&feeder["spec"], &mut of_it);
        of_it.retain(|one| !(space == home && is_made_by_operators(kept, one)));
        all.extend(of_it.into_iter().map(|one| (space.to_owned(), one)));
    }
    let of_kafka = of_kafka(kept, keeps_ca).into_iter();
    all.extend(of_kafka.map(|one| (home.to_owned(), one)));
    all
}

/// By what feeds it: the Kafka's authorities, and the credentials of its users, whose
/// Secrets have a user's name, and before it what an operator may be told to write there
/// (`KafkaUserModel.getSecretName`): it says then how they are called.
fn is_made_by_operators(kept: &Kept, one: &Named) -> bool {
    let Named::Secret(secret) = one else {
        return false;
    };
    let kafka = name(&kept.kafka);
    let of_authority = AUTHORITIES.iter().any(|end| {
        let is_clients = end.starts_with("clients");
        let part = if is_clients { "clientsCa" } else { "clusterCa" };
        let generates = &kept.kafka["spec"][part]["generateCertificateAuthority"];
        *generates != false && *secret == format!("{kafka}-{end}")
    });
    let mut users = kept.others.iter().filter(|one| one["kind"] == "KafkaUser");
    of_authority || kept.user_secrets.contains(secret) || users.any(|user| *secret == name(user))
}

fn of_kafka(kept: &Kept, keeps_ca: bool) -> BTreeSet<Named> {
    let mut all = BTreeSet::new();
    search(&kept.kafka["spec"], &mut all);
    for pool in &kept.pools {
        search(&pool.object["spec"], &mut all);
    }
    let spec = &kept.kafka["spec"];
    let kafka = name(&kept.kafka);
    for (part, end, is_kept) in [
        ("clusterCa", "cluster-ca", keeps_ca),
        ("clientsCa", "clients-ca", false),
    ] {
        if spec[part]["generateCertificateAuthority"] == false && !is_kept {
            all.insert(Named::Secret(format!("{kafka}-{end}")));
            all.insert(Named::Secret(format!("{kafka}-{end}-cert")));
        }
    }
    all
}

/// By the keys under which Strimzi's and Kubernetes' types have references
/// (`ExternalConfigurationReference`, `CertAndKeySecretSource`, `AdditionalVolume`,
/// `PodTemplate`), but for those that are optional.
fn search(value: &Value, all: &mut BTreeSet<Named>) {
    match value {
        Value::Array(each) => each.iter().for_each(|one| search(one, all)),
        Value::Object(entries) => {
            for (key, value) in entries {
                if value["optional"] == true {
                    continue;
                }
                let text = |value: &Value| value.as_str().map(str::to_owned);
                match key.as_str() {
                    "configMapKeyRef" | "configMap" | "configMapRef" => {
                        all.extend(text(&value["name"]).map(Named::ConfigMap));
                    }
                    "secretKeyRef" | "secretRef" => {
                        all.extend(text(&value["name"]).map(Named::Secret));
                    }
                    "secretName" => all.extend(text(value).map(Named::Secret)),
                    "imagePullSecrets" => {
                        let each = value.as_array().into_iter().flatten();
                        all.extend(each.filter_map(|one| text(&one["name"])).map(Named::Secret));
                    }
                    _ => {}
                }
                search(value, all);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is optional is waited for by nobody; what operators make, where the Kafka is, is
    /// made again, but no authority that is the user's own.
    fn feeder(namespace: &str) -> Value {
        json!({
            "metadata": {"name": "feeder", "namespace": namespace},
            "spec": {
                "target": {
                    "tls": {"trustedCertificates": [
                        {"secretName": "mirror-cluster-ca-cert", "pattern": "*.crt"}]},
                    "authentication": {"certificateAndKey": {"secretName": "feeder"}},
                },
                "mirrors": [{"source": {
                    "authentication": {"passwordSecret": {"secretName": "password-of-source"}}}}],
                "template": {"pod": {"volumes": [
                    {"name": "v", "secret": {"secretName": "maybe", "optional": true}}]}},
            },
        })
    }

    #[test]
    fn what_a_kafka_names_beside_it_is_found_wherever_it_stands() {
        let kafka = json!({
            "metadata": {"name": "mirror"},
            "spec": {
                "clusterCa": {"generateCertificateAuthority": false},
                "kafka": {
                    "metricsConfig": {"valueFrom": {"configMapKeyRef": {"name": "metrics", "key": "k"}}},
                    "listeners": [{"configuration": {
                        "brokerCertChainAndKey": {"secretName": "own", "certificate": "c", "key": "k"}}}],
                    "template": {"pod": {
                        "imagePullSecrets": [{"name": "registry"}],
                        "volumes": [{"name": "v", "configMap": {"name": "mounted"}}],
                    }},
                },
            },
        });
        let mut kept = Kept {
            run: "kafka-mirror-1-1".parse().expect("a run"),
            kafka_version: None,
            kafka,
            pools: Vec::new(),
            feeders: vec![feeder("kafka"), feeder("feeds")],
            others: vec![json!({"kind": "KafkaUser", "metadata": {"name": "feeder"}})],
            claims: Vec::new(),
            contents: Vec::new(),
            contents_of_others: Vec::new(),
            user_secrets: vec!["by-operator-feeder".to_owned()],
            secrets: Vec::new(),
            about: None,
        };
        let words = |kept: &Kept, keeps_ca| {
            let all = named(kept, "kafka", keeps_ca, true).into_iter();
            all.map(|(space, one)| format!("{space}: {one}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(
            words(&kept, false),
            "feeds: Secret feeder, feeds: Secret mirror-cluster-ca-cert, feeds: Secret \
             password-of-source, kafka: ConfigMap metrics, kafka: ConfigMap mounted, kafka: Secret \
             mirror-cluster-ca, kafka: Secret mirror-cluster-ca-cert, kafka: Secret own, kafka: Secret \
             password-of-source, kafka: Secret registry"
        );
        // An ending alone makes nothing a user's; what its operator has named is one.
        let credentials = |secret: &str| {
            let mut feeder = feeder("kafka");
            feeder["spec"]["target"]["authentication"]["certificateAndKey"]["secretName"] =
                secret.into();
            feeder
        };
        kept.feeders = vec![credentials("source-feeder")];
        assert!(words(&kept, false).contains("source-feeder"));
        kept.feeders = vec![credentials("by-operator-feeder")];
        assert!(!words(&kept, false).contains("by-operator-feeder"));
        kept.feeders = vec![feeder("feeds")];
        let unfed = named(&kept, "kafka", false, false);
        assert!(unfed.iter().all(|(space, _)| space == "kafka"));
        kept.feeders.clear();
        assert!(!words(&kept, true).contains("cluster-ca"));
    }
}
