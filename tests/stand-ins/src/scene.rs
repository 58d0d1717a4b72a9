//! A source, a mirror and what feeds it, in a Kubernetes with all stand-ins.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use slackwater_lab::kubernetes::Cluster;

use crate::image::JAVA;
use crate::kubectl::{kubectl, words_of};
use crate::manifests::{Shape, kafkas, maker};
use crate::{LATE_CLASS, Operator, StandInError, Storage, Temper};

/// The namespace of all of it.
pub const SPACE: &str = "kafka";

/// Of the Kafka in the lab's image.
const VERSION: &str = "4.3.1";

/// Until a part of it is ready: half a minute on two idle cores in the lab; elsewhere
/// images are pulled before.
const READY: &str = "--timeout=900s";

/// See the module. It goes when it is dropped.
pub struct Scene {
    // Fields drop in this order.
    operator: Mutex<Option<Operator>>,
    storage: Storage,
    cluster: Cluster,
}

impl Scene {
    /// Kafkas `source`, of one node, and `mirror`, of three; a KafkaMirrorMaker2
    /// `feeder` that mirrors the topic `items` of four partitions. All ready.
    ///
    /// # Errors
    /// What can't be started, or does not become ready.
    pub fn start(name: &str) -> Result<Self, StandInError> {
        Self::of(name, Shape::Plain)
    }

    /// The same in another shape.
    ///
    /// # Errors
    /// As for [`Scene::start`].
    pub fn of(name: &str, shape: Shape) -> Result<Self, StandInError> {
        let cluster = Cluster::start(name)?;
        let scene = Self {
            storage: Storage::start(&cluster)?,
            operator: Mutex::new(Some(Operator::start(&cluster, Temper::default())?)),
            cluster,
        };
        let words = words_of(scene.cluster.plane());
        kubectl(&words, &["create", "namespace", SPACE], None)?;
        make(&words, SPACE, LATE_CLASS, Some(VERSION), shape)?;
        Ok(scene)
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Its storage.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Ends the operator, and has nobody in its place until the next call.
    pub fn without_operator(&self) {
        let mut operator = self.operator.lock().unwrap_or_else(PoisonError::into_inner);
        *operator = None;
    }

    /// Has one again.
    ///
    /// # Errors
    /// It can't be started.
    pub fn with_operator(&self, temper: Temper) -> Result<(), StandInError> {
        let mut operator = self.operator.lock().unwrap_or_else(PoisonError::into_inner);
        *operator = None;
        *operator = Some(Operator::start(&self.cluster, temper)?);
        Ok(())
    }

    /// Has the operator look at no Kafka of this name for so long. (Not where there is none.)
    pub fn deafen(&self, kafka: &str, lasts: Duration) {
        let operator = self.operator.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(operator) = operator.as_ref() {
            operator.deafen(kafka, lasts);
        }
    }

    /// kubectl in its namespace.
    ///
    /// # Errors
    /// What it says.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, StandInError> {
        let args = [&["-n", SPACE], args].concat();
        kubectl(&words_of(self.cluster.plane()), &args, None)
    }

    /// Waits for something of it.
    ///
    /// # Errors
    /// It does not come.
    pub fn wait(&self, args: &[&str]) -> Result<(), StandInError> {
        self.kubectl(&[&["wait", READY], args].concat()).map(drop)
    }

    /// An object of it, as `kind/name`.
    ///
    /// # Errors
    /// There is none.
    pub fn object(&self, what: &str) -> Result<Value, StandInError> {
        let text = self.kubectl(&["get", what, "-o", "json"])?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// Makes it in this namespace, by whatever operator and storage there are.
///
/// # Errors
/// What kubectl says; what does not become ready.
pub(crate) fn make(
    words: &[String],
    space: &str,
    class: &str,
    version: Option<&str>,
    shape: Shape,
) -> Result<(), StandInError> {
    let apply = |manifest: &str| kubectl(words, &["apply", "-f", "-"], Some(manifest));
    let tell = |args: &[&str]| kubectl(words, &[&["-n", space], args].concat(), None);
    let wait = |what: &str| {
        let waited = tell(&["wait", READY, "--for=condition=Ready", what, "--all"]);
        waited.map_err(|why| {
            let there = tell(&["get", "kafka,kafkamirrormaker2,pod", "-o", "wide"]);
            let there = there.unwrap_or_default();
            let see = format!("see whether Strimzi's operator watches the namespace {space}");
            StandInError::Kubectl(format!("{why}\n{there}\n{see}"))
        })
    };
    apply(&kafkas(space, class, version, shape))?;
    wait("kafka")?;
    for (source, topic) in shape.sources() {
        let create = format!("--create --if-not-exists --topic {topic} --partitions 4");
        let class = "org.apache.kafka.tools.TopicCommand";
        let create = tool(source, "kafka-topics.sh", class, &create);
        let pod = ["exec", "source-single-0", "-c", "kafka", "--"];
        tell(&[&pod[..], &["sh", "-c", &create]].concat())?;
    }
    wait("kafkauser")?;
    apply(&maker(space, version, shape))?;
    wait("kafkamirrormaker2").map(drop)
}

/// A command of Kafka's in a container: its script, or where there is none its class.
#[must_use]
pub fn tool(kafka: &str, script: &str, class: &str, args: &str) -> String {
    let args = format!("--bootstrap-server {kafka}-kafka-bootstrap:9092 {args}");
    format!(
        "set -f; if test -x /opt/kafka/bin/{script}; then exec /opt/kafka/bin/{script} {args}; fi; \
         exec {JAVA} -Xmx128m {class} {args}"
    )
}
