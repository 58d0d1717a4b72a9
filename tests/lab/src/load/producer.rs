//! The generator's thread: paces records, counts acknowledgements. Writes to
//! the source only.
#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: a rate is kept against the real clock"
)]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::plan::LoadPlan;
use super::record::Record;
use super::report::{LoadReport, PartitionLoad};
use super::schedule::Schedule;
use crate::admin::{Admin, client_config};
use crate::error::LabError;

/// How often the generator looks at the clock: 40 records at 8,000 a second.
const TICK: Duration = Duration::from_millis(5);
/// How long acknowledgements may take at the end.
const FLUSH: Duration = Duration::from_secs(30);
/// One step of a transaction.
const STEP: Duration = Duration::from_secs(30);

/// A running load generator. Dropping it stops it; [`Load::stop`] also tells
/// what it did.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<LoadReport, LabError>>>,
}

#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    acked: Vec<AtomicU64>,
    slowest_ms: AtomicU64,
    error: Mutex<Option<String>>,
}

impl Shared {
    fn fail(&self, error: &KafkaError) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| error.to_string());
    }
}

struct Acks(Arc<Shared>);

impl ClientContext for Acks {}

impl ProducerContext for Acks {
    /// The slot's index.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: usize) {
        match result {
            Ok(message) => {
                self.0.acked[slot].fetch_add(1, Ordering::Relaxed);
                let made = message.timestamp().to_millis().unwrap_or_default();
                let took = now_ms().saturating_sub(made.unsigned_abs());
                self.0.slowest_ms.fetch_max(took, Ordering::Relaxed);
            }
            Err((error, _)) => self.0.fail(error),
        }
    }
}

impl Load {
    /// Starts producing at once.
    ///
    /// # Errors
    /// A plan outside the limits, a topic that does not exist.
    pub fn start(bootstrap: &str, plan: &LoadPlan) -> Result<Self, LabError> {
        plan.check()?;
        let counts = Admin::new(bootstrap)?.topics()?;
        let schedule = Schedule::new(plan, |topic| counts.get(topic).copied())?;
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            acked: schedule.slots().iter().map(|_| AtomicU64::new(0)).collect(),
            slowest_ms: AtomicU64::new(0),
            error: Mutex::new(None),
        });
        let mut config = client_config(bootstrap);
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", plan.linger_ms.to_string())
            .set("batch.num.messages", plan.per_batch.to_string());
        if plan.transactions.is_some() {
            config.set(
                "transactional.id",
                format!("slackwater-load-{}-{}", std::process::id(), plan.producer),
            );
        }
        let producer: BaseProducer<Acks> = config
            .create_with_context(Acks(Arc::clone(&shared)))
            .map_err(LabError::kafka("make a producer", bootstrap))?;
        let mut run = Run {
            partitions: vec![PartitionLoad::default(); schedule.slots().len()],
            plan: plan.clone(),
            bootstrap: bootstrap.to_owned(),
            shared: Arc::clone(&shared),
            schedule,
            producer,
            given: 0,
            global: plan.first,
        };
        if plan.transactions.is_some() {
            run.producer
                .init_transactions(STEP)
                .map_err(LabError::kafka("begin transactions", bootstrap))?;
        }
        let thread = std::thread::spawn(move || run.run());
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Records acknowledged until now.
    #[must_use]
    pub fn acked(&self) -> u64 {
        self.shared
            .acked
            .iter()
            .map(|slot| slot.load(Ordering::Relaxed))
            .sum()
    }

    /// Stops, waits for the last acknowledgements, and tells what was done.
    ///
    /// # Errors
    /// A transaction that could not be ended, acknowledgements that did not
    /// come within 30 s.
    ///
    /// # Panics
    /// When the generator's thread did.
    pub fn stop(mut self) -> Result<LoadReport, LabError> {
        self.shared.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(report)) => report,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(LabError::Invalid("the load is stopped already".into())),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Run {
    plan: LoadPlan,
    bootstrap: String,
    shared: Arc<Shared>,
    schedule: Schedule,
    producer: BaseProducer<Acks>,
    partitions: Vec<PartitionLoad>,
    /// Records that were handed to the client.
    given: u64,
    /// The next one's number.
    global: u64,
}

