//! A consumer group that reads, as an application on the mirror would, and
//! commits as it goes. Reads records; writes only its own offsets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};

use crate::admin::client_config;
use crate::error::LabError;

/// One poll, and so the longest that stopping takes.
const POLL: Duration = Duration::from_millis(100);

/// One member of a group. Dropping it leaves the group.
#[derive(Debug)]
pub struct GroupReader {
    stop: Arc<AtomicBool>,
    read: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl GroupReader {
    /// Joins a group and reads these topics from their start, or from where the
    /// group has got to.
    ///
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn start(bootstrap: &str, group: &str, topics: &[&str]) -> Result<Self, LabError> {
        let failed = || LabError::kafka(format!("take a member of {group}"), bootstrap);
        let consumer: BaseConsumer = client_config(bootstrap)
            .set("group.id", group)
            .set("auto.offset.reset", "earliest")
            .set("auto.commit.interval.ms", "1000")
            .set("session.timeout.ms", "10000")
            .create()
            .map_err(failed())?;
        consumer.subscribe(topics).map_err(failed())?;
        let stop = Arc::new(AtomicBool::new(false));
        let read = Arc::new(AtomicU64::new(0));
        let (stopping, count) = (Arc::clone(&stop), Arc::clone(&read));
        let thread = std::thread::spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                if let Some(Ok(_)) = consumer.poll(POLL) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            let _ = consumer.commit_consumer_state(CommitMode::Sync);
        });
        Ok(Self {
            stop,
            read,
            thread: Some(thread),
        })
    }

    /// Records read until now.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

impl Drop for GroupReader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
