//! What keeps a clone and the original apart, as it is; and what closes the clone off.

use serde_json::{Value, json};
use slackwater_restore::CloneOf;
use slackwater_strimzi::Roots;

use super::{InPlace, RestoreError};
use crate::MakersError;
use crate::labels::{APP, CLUSTER, RUN, SLACKWATER};
use crate::place::{Place, Resource, label_value, name};

/// The NetworkPolicy in a clone's namespace.
const CLOSED: &str = "slackwater-clone";

/// Where nodes of a Kafka come to each other (`KafkaCluster.CONTROLPLANE_PORT`,
/// `REPLICATION_PORT`). All else is left open: nodes ask for names, the API server,
/// authorities, in namespaces and on ports that nobody here knows.
const INTERNAL: [u16; 2] = [9090, 9091];

/// Of what there is a clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its namespace. It has the clone's name: claims and addresses have that in them.
    pub namespace: String,
    /// Whether the clone is to have its authority.
    pub keeps_ca: bool,
}

impl InPlace {
    pub(super) fn clone_of(&self) -> Result<Option<CloneOf>, RestoreError> {
        let Some(origin) = &self.target.origin else {
            return Ok(None);
        };
        let (there, here) = (&origin.namespace, &self.target.namespace);
        let is_there = self.is_there(there)?;
        Ok(Some(CloneOf {
            origin: format!("{there}/{}", self.target.name),
            is_there,
            shared_roots: self.shared_roots(origin, is_there)?,
            keeps_ca: origin.keeps_ca,
            origin_is_mutual: self.is_mutual(there)?,
            is_mutual: self.is_mutual(here)?,
            is_closed_off: self.is_closed_off()?,
        }))
    }

