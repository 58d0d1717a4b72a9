//! When records arrive on a cluster, as a reader at its end sees it: from the
//! outside, whatever made them come or stay away. Reads only.
#![allow(
    clippy::disallowed_methods,
    reason = "an adapter at the edge: it notes when something was seen"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use crate::admin::{Admin, client_config};
use crate::error::LabError;

/// One poll, and so the longest that stopping takes.
const POLL: Duration = Duration::from_millis(100);

/// A reader that notes when records arrive. Dropping it ends it.
#[derive(Debug)]
pub struct Arrivals {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    thread: Option<JoinHandle<()>>,
}

/// Times are milliseconds since the Unix epoch.
#[derive(Debug, Default)]
struct Seen {
    /// Milliseconds in which something arrived, ascending, each once.
    at: Vec<u64>,
    /// When the newest record of each partition was made, by its timestamp;
    /// 0 until there is one.
    newest: BTreeMap<(String, i32), u64>,
}

impl Arrivals {
    /// Reads all partitions of these topics from their ends on. What a
    /// transaction holds open counts too: it has arrived.
    ///
    /// # Errors
    /// A topic that is not there; what librdkafka refuses.
    pub fn watch(bootstrap: &str, topics: &[&str]) -> Result<Self, LabError> {
        let failed = || LabError::kafka("read from the ends", bootstrap);
        let counts = Admin::new(bootstrap)?.topics()?;
        let mut list = TopicPartitionList::new();
        let mut seen = Seen::default();
        for topic in topics {
            let count = *counts
                .get(*topic)
                .ok_or_else(|| LabError::Invalid(format!("{bootstrap} has no topic {topic}")))?;
            for partition in 0..count {
                list.add_partition_offset(topic, partition, Offset::End)
                    .map_err(failed())?;
                seen.newest.insert(((*topic).to_owned(), partition), 0);
            }
        }
        let consumer: BaseConsumer = client_config(bootstrap)
            .set("group.id", "slackwater-lab-arrivals")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_uncommitted")
            // A leader that comes back is read from at once.
            .set("fetch.error.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "50")
            .create()
            .map_err(failed())?;
        consumer.assign(&list).map_err(failed())?;
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(seen));
        let (stopping, noted) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                if let Some(Ok(message)) = consumer.poll(POLL) {
                    lock(&noted).note(&message, now_ms());
                }
            }
        });
        Ok(Self {
            stop,
            seen,
            thread: Some(thread),
        })
    }

    /// When the first record arrived at or after this instant.
    #[must_use]
    pub fn first_from(&self, ms: u64) -> Option<u64> {
        let seen = lock(&self.seen);
        seen.at.get(seen.at.partition_point(|at| *at < ms)).copied()
    }

    /// When the last one arrived before this instant.
    #[must_use]
    pub fn last_before(&self, ms: u64) -> Option<u64> {
        let seen = lock(&self.seen);
        let before = seen.at.partition_point(|at| *at < ms);
        seen.at[..before].last().copied()
    }

    /// How old the newest record of the partition is that is furthest behind;
    /// `None` until each has had one.
    #[must_use]
    pub fn behind(&self) -> Option<Duration> {
        let made = *lock(&self.seen).newest.values().min()?;
        (made > 0).then(|| Duration::from_millis(now_ms().saturating_sub(made)))
    }
}

impl Seen {
    fn note(&mut self, message: &BorrowedMessage<'_>, now_ms: u64) {
        if self.at.last() != Some(&now_ms) {
            self.at.push(now_ms);
        }
        let made = message.timestamp().to_millis().unwrap_or_default();
        let of = (message.topic().to_owned(), message.partition());
        if let (Some(newest), Ok(made)) = (self.newest.get_mut(&of), u64::try_from(made)) {
            *newest = made.max(*newest);
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(at: &[u64], newest: &[u64]) -> Arrivals {
        let newest = newest.iter().enumerate();
        Arrivals {
            stop: Arc::default(),
            seen: Arc::new(Mutex::new(Seen {
                at: at.to_vec(),
                newest: newest
                    .map(|(n, made)| (("t".to_owned(), n as i32), *made))
                    .collect(),
            })),
            thread: None,
        }
    }

    #[test]
    fn the_arrivals_around_an_instant_are_found() {
        let arrivals = arrivals(&[10, 20, 90], &[]);
        assert_eq!(arrivals.last_before(20), Some(10));
        assert_eq!(arrivals.first_from(20), Some(20));
        assert_eq!(arrivals.first_from(21), Some(90));
        assert_eq!(arrivals.first_from(91), None);
        assert_eq!(arrivals.last_before(10), None);
    }

    #[test]
    fn the_partition_that_is_furthest_behind_counts() {
        let now = now_ms();
        let behind = arrivals(&[], &[now, now - 60_000]).behind().unwrap();
        assert!(behind >= Duration::from_secs(60));
        assert!(arrivals(&[], &[now, 0]).behind().is_none());
    }
}
