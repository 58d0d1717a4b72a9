//! What is kept of a mirror, as a clone has it in another namespace: without what would
//! make it the original to others. Does no I/O.

use std::collections::BTreeSet;

use serde_json::Value;
use slackwater_strimzi::{GIT_OPS, MirrorMaker};

use super::kept::as_found;
use super::{Kept, RestoreError};
use crate::place::name;

/// Labels and annotations that are not taken along: a policy that is for mirrors is not
/// for their clones.
const OURS: &str = "slackwater.io/";

/// Listeners that nobody is led to but by the clone's own addresses. The others have
/// names, ports or DNS records of the original (`KafkaListenerType`).
const INSIDE: [&str; 2] = ["internal", "cluster-ip"];

/// What a clone has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// The original's cluster authority, which its nodes trust.
    pub keeps_ca: bool,
    /// A clients' authority of its own, and so users with new certificates.
    pub new_clients_ca: bool,
}

impl Kept {
    /// Of the Kafka of this namespace, as it is in another; and what was left out, a line
    /// each. Of users' Secrets `has_certificate` tells which have one.
    ///
    /// # Errors
    /// What can't be beside the original; a Secret can't be read.
    pub fn cloned(
        mut self,
        from: &str,
        into: &str,
        own: Own,
        mut has_certificate: impl FnMut(&str) -> Result<bool, RestoreError>,
    ) -> Result<(Self, Vec<String>), RestoreError> {
        let mut left_out = Vec::new();
        let kafka = name(&self.kafka);
        for feeder in &self.feeders {
            left_out.push(format!(
                "KafkaMirrorMaker2 {}: nothing feeds it",
                name(feeder)
            ));
        }
        let of_feeders = secrets_of(&self.feeders)?;
        let own_ca = ["cluster-ca", "cluster-ca-cert"].map(|end| format!("{kafka}-{end}"));
        let own_clients = ["clients-ca", "clients-ca-cert"].map(|end| format!("{kafka}-{end}"));
        let mut secrets = Vec::new();
        for full in std::mem::take(&mut self.secrets) {
            let Some((space, secret)) = full.split_once('/') else {
                continue;
            };
            let secret = secret.to_owned();
            let is_of_ca = !own.keeps_ca && own_ca.contains(&secret);
            let is_of_clients =
                own.new_clients_ca && (own_clients.contains(&secret) || has_certificate(&full)?);
            // What is in other namespaces is of what feeds it, too.
            if space == from && !is_of_ca && !is_of_clients && !of_feeders.contains(&full) {
                secrets.push(format!("{into}/{secret}"));
            }
        }
        self.secrets = secrets;
        self.feeders.clear();
        if let Some(parts) = self.kafka.as_object_mut() {
            // By its addresses what feeds the original would be found.
            parts.remove("status");
        }
        left_out.extend(inside_alone(&mut self.kafka)?);
        // Their operator's finalizers would keep the namespace from going, and the topics
        // are there without them.
        let (topics, others) = std::mem::take(&mut self.others)
            .into_iter()
            .partition(|one: &Value| one["kind"] == "KafkaTopic");
        self.others = others;
        let topics: Vec<Value> = topics;
        if !topics.is_empty() {
            left_out.push(format!(
                "{} KafkaTopics: the topics are there without them",
                topics.len()
            ));
        }
        let pools = self.pools.iter_mut().map(|pool| &mut pool.object);
        let all = pools
            .chain([&mut self.kafka])
            .chain(&mut self.others)
            .chain(&mut self.claims);
        for object in all {
            moved(object, into);
        }
        Ok((self, left_out))
    }
}

/// In that namespace, and nobody's.
pub(super) fn moved(object: &mut Value, into: &str) {
    object["metadata"]["namespace"] = into.into();
    for part in ["labels", "annotations"] {
        let path = format!("/metadata/{part}");
        if let Some(entries) = object.pointer_mut(&path).and_then(Value::as_object_mut) {
            // A GitOps controller takes what has its mark for its own, and deletes it.
            let marks = |key: &str| GIT_OPS.iter().any(|(mark, _)| *mark == key);
            entries.retain(|key, _| !key.starts_with(OURS) && !marks(key));
        }
    }
}

