//! The flush of a mirror's volumes, in its brokers' pods.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use slackwater_kubernetes::{BrokerPods, is_told_by_kernel};
use slackwater_ports::{Flushed, Seen, VolumeFlush};

use crate::site::Flush;

/// Each time is a command in each broker's pod, half a second of a kubelet's work:
/// some of them in a window are enough.
const AHEAD_MS: u64 = 3_000;

/// A flush tells an error once, and whoever flushes first gets it: so what is met
/// ahead is kept for the flush that counts.
pub(super) struct InPods {
    brokers: BrokerPods,
    /// The first error of each volume. One flush at a time.
    met: Mutex<BTreeMap<String, String>>,
}

impl InPods {
    pub(super) fn new(brokers: BrokerPods) -> Self {
        Self {
            brokers,
            met: Mutex::default(),
        }
    }

    /// With what any flush has met so far.
    fn flushed(&self, flush: impl Fn(&BrokerPods) -> Seen<Vec<Flushed>>) -> Seen<Vec<Flushed>> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = flush(&self.brokers)?;
        for row in &mut rows {
            if let Some(error) = &row.error {
                met.entry(row.volume.clone())
                    .or_insert_with(|| error.clone());
            }
            row.error = met.get(&row.volume).cloned();
        }
        Ok(rows)
    }
}

impl VolumeFlush for InPods {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        self.flushed(BrokerPods::flush)
    }
}

impl Flush for InPods {
    fn write_ahead(&self) {
        if let Err(error) = self.flushed(BrokerPods::flush_ahead) {
            tracing::debug!(%error, "nothing was written ahead");
        }
    }

    fn ahead_every_ms(&self) -> u64 {
        AHEAD_MS
    }

    fn told(&self) -> BTreeMap<String, String> {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let told = met.iter().filter(|(_, error)| is_told_by_kernel(error));
        told.map(|(volume, error)| (volume.clone(), error.clone()))
            .collect()
    }

    fn is_kept(&self, volume: &str) {
        if let Err(why) = self.brokers.forget_told(volume) {
            tracing::info!("what was told of {volume} stays in its pod, and is told again: {why}");
        }
    }
}
