//! Waiting for the mirror, the producer quota, topic configurations: what tests do to a whole lab. Runs Kafka's own tools where
//! the wire client has no call.

use std::time::Duration;

use crate::audit::last_committed;
use crate::cluster::Cluster;
use crate::error::LabError;
use crate::lab::Lab;
use crate::load::LoadReport;
use crate::wait;

/// How far back from a partition's end the last record is looked for: further
/// than any run of transaction markers in a test.
const BACK: i64 = 2000;
/// Kafka's own tool for dynamic configurations and quotas.
const CONFIGS: &str = "kafka.admin.ConfigCommand";

impl Lab {
    /// Waits until the mirror holds every committed record of a load.
    ///
    /// # Errors
    /// [`LabError::Timeout`], naming the partition.
    pub fn wait_mirrored(&self, load: &LoadReport, limit: Duration) -> Result<(), LabError> {
        let bootstrap = self.mirror().bootstrap();
        for (topic, partitions) in &load.partitions {
            let mirrored = self.policy().mirrored(topic);
            for (partition, wanted) in partitions.iter().filter(|(_, wanted)| wanted.committed > 0)
            {
                let what = format!(
                    "{mirrored}-{partition} to hold {} records",
                    wanted.committed
                );
                wait::until(&what, limit, || {
                    let last =
                        last_committed(&bootstrap, &mirrored, *partition, load.producer, BACK);
                    let last = last.ok().flatten();
                    Ok(last
                        .is_some_and(|last| last + 1 >= wanted.committed)
                        .then_some(()))
                })?;
            }
        }
        Ok(())
    }

    /// Limits what every client may write to a broker of the mirror, in bytes a
    /// second, or lifts the limit again: a slow mirror. About 1.5 s.
    ///
    /// # Errors
    /// With the tool's message.
    pub fn set_mirror_quota(&self, bytes_per_second: Option<u64>) -> Result<(), LabError> {
        let bootstrap = self.mirror().bootstrap();
        let value = bytes_per_second.map(|bytes| format!("producer_byte_rate={bytes}"));
        let mut args = vec![
            "--bootstrap-server",
            &bootstrap,
            "--alter",
            "--entity-type",
            "clients",
            "--entity-default",
        ];
        match &value {
            Some(value) => args.extend(["--add-config", value]),
            None => args.extend(["--delete-config", "producer_byte_rate"]),
        }
        self.jvm().tool(CONFIGS, &args).map(drop)
    }

    /// Sets configurations of a topic, leaving its others; `cluster` is the
    /// lab's source or mirror. About 1.5 s.
    ///
    /// # Errors
    /// With the tool's message.
    pub fn alter_topic(
        &self,
        cluster: &Cluster,
        topic: &str,
        configs: &[(&str, &str)],
    ) -> Result<(), LabError> {
        let bootstrap = cluster.bootstrap();
        let pairs: Vec<String> = configs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let args = [
            "--bootstrap-server",
            &bootstrap,
            "--alter",
            "--entity-type",
            "topics",
            "--entity-name",
            topic,
            "--add-config",
            &pairs.join(","),
        ];
        self.jvm().tool(CONFIGS, &args).map(drop)
    }

    /// Runs any of Kafka's own tools by its main class, and gives what it
    /// printed.
    ///
    /// # Errors
    /// With the tool's message.
    pub fn kafka_tool(&self, class: &str, args: &[&str]) -> Result<String, LabError> {
        self.jvm().tool(class, args)
    }
}