/// Secrets by which what feeds it comes to its sources, as `NAMESPACE/NAME`.
fn secrets_of(feeders: &[Value]) -> Result<BTreeSet<String>, RestoreError> {
    let mut all = BTreeSet::new();
    for feeder in feeders {
        let maker = MirrorMaker::read(&as_found(feeder)).map_err(crate::MakersError::from)?;
        for feed in &maker.feeds {
            for secret in feed.source.access.secrets() {
                all.insert(format!("{}/{secret}", maker.meta.namespace));
            }
        }
    }
    Ok(all)
}

/// Its listeners without those that are found by others' names; what was left out.
fn inside_alone(kafka: &mut Value) -> Result<Vec<String>, RestoreError> {
    let unfit = |why: &str| RestoreError::NoClone(why.to_owned());
    if kafka["spec"]["kafka"]["tieredStorage"].is_object() {
        return Err(unfit(
            "its Kafka has tiered storage, and a clone's retention would delete the original's \
             segments there",
        ));
    }
    let listeners = kafka.pointer_mut("/spec/kafka/listeners");
    let Some(listeners) = listeners.and_then(Value::as_array_mut) else {
        return Err(unfit("its Kafka has no listeners"));
    };
    let mut left_out = Vec::new();
    listeners.retain(|one| {
        let kind = one["type"].as_str().unwrap_or_default();
        let is_inside = INSIDE.contains(&kind);
        if !is_inside {
            let name = one["name"].as_str().unwrap_or_default();
            left_out.push(format!(
                "listener {name} ({kind}): its addresses are the original's"
            ));
        }
        is_inside
    });
    // By these clients would be led to the original
    // (`GenericKafkaListenerConfiguration.brokers`, `.bootstrap`).
    for one in listeners.iter_mut() {
        let name = one["name"].as_str().unwrap_or_default().to_owned();
        let configuration = one.pointer_mut("/configuration");
        let Some(parts) = configuration.and_then(Value::as_object_mut) else {
            continue;
        };
        for part in ["brokers", "bootstrap"] {
            if parts.remove(part).is_some() {
                left_out.push(format!("configuration.{part} of listener {name}"));
            }
        }
    }
    match listeners.is_empty() {
        true => Err(unfit(
            "its Kafka has only listeners whose addresses are the original's: give it an internal one",
        )),
        false => Ok(left_out),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use serde_json::json;

    use super::super::KeptPool;
    use super::*;

    const COPY: Own = Own {
        keeps_ca: false,
        new_clients_ca: false,
    };

    fn kept() -> Kept {
        let api = "kafka.strimzi.io/v1";
        Kept {
            about: None,
            run: "kafka-mirror-1-1".parse().unwrap(),
            kafka_version: None,
            kafka: json!({
                "apiVersion": api, "kind": "Kafka",
                "metadata": {
                    "namespace": "kafka", "name": "mirror",
                    "labels": {"slackwater.io/mirror": "true", "argocd.argoproj.io/instance": "prod",
                               "team": "data"},
                    "annotations": {"kustomize.toolkit.fluxcd.io/name": "prod", "note": "theirs"},
                },
                "spec": {"kafka": {"listeners": [
                    {"name": "tls", "port": 9093, "type": "internal", "configuration": {
                        "brokers": [{"broker": 0, "advertisedHost": "mirror.example"}],
                        "maxConnections": 100,
                    }},
                    {"name": "out", "port": 9094, "type": "ingress"},
                ]}},
                "status": {"listeners": [{"bootstrapServers": "mirror-kafka-bootstrap.kafka.svc:9093"}]},
            }),
            pools: vec![KeptPool {
                object: json!({"metadata": {"namespace": "kafka", "name": "dual",
                                            "labels": {"strimzi.io/cluster": "mirror"}}}),
                node_ids: vec![0],
            }],
            feeders: vec![json!({
                "apiVersion": api, "kind": "KafkaMirrorMaker2",
                "metadata": {"namespace": "kafka", "name": "feeder"},
                "spec": {
                    "replicas": 1,
                    "target": {"alias": "mirror", "bootstrapServers": "mirror-kafka-bootstrap:9093"},
                    "mirrors": [{"source": {
                        "alias": "source",
                        "bootstrapServers": "source:9093",
                        "tls": {"trustedCertificates": [
                            {"secretName": "source-ca", "certificate": "ca.crt"}]},
                    }}],
                },
            })],
            others: vec![
                json!({"kind": "KafkaUser", "metadata": {"namespace": "kafka", "name": "app"}}),
                json!({"kind": "KafkaTopic", "metadata": {"namespace": "kafka", "name": "items"}}),
            ],
            claims: vec![json!({"metadata": {"namespace": "kafka", "name": "data-mirror-dual-0"}})],
            contents: Vec::new(),
            contents_of_others: Vec::new(),
            user_secrets: Vec::new(),
            secrets: [
                "kafka/app",
                "kafka/mirror-clients-ca",
                "kafka/mirror-clients-ca-cert",
                "kafka/mirror-cluster-ca",
                "kafka/mirror-cluster-ca-cert",
                "kafka/password",
                "kafka/source-ca",
                "elsewhere/source-user",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }

    fn cloned(own: Own) -> (Kept, Vec<String>) {
        let has_certificate = |name: &str| Ok(name == "kafka/app");
        kept()
            .cloned("kafka", "copy", own, has_certificate)
            .unwrap()
    }

    #[test]
    fn a_clone_is_in_its_namespace_and_bears_no_mark_or_address_of_the_original() {
        let (clone, left_out) = cloned(COPY);
        assert!(clone.feeders.is_empty());
        let metadata = &clone.kafka["metadata"];
        assert_eq!(metadata["namespace"], "copy");
        assert_eq!(metadata["labels"], json!({"team": "data"}));
        assert_eq!(metadata["annotations"], json!({"note": "theirs"}));
        assert!(clone.kafka.get("status").is_none());
        let listeners = &clone.kafka["spec"]["kafka"]["listeners"];
        assert_eq!(listeners.as_array().unwrap().len(), 1);
        let others = [&clone.pools[0].object, &clone.others[0], &clone.claims[0]];
        assert!(
            others
                .iter()
                .all(|one| one["metadata"]["namespace"] == "copy")
        );
        // What was not there is not there as nothing.
        assert!(clone.others[0]["metadata"].get("labels").is_none());
        // By it the operator knows whose it is.
        let label = &clone.pools[0].object["metadata"]["labels"]["strimzi.io/cluster"];
        assert_eq!(label, "mirror");
        let configuration = &listeners[0]["configuration"];
        assert_eq!(*configuration, json!({"maxConnections": 100}));
        assert_eq!(clone.others.len(), 1);
        assert_eq!(left_out.len(), 4, "{left_out:?}");
    }

    #[test]
    fn a_clone_has_an_authority_of_its_own_and_its_users_keep_their_certificates_unless_told() {
        let secrets = |own: Own| cloned(own).0.secrets.join(" ");
        assert_eq!(
            secrets(COPY),
            "copy/app copy/mirror-clients-ca copy/mirror-clients-ca-cert copy/password"
        );
        let reissued = Own {
            new_clients_ca: true,
            ..COPY
        };
        assert_eq!(secrets(reissued), "copy/password");
        let keeps = Own {
            keeps_ca: true,
            ..COPY
        };
        assert!(secrets(keeps).contains("copy/mirror-cluster-ca copy/mirror-cluster-ca-cert"));
    }

    #[test]
    fn what_cannot_be_beside_the_original_is_refused() {
        let refused = |change: &dyn Fn(&mut Value)| {
            let mut kept = kept();
            change(&mut kept.kafka["spec"]["kafka"]);
            let cloned = kept.cloned("kafka", "copy", COPY, |_| Ok(false));
            cloned.unwrap_err().to_string()
        };
        let said = refused(&|spec| spec["tieredStorage"] = json!({"type": "custom"}));
        assert!(said.contains("tiered storage"), "{said}");
        let said = refused(&|spec| spec["listeners"][0]["type"] = "nodeport".into());
        assert!(said.contains("give it an internal one"), "{said}");
    }
}
