//! A KRaft cluster of combined nodes (broker and controller in one process):
//! formatting, starting, waiting. Owns its brokers.

use std::path::Path;
use std::time::Duration;

use crate::admin::Admin;
use crate::broker::Broker;
use crate::cluster_spec::ClusterSpec;
use crate::error::LabError;
use crate::jvm::{self, Jvm};
use crate::service::{Service, ServiceSpec};
use crate::volume::Volume;

/// From the start of the processes until all brokers are registered. A
/// restored cluster needs about 20 s (the old incarnations' sessions must time
/// out first); two busy cores need their share on top.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// A running cluster. Dropping it kills its brokers and unmounts their volumes.
#[derive(Debug)]
pub struct Cluster {
    spec: ClusterSpec,
    brokers: Vec<Broker>,
}

/// Where and how a cluster's processes run.
pub(crate) struct Place<'a> {
    pub(crate) jvm: &'a Jvm,
    pub(crate) run_dir: &'a Path,
    pub(crate) prefix: Vec<String>,
}

impl Cluster {
    /// Makes the brokers on their volumes (one a node, same order); starts
    /// nothing yet.
    pub(crate) fn new(
        spec: ClusterSpec,
        volumes: Vec<Volume>,
        place: &Place<'_>,
    ) -> Result<Self, LabError> {
        let mut brokers = Vec::with_capacity(volumes.len());
        for (node, volume) in spec.nodes.iter().zip(volumes) {
            let name = format!("{}-{}", spec.name, node.id);
            let properties = place.run_dir.join(format!("{name}.properties"));
            let log_dirs = spec.log_dirs(&volume.point);
            spec.properties(*node, &log_dirs).write(&properties)?;
            let service = Service::new(
                place.jvm,
                ServiceSpec {
                    name,
                    class: "kafka.Kafka",
                    heap: jvm::BROKER_HEAP,
                    prefix: place.prefix.clone(),
                    properties,
                    run_dir: place.run_dir.to_owned(),
                },
            );
            brokers.push(Broker {
                id: node.id,
                port: node.port,
                service,
                log_dirs,
                volume,
            });
        }
        Ok(Self { spec, brokers })
    }

    /// Formats every node's storage, all at once.
    pub(crate) fn format(&self, jvm: &Jvm) -> Result<(), LabError> {
        std::thread::scope(|scope| {
            let formats: Vec<_> = self
                .brokers
                .iter()
                .map(|broker| {
                    let file = broker.properties_file().display().to_string();
                    let id = &self.spec.cluster_id;
                    scope.spawn(move || {
                        jvm.tool(
                            "kafka.tools.StorageTool",
                            &["format", "-t", id, "-c", &file],
                        )
                    })
                })
                .collect();
            for format in formats {
                format
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok(())
        })
    }

    /// Starts every broker; does not wait.
    pub(crate) fn start(&self) -> Result<(), LabError> {
        self.brokers.iter().try_for_each(|broker| broker.start())
    }

    /// Waits until all brokers are registered.
    ///
    /// # Errors
    /// The broker that died, or a timeout.
    pub fn wait_ready(&self) -> Result<(), LabError> {
        self.wait_listening()?;
        self.admin()?.wait_brokers(self.brokers.len(), READY_LIMIT)
    }

    /// Waits until every partition has a leader and all brokers are there.
    ///
    /// # Errors
    /// The broker that died, or a timeout.
    pub fn wait_leaders(&self) -> Result<(), LabError> {
        self.wait_listening()?;
        self.admin()?.wait_leaders(self.brokers.len(), READY_LIMIT)
    }

    /// Waits until every partition's ISR is its whole replica set.
    ///
    /// # Errors
    /// A timeout.
    pub fn wait_full_isr(&self) -> Result<(), LabError> {
        self.admin()?.wait_full_isr(READY_LIMIT)
    }

    fn wait_listening(&self) -> Result<(), LabError> {
        for broker in &self.brokers {
            crate::wait::until(&format!("{} to listen", broker.name()), READY_LIMIT, || {
                broker.check_alive()?;
                let open =
                    std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, broker.port));
                Ok(open.ok().map(drop))
            })?;
        }
        Ok(())
    }

    /// An administrator's client.
    ///
    /// # Errors
    /// When librdkafka refuses to make one.
    pub fn admin(&self) -> Result<Admin, LabError> {
        Admin::new(&self.bootstrap())
    }

    /// `host:port` of all brokers, joined by commas.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        self.spec.bootstrap()
    }

    /// Kafka's cluster id.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.spec.cluster_id
    }

    /// The brokers, by ascending id from 1.
    #[must_use]
    pub fn brokers(&self) -> &[Broker] {
        &self.brokers
    }

    /// The broker with this id.
    #[must_use]
    pub fn broker(&self, id: i32) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    pub(crate) fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Stops all brokers cleanly, all at once.
    ///
    /// # Errors
    /// The first broker that could not be signalled.
    pub fn stop(&self) -> Result<(), LabError> {
        std::thread::scope(|scope| {
            let stops: Vec<_> = self
                .brokers
                .iter()
                .map(|broker| scope.spawn(|| broker.stop()))
                .collect();
            for stop in stops {
                stop.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok(())
        })
    }

    /// Starts all brokers again and waits until every partition has a leader.
    ///
    /// # Errors
    /// A broker that runs already or died, or a timeout.
    pub fn restart(&self) -> Result<(), LabError> {
        self.start()?;
        self.wait_leaders()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for broker in &self.brokers {
            broker.service.kill_soon();
        }
    }
}