impl Run {
    fn run(&mut self) -> Result<LoadReport, LabError> {
        let started = Instant::now();
        let mut transactions = 0_u64;
        while !self.stopping() {
            let due = (started.elapsed().as_secs_f64() * f64::from(self.plan.rate)) as u64;
            match self.plan.transactions {
                None => {
                    while self.given < due && !self.stopping() {
                        let slot = self.schedule.next();
                        self.produce(slot, false)?;
                        self.partitions[slot].committed += 1;
                    }
                }
                Some(wanted) => {
                    while self.given + u64::from(wanted.batch) <= due && !self.stopping() {
                        self.transaction(
                            wanted.batch,
                            is_aborted(transactions, wanted.abort_ratio),
                        )?;
                        transactions += 1;
                    }
                }
            }
            self.producer.poll(TICK);
        }
        self.producer.flush(FLUSH).map_err(LabError::kafka(
            "acknowledge the last records",
            &self.bootstrap,
        ))?;
        Ok(self.report(started.elapsed()))
    }

    fn stopping(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// One whole transaction. Sequences and numbers of an aborted one are used again, so
    /// that a reader of committed records sees no gap.
    fn transaction(&mut self, batch: u32, abort: bool) -> Result<(), LabError> {
        let failed = |what: &'static str| LabError::kafka(what, &self.bootstrap);
        let began = now_ms();
        self.producer
            .begin_transaction()
            .map_err(failed("begin a transaction"))?;
        let mut slots = Vec::new();
        for _ in 0..batch {
            let slot = self.schedule.next();
            self.produce(slot, abort)?;
            self.partitions[slot].committed += 1;
            slots.push(slot);
        }
        let failed = |what: &'static str| LabError::kafka(what, &self.bootstrap);
        if !abort {
            self.producer
                .commit_transaction(STEP)
                .map_err(failed("commit a transaction"))?;
            // Its records count from now on.
            let took = now_ms().saturating_sub(began);
            self.shared.slowest_ms.fetch_max(took, Ordering::Relaxed);
            return Ok(());
        }
        // Aborting purges what is still queued, and that would look like loss.
        self.producer
            .flush(FLUSH)
            .map_err(failed("write a transaction to abort"))?;
        self.global -= slots.len() as u64;
        for slot in slots {
            self.partitions[slot].committed -= 1;
        }
        self.producer
            .abort_transaction(STEP)
            .map_err(failed("abort a transaction"))
    }

    fn produce(&mut self, slot: usize, aborted: bool) -> Result<(), LabError> {
        let at = &self.schedule.slots()[slot];
        let sequence = self.partitions[slot].committed;
        let record = Record {
            producer: self.plan.producer,
            partition: at.partition,
            sequence,
            global: self.global,
            created_ms: now_ms(),
            aborted,
        };
        let value = record.encode(self.plan.size);
        let key = format!(
            "k{}-{}",
            at.partition,
            self.plan.keys.map_or(sequence, |keys| sequence % keys)
        );
        loop {
            let message = BaseRecord::with_opaque_to(&at.topic, slot)
                .partition(at.partition)
                .key(&key)
                .payload(&value);
            match self.producer.send(message) {
                Ok(()) => break,
                // Ends: the queue drains, or its records time out.
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.producer.poll(TICK);
                }
                Err((error, _)) => {
                    return Err(LabError::kafka("take a record", &self.bootstrap)(error));
                }
            }
        }
        self.partitions[slot].sent += 1;
        self.given += 1;
        self.global += 1;
        Ok(())
    }

    fn report(&self, took: Duration) -> LoadReport {
        let mut report = LoadReport {
            producer: self.plan.producer,
            partitions: Default::default(),
            took,
            slowest: Duration::from_millis(self.shared.slowest_ms.load(Ordering::Relaxed)),
            first_error: self
                .shared
                .error
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        };
        for ((slot, load), acked) in self
            .schedule
            .slots()
            .iter()
            .zip(&self.partitions)
            .zip(&self.shared.acked)
        {
            let load = PartitionLoad {
                acked: acked.load(Ordering::Relaxed),
                ..*load
            };
            report
                .partitions
                .entry(slot.topic.clone())
                .or_default()
                .insert(slot.partition, load);
        }
        report
    }
}

/// Spreads the aborted ones evenly: the `n`th is one when the running total
/// passes a whole number there.
fn is_aborted(n: u64, ratio: f64) -> bool {
    ((n + 1) as f64 * ratio).floor() > (n as f64 * ratio).floor()
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aborted_transactions_are_spread_evenly() {
        let aborted = (0..100).filter(|n| is_aborted(*n, 0.25)).count();
        assert_eq!(aborted, 25);
        assert!((0..100).all(|n| !is_aborted(n, 0.0)));
        assert!((0..100).all(|n| is_aborted(n, 1.0)));
    }
}
