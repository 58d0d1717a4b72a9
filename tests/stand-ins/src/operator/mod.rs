//! Strimzi's operator, as far as the tests need it: Kafka and KafkaNodePool into
//! claims, Services, Secrets and StrimziPodSets; these into pods; and
//! KafkaMirrorMaker2 into a Connect and its connectors, told by its REST.
//!
//! What it imitates is Strimzi's cluster-operator, and what Strimzi 1.0.0 was seen to
//! do: a resource's change is taken up soon (`AbstractOperator.java:481-512`), anything
//! else with the next full reconciliation (`ClusterOperator.java:121-131`); what its
//! status says of connectors is what was so right after they were told, and may stay
//! wrong until then.
//!
//! Not played: the topic operator, Cruise Control, NetworkPolicies, rolling updates of
//! anything but a Kafka's configuration, and what a status says of a failure
//! (`KafkaAssemblyOperator.java:220-231`).
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: what it plays takes its time"
)]

mod client;
mod connectors;
mod deafness;
mod internal;
mod kafka;
mod kafka_pod;
mod listeners;
mod maker;
mod meta;
mod podset;
mod roll;
mod secrets;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use slackwater_kubernetes::ApiServer;
use slackwater_lab::kubernetes::Cluster;

use crate::StandInError;
use crate::changes::Changes;
use deafness::Deafness;

/// Between two looks at whether anything changed; it watches nothing.
const BETWEEN: Duration = Duration::from_millis(500);

/// How it goes about its work.
#[derive(Debug, Clone, Copy)]
pub struct Temper {
    /// Between full reconciliations: `STRIMZI_FULL_RECONCILIATION_INTERVAL_MS`,
    /// of 120 s by default (`ClusterOperatorConfig.java:139`).
    pub full: Duration,
    /// How long a Kafka's status still says ReconciliationPaused, and names no
    /// listeners, after a pause: 28 to 43 s were seen.
    pub after_pause: Duration,
}

impl Default for Temper {
    fn default() -> Self {
        Self {
            full: Duration::from_secs(120),
            after_pause: Duration::from_secs(3),
        }
    }
}

/// A running one. It ends when it is dropped; what it made stays, as it does
/// with the real one.
pub struct Operator {
    deafness: Deafness,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Operator {
    /// Takes its pods' image in, and begins to work.
    ///
    /// # Errors
    /// The image can't be made; there is no way to the API server.
    pub fn start(cluster: &Cluster, temper: Temper) -> Result<Self, StandInError> {
        crate::image::import(cluster)?;
        let server = ApiServer::connect(Some(cluster.plane().kubeconfig()))?;
        let mut changes = Changes::of(cluster.plane().kubeconfig())?;
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let deafness = Deafness::default();
        let mut kafkas = kafka::Memory::new(temper.after_pause, deafness.clone());
        let thread = thread::spawn(move || {
            let mut seen = Seen::new(temper);
            let mut told = users::Told::new();
            while !stop.load(Ordering::Relaxed) {
                if !changes.are_due() {
                    thread::sleep(BETWEEN);
                    continue;
                }
                for (what, done) in [
                    ("Kafka", kafka::reconcile(&server, &mut kafkas)),
                    ("StrimziPodSet", podset::reconcile(&server)),
                    ("KafkaUser", users::reconcile(&server, &mut told)),
                    ("KafkaMirrorMaker2", maker::reconcile(&server, &mut seen)),
                ] {
                    if let Err(error) = done {
                        // As the real one does, it tries again.
                        eprintln!("operator stand-in: {what}: {error}");
                    }
                }
                thread::sleep(BETWEEN);
            }
        });
        Ok(Self {
            deafness,
            over,
            thread: Some(thread),
        })
    }

    /// Does not look at Kafkas of this name for so long, whatever they say.
    pub fn deafen(&self, kafka: &str, lasts: Duration) {
        self.deafness.begin(kafka, lasts);
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Which state of each resource was taken up last, and when. (Any event of a resource
/// triggers a reconciliation, one of its status or an annotation, too, and a timer does:
/// `AbstractOperator.java:491-512`, `eventHandler`; `Operator.java:65-105`.)
pub(crate) struct Seen {
    temper: Temper,
    versions: BTreeMap<String, (String, Instant)>,
}

impl Seen {
    fn new(temper: Temper) -> Self {
        Self {
            temper,
            versions: BTreeMap::new(),
        }
    }

    /// Whether it is to be reconciled now.
    fn is_due(&mut self, object: &Value) -> bool {
        let uid = meta::text(object, "/metadata/uid").to_owned();
        let version = meta::text(object, "/metadata/resourceVersion");
        match self.versions.get(&uid) {
            Some((seen, at)) if seen == version => at.elapsed() >= self.temper.full,
            _ => true,
        }
    }

    /// It was, in this state.
    fn note(&mut self, object: &Value) {
        let uid = meta::text(object, "/metadata/uid").to_owned();
        let version = meta::text(object, "/metadata/resourceVersion").to_owned();
        self.versions.insert(uid, (version, Instant::now()));
    }
}
