//! A transaction that its coordinator has prepared and can't complete: no
//! record of it lies in any log but the coordinator's own, so that no client
//! can see it. Writes to `__transaction_state` only; the marker that completes
//! it comes when the hold on the coordinators ends.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge of the tests: a real client is waited for"
)]

use std::thread;
use std::time::Duration;

use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

use crate::admin::client_config;
use crate::error::LabError;
use crate::hang::Hang;
use crate::lab::Lab;

/// A record waits so long in the client, and never leaves it: its partition is
/// part of the transaction by then (AddPartitionsToTxn comes first).
const LINGER_MS: &str = "60000";
/// More than that: the client refuses a linger beyond the message's timeout,
/// which ends with the transaction's.
const OPEN_MS: &str = "600000";
/// What AddPartitionsToTxn may take.
const ADDED: Duration = Duration::from_secs(2);
/// One step of a transaction.
const STEP: Duration = Duration::from_secs(20);

/// How the kernel calls a `TxnMarkerSenderThread`.
const MARKER_SENDER: &str = "TxnMarkerSender";

/// The coordinators are held while this lives.
#[derive(Debug)]
pub struct PreparedTransaction {
    _held: Vec<Hang>,
}

impl PreparedTransaction {
    /// Adds a partition of the mirror to a transaction, keeps all coordinators
    /// from sending markers, and aborts: the state stays `PrepareAbort`.
    ///
    /// # Errors
    /// With Kafka's reason; without root.
    pub fn abort(lab: &Lab, topic: &str, partition: i32) -> Result<Self, LabError> {
        let bootstrap = lab.mirror().bootstrap();
        let failed = || LabError::kafka(format!("prepare on {topic}-{partition}"), &bootstrap);
        let id = format!("slackwater-prepared-{}", std::process::id());
        let producer: ThreadedProducer<DefaultProducerContext> = client_config(&bootstrap)
            .set("transactional.id", id)
            .set("transaction.timeout.ms", OPEN_MS)
            .set("linger.ms", LINGER_MS)
            .create()
            .map_err(failed())?;
        producer.init_transactions(STEP).map_err(failed())?;
        producer.begin_transaction().map_err(failed())?;
        let record = BaseRecord::<str, str>::to(topic).partition(partition);
        producer
            .send(record.key("prepared").payload("prepared"))
            .map_err(|(error, _)| failed()(error))?;
        thread::sleep(ADDED);
        let held = lab
            .mirror()
            .brokers()
            .iter()
            .filter_map(|broker| broker.pid())
            .map(|pid| Hang::threads(pid, MARKER_SENDER))
            .collect::<Result<_, _>>()?;
        producer.abort_transaction(STEP).map_err(failed())?;
        Ok(Self { _held: held })
    }
}
