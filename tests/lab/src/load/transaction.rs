//! A transaction that is left open on purpose, so that a partition's last
//! stable offset stands still. Writes one record to the source.

use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::admin::client_config;
use crate::error::LabError;

/// How long the broker lets it stay open: the broker's own bound
/// (`transaction.max.timeout.ms`), longer than any test.
const OPEN_MS: &str = "900000";
/// One step of a transaction.
const STEP: Duration = Duration::from_secs(20);

/// An open transaction with one record. Dropping it aborts it.
pub struct HangingTransaction {
    producer: BaseProducer,
}

impl HangingTransaction {
    /// Begins a transaction, writes one record, waits for its acknowledgement,
    /// and leaves the transaction open.
    ///
    /// # Errors
    /// With Kafka's reason.
    pub fn open(bootstrap: &str, topic: &str, partition: i32) -> Result<Self, LabError> {
        let failed = || {
            LabError::kafka(
                format!("open a transaction on {topic}-{partition}"),
                bootstrap,
            )
        };
        let producer: BaseProducer = client_config(bootstrap)
            .set(
                "transactional.id",
                format!(
                    "slackwater-hanging-{}-{topic}-{partition}",
                    std::process::id()
                ),
            )
            .set("transaction.timeout.ms", OPEN_MS)
            .create()
            .map_err(failed())?;
        producer.init_transactions(STEP).map_err(failed())?;
        producer.begin_transaction().map_err(failed())?;
        producer
            .send(
                BaseRecord::<str, str>::to(topic)
                    .partition(partition)
                    .key("hanging")
                    .payload("hanging"),
            )
            .map_err(|(error, _)| failed()(error))?;
        producer.flush(STEP).map_err(failed())?;
        Ok(Self { producer })
    }

    /// Commits it.
    ///
    /// # Errors
    /// With Kafka's reason. Dropping it afterwards does nothing.
    pub fn commit(self) -> Result<(), LabError> {
        self.producer
            .commit_transaction(STEP)
            .map_err(LabError::kafka("commit the hanging transaction", ""))
    }
}

impl Drop for HangingTransaction {
    fn drop(&mut self) {
        let _ = self.producer.abort_transaction(STEP);
    }
}
