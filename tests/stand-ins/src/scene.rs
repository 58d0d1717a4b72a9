//! A source, a mirror and what feeds it, in a Kubernetes with all stand-ins.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use slackwater_lab::kubernetes::Cluster;

use crate::image::JAVA;
use crate::manifests::{Shape, kafkas, maker};
use crate::{LATE_CLASS, Operator, StandInError, Storage, Temper};

/// The namespace of all of it.
pub const SPACE: &str = "kafka";

/// Of the Kafka in the lab's image.
const VERSION: &str = "4.3.1";

/// Until all of it is ready: half a minute on two idle cores.
const READY: &str = "--timeout=240s";

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
        let plane = scene.cluster.plane();
        plane.kubectl(&["create", "namespace", SPACE])?;
        plane.apply(&kafkas(SPACE, LATE_CLASS, Some(VERSION), shape))?;
        scene.wait(&["--for=condition=Ready", "kafka", "--all"])?;
        for (source, topic) in shape.sources() {
            let create = format!(
                "set -f; exec {JAVA} -Xmx128m org.apache.kafka.tools.TopicCommand \
                 --bootstrap-server {source}-kafka-bootstrap:9092 --create --topic {topic} \
                 --partitions 4"
            );
            scene.exec("source-single-0", "kafka", &["sh", "-c", &create])?;
        }
        scene.wait(&["--for=condition=Ready", "kafkauser", "--all"])?;
        plane.apply(&maker(SPACE, Some(VERSION), shape))?;
        scene.wait(&["--for=condition=Ready", "kafkamirrormaker2", "--all"])?;
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

    /// kubectl in its namespace.
    ///
    /// # Errors
    /// What it says.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, StandInError> {
        let all = [&["-n", SPACE], args].concat();
        Ok(self.cluster.plane().kubectl(&all)?)
    }

    /// Waits for something of its namespace.
    ///
    /// # Errors
    /// It does not come.
    pub fn wait(&self, args: &[&str]) -> Result<(), StandInError> {
        self.kubectl(&[&["wait", READY], args].concat()).map(drop)
    }

    /// An object, as `kind/name`.
    ///
    /// # Errors
    /// There is none.
    pub fn object(&self, what: &str) -> Result<Value, StandInError> {
        let text = self.kubectl(&["get", what, "-o", "json"])?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Runs a command in a container.
    ///
    /// # Errors
    /// What it says.
    pub fn exec(&self, pod: &str, container: &str, words: &[&str]) -> Result<String, StandInError> {
        self.kubectl(&[&["exec", pod, "-c", container, "--"], words].concat())
    }

    /// What Connect answers to a GET.
    ///
    /// # Errors
    /// It does not answer.
    pub fn connect(&self, path: &str) -> Result<Value, StandInError> {
        let url = format!("http://localhost:8083{path}");
        let (pod, container) = ("feeder-mirrormaker2-0", "feeder-mirrormaker2");
        let text = self.exec(pod, container, &["curl", "-s", &url])?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
