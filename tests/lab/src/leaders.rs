//! Who holds the mirror's partitions, and who leads them. Runs Kafka's own
//! tools where the wire client has no call.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::LabError;
use crate::lab::Lab;
use crate::wait;

const REASSIGN: &str = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";

/// What a reassignment of a test's few records may take.
const REASSIGNED: Duration = Duration::from_secs(60);

impl Lab {
    /// Gives each partition of the mirror the replicas that `wanted` says for
    /// it, the preferred leader first, and waits until it is done. Who leads
    /// goes on leading, if it still holds a replica. Some seconds.
    ///
    /// # Errors
    /// With the tool's message; [`LabError::Timeout`].
    pub fn reassign(&self, wanted: impl Fn(&str, i32) -> Vec<i32>) -> Result<(), LabError> {
        let mut partitions: Vec<Value> = Vec::new();
        for (topic, count) in self.mirror().admin()?.topics()? {
            partitions.extend((0..count).map(|partition| {
                json!({
                    "topic": topic, "partition": partition,
                    "replicas": wanted(&topic, partition),
                })
            }));
        }
        let plan = self.run_dir().join("reassignment.json");
        let text = json!({"version": 1, "partitions": partitions}).to_string();
        fs::write(&plan, text).map_err(LabError::io("write", &plan))?;
        let plan = plan.display().to_string();
        let bootstrap = self.mirror().bootstrap();
        let run = |what: &str| {
            let plan = ["--reassignment-json-file", &plan, what];
            let args = [&["--bootstrap-server", bootstrap.as_str()][..], &plan].concat();
            self.kafka_tool(REASSIGN, &args)
        };
        run("--execute")?;
        wait::until("the reassignment", REASSIGNED, || {
            Ok((!run("--verify")?.contains("still in progress")).then_some(()))
        })
    }

    /// Elects the preferred leader of every partition of the mirror. About 1.5 s.
    ///
    /// # Errors
    /// With the tool's message.
    pub fn elect_preferred_leaders(&self) -> Result<(), LabError> {
        let bootstrap = self.mirror().bootstrap();
        let args = [
            "--bootstrap-server",
            &bootstrap,
            "--election-type",
            "preferred",
            "--all-topic-partitions",
        ];
        self.jvm()
            .tool("org.apache.kafka.tools.LeaderElectionCommand", &args)
            .map(drop)
    }
}