    /// Its Kafka, or nodes that are left of it.
    fn is_there(&self, namespace: &str) -> Result<bool, RestoreError> {
        let kafkas = Resource::kafkas(self.makers.version());
        let kafka = Place::new(kafkas, namespace, &self.target.name)?;
        if self.server.get(&kafka)?.is_some() {
            return Ok(true);
        }
        for resource in [&self.sets, &Resource::pods()] {
            if !self.nodes_in(resource, namespace)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// That nothing has come into the clone's Secrets, since it started, by which it would
    /// be let in.
    pub(super) fn is_still_apart(&self) -> Result<(), RestoreError> {
        let Some(origin) = self.target.origin.as_ref().filter(|one| !one.keeps_ca) else {
            return Ok(());
        };
        match self.shared_roots(origin, false)?.as_slice() {
            [] => Ok(()),
            roots => Err(RestoreError::NoClone(format!(
                "its nodes have started with {}, which the original's trust, too: delete its namespace",
                roots.join(", ")
            ))),
        }
    }

    /// Of the clone and of the original, as that is now and as it was kept.
    fn shared_roots(&self, origin: &Origin, is_there: bool) -> Result<Vec<String>, RestoreError> {
        let theirs = self.roots_of(&origin.namespace)?;
        if theirs.is_none() && is_there {
            return Err(RestoreError::NoClone(format!(
                "there is no Secret {}/{}, and so it is not known whom the original's nodes let in",
                origin.namespace,
                self.authority()
            )));
        }
        let Some(ours) = self.roots_of(&self.target.namespace)? else {
            return Ok(Vec::new());
        };
        let mut theirs = theirs.unwrap_or_default();
        let kept = format!("{}/{}", origin.namespace, self.authority());
        if let Some(keeper) = &self.keeper {
            match keeper.secret(&self.target.run, &kept) {
                Ok(secret) => {
                    theirs = theirs.and(Roots::read(&secret).map_err(MakersError::from)?);
                }
                Err(RestoreError::NotKept(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ours.shared_with(&theirs))
    }

    fn authority(&self) -> String {
        format!("{}-cluster-ca-cert", self.target.name)
    }

    fn roots_of(&self, namespace: &str) -> Result<Option<Roots>, RestoreError> {
        let place = Place::new(Resource::secrets(), namespace, &self.authority())?;
        let found = self.server.get(&place)?;
        let read = found.map(|secret| Roots::read(&secret)).transpose();
        Ok(read.map_err(MakersError::from)?)
    }

    /// By the configurations that its nodes are given, each in a ConfigMap of the node's
    /// name (`KafkaCluster.generatePerBrokerConfigurationConfigMaps`).
    fn is_mutual(&self, namespace: &str) -> Result<Option<bool>, RestoreError> {
        let (mut all, mut any) = (true, false);
        for pod in self.nodes_in(&Resource::pods(), namespace)? {
            let place = Place::new(Resource::config_maps(), namespace, &name(&pod))?;
            let found = self.server.get(&place)?.unwrap_or_default();
            match found["data"]["server.config"].as_str() {
                // Of one that comes or goes.
                None => all = false,
                Some(config) if comes_by_mutual_tls(config) => any = true,
                Some(_) => return Ok(Some(false)),
            }
        }
        Ok((all && any).then_some(true))
    }

    fn policy_place(&self) -> Result<Place, RestoreError> {
        let policies = Resource::network_policies();
        Ok(Place::new(policies, &self.target.namespace, CLOSED)?)
    }

    /// For whom a network keeps to NetworkPolicies: the clone's nodes get to no node of
    /// the original. Strimzi's own lets none of another namespace get to them.
    pub(super) fn close_off(&self) -> Result<(), RestoreError> {
        let place = self.policy_place()?;
        let policy = self.policy(&place)?;
        self.make(&place, &policy)?;
        let stored = self.server.get(&place)?.unwrap_or_default();
        match is_closed(&stored, &policy) {
            true => Ok(()),
            false => Err(RestoreError::ReadBack(Box::new(place))),
        }
    }

    fn is_closed_off(&self) -> Result<bool, RestoreError> {
        let place = self.policy_place()?;
        let found = self.server.get(&place)?;
        let policy = self.policy(&place)?;
        Ok(found.is_some_and(|found| is_closed(&found, &policy)))
    }

    fn policy(&self, place: &Place) -> Result<Value, RestoreError> {
        let [first, last] = INTERNAL;
        let ports = [
            json!({"protocol": "TCP", "port": 1, "endPort": first - 1}),
            json!({"protocol": "TCP", "port": last + 1, "endPort": u16::MAX}),
            json!({"protocol": "UDP"}),
        ];
        Ok(json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "namespace": place.namespace,
                "name": place.name,
                "labels": {APP: SLACKWATER, RUN: label_value(self.target.run.as_str())?},
            },
            "spec": {
                "podSelector": {"matchLabels": {CLUSTER: self.target.name}},
                "policyTypes": ["Egress"],
                "egress": [{"to": [{"podSelector": {}}]}, {"ports": ports}],
            },
        }))
    }

    /// A clone's own, once its claims have their volumes: what they stand for is the
    /// run's, and stays.
    pub(super) fn forget_snapshots(&self) -> Result<(), RestoreError> {
        for volume in &self.target.volumes {
            self.forget_snapshot(&volume.claim)?;
        }
        Ok(())
    }
}

/// What is asked for stands there; the API server adds nothing to these parts.
fn is_closed(stored: &Value, asked: &Value) -> bool {
    let parts = ["podSelector", "policyTypes", "egress"];
    parts
        .iter()
        .all(|part| stored["spec"][part] == asked["spec"][part])
}

/// Whether nodes ask each other, and controllers, for certificates
/// (`KafkaBrokerConfigurationBuilder.configureListener`).
fn comes_by_mutual_tls(config: &str) -> bool {
    let value = |key: &str| {
        let lines = config.lines().filter_map(|line| line.split_once('='));
        let mut of = lines.filter(|(name, _)| name.trim() == key);
        of.next_back().map(|(_, value)| value.trim())
    };
    let protocols = value("listener.security.protocol.map").unwrap_or_default();
    let is_ssl = |listener: &str| {
        let mut all = protocols.split(',').filter_map(|one| one.split_once(':'));
        all.any(|(name, protocol)| name.trim() == listener && protocol.trim() == "SSL")
    };
    let asks = |listener: &str| {
        let key = format!(
            "listener.name.{}.ssl.client.auth",
            listener.to_ascii_lowercase()
        );
        is_ssl(listener) && value(&key) == Some("required")
    };
    // A controller alone replicates nothing, and a broker alone lets nobody control it.
    let roles = value("process.roles").unwrap_or_default();
    let has = |role: &str| roles.split(',').any(|one| one.trim() == role);
    let replication = value("inter.broker.listener.name");
    let control = value("controller.listener.names");
    (has("broker") || has("controller"))
        && (!has("broker") || replication.is_some_and(asks))
        && control.is_some_and(asks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "\
node.id=0
process.roles=broker,controller
controller.listener.names=CONTROLPLANE-9090
listener.name.controlplane-9090.ssl.client.auth=required
listener.name.replication-9091.ssl.client.auth=required
listener.security.protocol.map=CONTROLPLANE-9090:SSL,REPLICATION-9091:SSL,PLAIN-9092:PLAINTEXT
inter.broker.listener.name=REPLICATION-9091
";

    #[test]
    fn nodes_that_do_not_ask_for_certificates_let_in_whoever_comes() {
        assert!(comes_by_mutual_tls(NODE));
        let controller = NODE
            .replace("broker,controller", "controller")
            .replace("inter.broker.listener.name=REPLICATION-9091\n", "");
        assert!(comes_by_mutual_tls(&controller));
        for (what, other) in [
            ("REPLICATION-9091:SSL", "REPLICATION-9091:PLAINTEXT"),
            ("REPLICATION-9091:SSL", "REPLICATION-9091:SASL_SSL"),
            ("CONTROLPLANE-9090:SSL", "CONTROLPLANE-9090:PLAINTEXT"),
            (
                "replication-9091.ssl.client.auth=required",
                "replication-9091.ssl.client.auth=requested",
            ),
            (
                "listener.name.replication-9091.ssl.client.auth=required\n",
                "",
            ),
            (
                "listener.name.controlplane-9090.ssl.client.auth=required\n",
                "",
            ),
            ("=REPLICATION-9091\n", "=PLAIN-9092\n"),
            ("inter.broker.listener.name=REPLICATION-9091\n", ""),
            ("process.roles=broker,controller\n", ""),
        ] {
            let config = NODE.replace(what, other);
            assert_ne!(config, NODE, "{what}");
            assert!(!comes_by_mutual_tls(&config), "{what} -> {other}");
        }
        assert!(!comes_by_mutual_tls(""));
    }
}
