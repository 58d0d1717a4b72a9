//! What a Kafka and its pools name beside them, of which a clone's operator needs copies:
//! ConfigMaps of metrics and logging, certificates of one's own, volumes, registries'
//! Secrets. Does no I/O.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::Kept;
use super::nodes::name;

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

/// Of what is kept. Authorities are named where the operator is told to make none
/// (`CertificateAuthority.generateCertificateAuthority`).
pub(super) fn named(kept: &Kept, keeps_ca: bool) -> BTreeSet<Named> {
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
/// `PodTemplate`). One that is optional is named, too.
fn search(value: &Value, all: &mut BTreeSet<Named>) {
    match value {
        Value::Array(each) => each.iter().for_each(|one| search(one, all)),
        Value::Object(entries) => {
            for (key, value) in entries {
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
        let kept = Kept {
            run: "kafka-mirror-1-1".parse().expect("a run"),
            kafka_version: None,
            kafka,
            pools: Vec::new(),
            feeders: Vec::new(),
            others: Vec::new(),
            claims: Vec::new(),
            contents: Vec::new(),
            contents_of_others: Vec::new(),
            secrets: Vec::new(),
            about: None,
        };
        let words = |keeps_ca| {
            let all = named(&kept, keeps_ca).into_iter();
            all.map(|one| one.to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        assert_eq!(
            words(false),
            "ConfigMap metrics, ConfigMap mounted, Secret mirror-cluster-ca, Secret \
             mirror-cluster-ca-cert, Secret own, Secret registry"
        );
        assert!(!words(true).contains("cluster-ca"));
    }
}
