//! What load is wanted. Pure.

use super::record;
use crate::error::LabError;

/// The most that one generator is asked for; a debug build holds 8,000.
const MOST_PER_SECOND: u32 = 200_000;
/// Kafka's own default bound on a message is 1 MiB.
const MOST_BYTES: usize = 1_000_000;
/// librdkafka's queue holds 100,000 messages.
const MOST_IN_TRANSACTION: u32 = 50_000;

/// Librdkafka's own.
const LINGER_MS: u32 = 5;
/// Longer than any batch needs, and far below the message's timeout of 5 minutes.
const MOST_LINGER_MS: u32 = 10_000;

/// Librdkafka's own, and its bound: it ends a batch by its bytes long before.
const MOST_IN_BATCH: u32 = 10_000;

/// Which partitions of a topic get records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spread {
    /// All of them, in turn.
    RoundRobin,
    /// These, in turn.
    Partitions(Vec<i32>),
}

/// Records come in transactions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transactions {
    /// Records in each.
    pub batch: u32,
    /// The share that is aborted, from 0 to 1, spread evenly.
    pub abort_ratio: f64,
}

/// What a [`super::Load`] is to produce.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPlan {
    /// Tells one generator's records from another's; 1 unless several run.
    pub producer: u64,
    /// Topics, each with its share of the records.
    pub topics: Vec<(String, u32, Spread)>,
    /// Records a second, over all topics.
    pub rate: u32,
    /// Bytes of each value.
    pub size: usize,
    /// How many different keys a partition has; `None`: every key is new.
    pub keys: Option<u64>,
    /// How long a batch waits for more records.
    pub linger_ms: u32,
    /// Records in a batch, at most.
    pub per_batch: u32,
    /// Its first record's number among all of this producer's.
    pub first: u64,
    /// `None`: a plain idempotent producer.
    pub transactions: Option<Transactions>,
}

impl LoadPlan {
    /// The lab's own load: `blogs` and `items` by their partitions, values of
    /// 200 bytes.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self {
            producer: 1,
            topics: vec![
                ("blogs".to_owned(), 3, Spread::RoundRobin),
                ("items".to_owned(), 10, Spread::RoundRobin),
            ],
            rate,
            size: 200,
            keys: None,
            linger_ms: LINGER_MS,
            per_batch: MOST_IN_BATCH,
            first: 0,
            transactions: None,
        }
    }

    /// Other topics: all partitions, equal shares.
    #[must_use]
    pub fn topics(mut self, names: &[&str]) -> Self {
        self.topics = names
            .iter()
            .map(|name| ((*name).to_owned(), 1, Spread::RoundRobin))
            .collect();
        self
    }

    /// Only these partitions of the topic.
    #[must_use]
    pub fn partitions(mut self, topic: &str, partitions: &[i32]) -> Self {
        for (name, _, spread) in &mut self.topics {
            if name == topic {
                *spread = Spread::Partitions(partitions.to_vec());
            }
        }
        self
    }

    /// Bytes of each value.
    #[must_use]
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = bytes;
        self
    }

    /// How long a batch waits for more records: its timestamps are as far apart.
    #[must_use]
    pub fn linger_ms(mut self, ms: u32) -> Self {
        self.linger_ms = ms;
        self
    }

    /// Many batches however slow the broker is: none has more records.
    #[must_use]
    pub fn per_batch(mut self, records: u32) -> Self {
        self.per_batch = records;
        self
    }

    /// The producer's number.
    #[must_use]
    pub fn producer(mut self, id: u64) -> Self {
        self.producer = id;
        self
    }

    /// Goes on with the numbers where another load of the same order ended.
    #[must_use]
    pub fn first(mut self, number: u64) -> Self {
        self.first = number;
        self
    }

    /// This many different keys a partition, so that compaction has work.
    #[must_use]
    pub fn keys(mut self, keys: u64) -> Self {
        self.keys = Some(keys);
        self
    }

    /// In transactions of `batch` records, of which a share is aborted.
    #[must_use]
    pub fn transactional(mut self, batch: u32, abort_ratio: f64) -> Self {
        self.transactions = Some(Transactions { batch, abort_ratio });
        self
    }

    pub(crate) fn check(&self) -> Result<(), LabError> {
        let wrong = |what: String| Err(LabError::Invalid(what));
        if !(1..=MOST_PER_SECOND).contains(&self.rate) {
            return wrong(format!(
                "a rate of {} must be 1 to {MOST_PER_SECOND} records a second",
                self.rate
            ));
        }
        if !(record::LEAST_BYTES..=MOST_BYTES).contains(&self.size) {
            return wrong(format!(
                "a size of {} must be {} to {MOST_BYTES} bytes",
                self.size,
                record::LEAST_BYTES
            ));
        }
        if self.topics.is_empty() || self.topics.iter().any(|(_, weight, _)| *weight == 0) {
            return wrong("a load needs topics, each with a weight above 0".into());
        }
        if self.linger_ms > MOST_LINGER_MS {
            return wrong(format!(
                "a linger of {} ms must be at most {MOST_LINGER_MS}",
                self.linger_ms
            ));
        }
        if !(1..=MOST_IN_BATCH).contains(&self.per_batch) {
            return wrong(format!(
                "a batch of {} records must have 1 to {MOST_IN_BATCH}",
                self.per_batch
            ));
        }
        if self.keys == Some(0) {
            return wrong("a load needs at least one key".into());
        }
        match self.transactions {
            Some(t) if !(1..=MOST_IN_TRANSACTION).contains(&t.batch) => wrong(format!(
                "a transaction of {} records must have 1 to {MOST_IN_TRANSACTION}",
                t.batch
            )),
            Some(t) if !(0.0..=1.0).contains(&t.abort_ratio) => wrong(format!(
                "an abort ratio of {} must be 0 to 1",
                t.abort_ratio
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_outside_the_limits_is_refused_by_name() {
        LoadPlan::new(8000).check().unwrap();
        for (plan, names) in [
            (LoadPlan::new(0), "rate"),
            (LoadPlan::new(1).size(3), "size"),
            (LoadPlan::new(1).topics(&[]), "topics"),
            (LoadPlan::new(1).linger_ms(600_000), "linger"),
            (LoadPlan::new(1).per_batch(0), "batch"),
            (LoadPlan::new(1).transactional(0, 0.0), "transaction"),
            (LoadPlan::new(1).transactional(1, 1.5), "abort ratio"),
        ] {
            let error = plan.check().unwrap_err().to_string();
            assert!(error.contains(names), "{error}");
        }
    }
}
