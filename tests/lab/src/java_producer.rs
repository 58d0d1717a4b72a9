//! Kafka's own Java producer, as it is by default: MirrorMaker has the same,
//! so that what it writes is batched as a mirror's logs are.

use std::path::Path;

use crate::command;
use crate::error::LabError;
use crate::jvm::Jvm;

/// The class that `kafka-producer-perf-test.sh` starts.
const CLASS: &str = "org.apache.kafka.tools.ProducerPerformance";

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Production<'p> {
    /// Where to.
    pub topic: &'p str,
    /// How many records, without keys.
    pub records: u64,
    /// Their values: lines of this file, taken at random.
    pub values: &'p Path,
    /// `none`, `gzip`, `snappy`, `lz4` or `zstd`
    pub codec: &'p str,
    /// Records a second; `None`: as fast as it can.
    pub rate: Option<u32>,
}

/// Writes them, and waits for the last acknowledgement.
pub(crate) fn produce(jvm: &Jvm, bootstrap: &str, wanted: &Production<'_>) -> Result<(), LabError> {
    let rate = wanted.rate.map_or("-1".to_owned(), |rate| rate.to_string());
    let mut command = jvm.shipped_command(CLASS);
    command
        .args(["--bootstrap-server", bootstrap, "--topic", wanted.topic])
        .args(["--num-records", &wanted.records.to_string()])
        .args(["--throughput", &rate])
        .arg("--payload-file")
        .arg(wanted.values)
        .arg("--command-property")
        .arg(format!("compression.type={}", wanted.codec));
    command::run_command(command).map(drop)
}
