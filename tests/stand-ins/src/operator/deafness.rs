//! Kafkas that it does not look at for a while. After one start with a wrong cluster id
//! the real one was seen so for longer than 140 s: the reconciliation before has the
//! Kafka locked until what it waits for is there, or the operation's 300 s are over
//! (`AbstractOperator.java:368-391`, `withLock`; `ClusterOperatorConfig.java:144`), and others
//! give up after 10 s (`AbstractOperator.java:71` and 183).
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: what it plays takes its time"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// See the module: by a Kafka's name, until when.
#[derive(Debug, Clone, Default)]
pub(super) struct Deafness(Arc<Mutex<BTreeMap<String, Instant>>>);

impl Deafness {
    /// From the next look on, for so long.
    pub(super) fn begin(&self, kafka: &str, lasts: Duration) {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.insert(kafka.to_owned(), Instant::now() + lasts);
    }

    /// Whether it is deaf to this Kafka.
    pub(super) fn is_to(&self, kafka: &str) -> bool {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until
            .get(kafka)
            .is_some_and(|until| Instant::now() < *until)
    }
}
