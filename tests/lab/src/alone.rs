//! One broker by itself, for its log directories' sake: no mirror, no Connect.
//! Brings it up; dropping it leaves nothing behind.

use std::path::Path;
use std::sync::Arc;

use crate::broker::Broker;
use crate::builder::check_name;
use crate::cluster::{Cluster, Place};
use crate::cluster_spec::{ClusterSpec, NodeSpec};
use crate::error::LabError;
use crate::java_producer::{self, Production};
use crate::jvm::Jvm;
use crate::lab::cluster_id;
use crate::ports::PortBlock;
use crate::run_dir::RunDir;
use crate::volume::Volume;
use crate::{setup, sweep};

/// More than any test has use for; brokers have a few disks.
const MOST_LOG_DIRS: u16 = 8;

/// A running broker, which is its own controller. Everything goes when it is
/// dropped; the logs stay when the thread panics.
#[derive(Debug)]
pub struct Alone {
    // Fields drop in this order: the process, then the directory.
    cluster: Cluster,
    jvm: Jvm,
    run: Arc<RunDir>,
    _ports: PortBlock,
}

/// Collects what the broker is to be; [`AloneBuilder::start`] brings it up.
#[derive(Debug, Clone)]
pub struct AloneBuilder {
    name: String,
    log_dirs: u16,
    properties: Vec<(String, String)>,
}

impl Alone {
    /// A broker with one log directory and the lab's properties.
    #[must_use]
    pub fn builder(name: &str) -> AloneBuilder {
        AloneBuilder {
            name: name.to_owned(),
            log_dirs: 1,
            properties: Vec::new(),
        }
    }

    /// The cluster, whose only node it is.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The broker.
    ///
    /// # Panics
    /// Never: there is one.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.cluster.brokers()[0]
    }

    /// Has Kafka's Java producer write.
    ///
    /// # Errors
    /// What it said.
    pub fn produce(&self, wanted: &Production<'_>) -> Result<(), LabError> {
        java_producer::produce(&self.jvm, &self.cluster.bootstrap(), wanted)
    }

    /// Its own directory, which goes with it.
    #[must_use]
    pub fn run_dir(&self) -> &Path {
        self.run.path()
    }
}

impl AloneBuilder {
    /// How many directories `log.dirs` has: `data`, or `data-1`, `data-2`, ….
    #[must_use]
    pub fn log_dirs(mut self, count: u16) -> Self {
        self.log_dirs = count;
        self
    }

    /// A broker property.
    #[must_use]
    pub fn property(mut self, key: &str, value: &str) -> Self {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Brings it up and waits until it answers.
    ///
    /// # Errors
    /// What was asked for makes no sense, or did not come up.
    pub fn start(self) -> Result<Alone, LabError> {
        check_name(&self.name)?;
        if !(1..=MOST_LOG_DIRS).contains(&self.log_dirs) {
            return Err(LabError::Invalid(format!(
                "{} log directories must be 1 to {MOST_LOG_DIRS}",
                self.log_dirs
            )));
        }
        let jars = setup::setup()?;
        sweep::sweep();
        let ports = PortBlock::take()?;
        let run = Arc::new(RunDir::make(&self.name)?);
        let jvm = Jvm::new(&jars, run.path())?;
        let spec = ClusterSpec {
            name: "alone".to_owned(),
            cluster_id: cluster_id("alone"),
            nodes: vec![NodeSpec {
                id: 1,
                port: ports.port(0),
                controller_port: ports.port(1),
            }],
            log_dirs: self.log_dirs,
            extra: self.properties,
            extra_of_node: Vec::new(),
        };
        let place = Place {
            jvm: &jvm,
            run_dir: run.path(),
            prefix: Vec::new(),
        };
        let volume = Volume::directory(run.path().join("alone"))?;
        let cluster = Cluster::new(spec, vec![volume], &place)?;
        cluster.format(&jvm)?;
        cluster.start()?;
        cluster.wait_ready()?;
        Ok(Alone {
            cluster,
            jvm,
            run,
            _ports: ports,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_started() {
        let none = Alone::builder("x").log_dirs(0).start().unwrap_err();
        assert!(none.to_string().contains("log directories"));
        let name = Alone::builder("a/b").start().unwrap_err();
        assert!(name.to_string().contains("a/b"));
    }
}
