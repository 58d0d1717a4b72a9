//! Rolling restarts, after a change of configuration that no node takes while it runs
//! (`KafkaReconciler.java:468-490` and 950-966, `rollingUpdate`; `KafkaRoller.java:223-482`;
//! `KafkaConfigurationDiff.java:218-258`): one node at a time, the next when all are ready and
//! no partition lacks a replica. (`KafkaAvailability.java:67-154` goes by
//! `min.insync.replicas`, of the partitions of that node alone.)
//!
//! A reconciliation that rolls goes on with the Kafka as it was when it began: of a
//! pause that comes meanwhile it hears when it is over (`AbstractOperator.java:183-185` and
//! 368-391). It writes no status before, and pods keep their revision
//! (`KafkaReconciler.java:725-736`): a StrimziPodSet's `currentPods` stay as they are, and its
//! `readyPods` lack the one that is restarted.
//!
//! The real one asks each node what its configuration is (`KafkaRoller.java:606-635`); here it
//! is noted on the pod as which it was made. Not played: settings that a node takes while it
//! runs (they are told to none), that the active controller comes last (910-922) and the
//! quorum is asked (766-782), that a node that is a controller alone is rolled for a
//! controller's settings alone (`KafkaConfigurationDiff.java:66-192` and 248-250), nodes that
//! are stuck.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: what it plays takes its time"
)]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use serde_json::Value;
use slackwater_kubernetes::{ApiServer, Place};
use slackwater_lab::Admin;

use super::internal::client_settings;
use super::kafka_pod::REPLICATION;
use super::meta::{core, need, text};
use crate::StandInError;

/// On a pod: the configuration that it was made with.
const MADE_WITH: &str = "stand-in.slackwater.io/configuration";

/// For a node to become ready again (`STRIMZI_OPERATION_TIMEOUT_MS`, 300 s by default:
/// `ClusterOperatorConfig.java:144`). Then the reconciliation has failed, and another one
/// begins (`KafkaRoller.java:802-815`).
const READY: Duration = Duration::from_secs(300);

/// For one look at which partitions lack a replica.
const LOOK: Duration = Duration::from_secs(2);

/// Settings that a node takes while it runs, as far as a mirror is likely to have them
/// (Kafka's `DynamicBrokerConfig`, of which Strimzi's list is made:
/// `KafkaConfigModelGenerator.java:308-333`).
const TAKEN_WHILE_IT_RUNS: [&str; 20] = [
    "background.threads",
    "compression.type",
    "log.cleaner.",
    "log.cleanup.policy",
    "log.flush.interval.",
    "log.message.timestamp.",
    "log.retention.bytes",
    "log.retention.ms",
    "log.roll.jitter.ms",
    "log.roll.ms",
    "log.segment.bytes",
    "log.segment.delete.delay.ms",
    "max.connection",
    "message.max.bytes",
    "min.insync.replicas",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "unclean.leader.election.enable",
];

/// Kafkas that are rolled just now, by uid.
#[derive(Default)]
pub(super) struct Rolls {
    under_way: BTreeMap<String, Roll>,
}

struct Roll {
    /// As it was when the reconciliation began.
    kafka: Value,
    restarted: Instant,
}

impl Rolls {
    /// The Kafka as this reconciliation knows it.
    pub(super) fn read(&mut self, kafka: &Value) -> Value {
        let uid = text(kafka, "/metadata/uid");
        self.under_way
            .retain(|_, roll| roll.restarted.elapsed() < READY);
        let roll = self.under_way.get(uid);
        roll.map_or(kafka, |roll| &roll.kafka).clone()
    }

    /// Restarts the next of these nodes, which are all ready, in this order; whether none
    /// is left.
    pub(super) fn is_done(
        &mut self,
        server: &ApiServer,
        kafka: &Value,
        nodes: &[String],
    ) -> Result<bool, StandInError> {
        let uid = text(kafka, "/metadata/uid").to_owned();
        let namespace = need(kafka, "/metadata/namespace")?;
        for node in nodes {
            let place = Place::new(core("pods"), &namespace, node)?;
            let Some(pod) = server.get(&place)? else {
                return Ok(false);
            };
            let of = text(
                &pod,
                &format!("/metadata/annotations/{}", pointer(MADE_WITH)),
            );
            if of == configuration(server, &namespace, node)?.unwrap_or_default() {
                continue;
            }
            let roll = self.under_way.entry(uid).or_insert_with(|| Roll {
                kafka: kafka.clone(),
                restarted: Instant::now(),
            });
            if may_roll(server, &pod)? {
                server.delete(&place)?;
                roll.restarted = Instant::now();
            }
            return Ok(false);
        }
        self.under_way.remove(&uid);
        Ok(true)
    }
}

/// Notes on a pod that is to be made what it is made with.
pub(super) fn note(
    server: &ApiServer,
    namespace: &str,
    name: &str,
    pod: &mut Value,
) -> Result<(), StandInError> {
    if let Some(made_with) = configuration(server, namespace, name)? {
        pod["metadata"]["annotations"][MADE_WITH] = made_with.into();
    }
    Ok(())
}

/// What of a node's configuration it takes when it starts alone, in short; `None` for a
/// pod that is no Kafka's.
fn configuration(
    server: &ApiServer,
    namespace: &str,
    node: &str,
) -> Result<Option<String>, StandInError> {
    let place = Place::new(core("configmaps"), namespace, node)?;
    let found = server.get(&place)?;
    let config = found.as_ref().map(|one| text(one, "/data/server.config"));
    Ok(config.map(fixed))
}

fn fixed(config: &str) -> String {
    let mut lines: Vec<&str> = config
        .lines()
        .filter(|line| !TAKEN_WHILE_IT_RUNS.iter().any(|key| line.starts_with(key)))
        .collect();
    lines.sort_unstable();
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// As a JSON pointer has it.
fn pointer(key: &str) -> String {
    key.replace('/', "~1")
}

/// Whether no partition lacks a replica, asked of this node; one that is a controller
/// alone has none (`KafkaRoller.java:766-782`, `canRoll`).
fn may_roll(server: &ApiServer, pod: &Value) -> Result<bool, StandInError> {
    if pod["metadata"]["labels"]["strimzi.io/broker-role"] != "true" {
        return Ok(true);
    }
    let address = need(pod, "/status/podIP")?;
    let of = |path: &str| need(pod, path);
    let (namespace, node) = (of("/metadata/namespace")?, of("/metadata/name")?);
    let cluster = of("/metadata/labels/strimzi.io~1cluster")?;
    let settings = client_settings(server, &namespace, &cluster, &node)?;
    let admin = Admin::with(&format!("{address}:{REPLICATION}"), &settings)?;
    Ok(admin.wait_full_isr(LOOK).is_ok())
}

#[cfg(test)]
mod tests {
    use super::fixed;

    #[test]
    fn only_what_a_node_takes_when_it_starts_has_it_rolled() {
        let before = "log.dirs=/data\nlog.retention.ms=1\n";
        let taken = "log.retention.ms=2\nlog.dirs=/data\nlog.cleaner.threads=2\n";
        assert_eq!(fixed(before), fixed(taken));
        for other in [
            "log.initial.task.delay.ms=1\n",
            "log.retention.hours=1\n",
            "num.partitions=2\n",
        ] {
            assert_ne!(fixed(before), fixed(&format!("{before}{other}")), "{other}");
        }
    }
}
