//! Plays as much of Strimzi's operator as a restore's steps need.
#![allow(
    clippy::disallowed_methods,
    reason = "what plays the operator takes its time"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;
use slackwater_kubernetes::{Place, Resource};

use super::server;

/// What says that it leaves a Kafka alone, where it is told to.
pub(crate) struct Operator {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Operator {
    pub(crate) fn of(space: &str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (stop, space) = (over.clone(), space.to_owned());
        let thread = thread::spawn(move || {
            let server = server();
            let kafkas = Resource::of("kafka.strimzi.io", "v1", "kafkas");
            let place = Place::new(kafkas, &space, "mirror").unwrap();
            while !stop.load(Ordering::Relaxed) {
                if let Some(kafka) = server.get(&place).unwrap() {
                    let annotations = &kafka["metadata"]["annotations"];
                    let paused = annotations["strimzi.io/pause-reconciliation"] == "true";
                    let kind = if paused {
                        "ReconciliationPaused"
                    } else {
                        "Ready"
                    };
                    let at = "2026-01-01T00:00:00Z";
                    let one = json!({"type": kind, "status": "True", "lastTransitionTime": at});
                    let status = json!({"conditions": [one]});
                    server.merge_status(&place, &status).unwrap();
                }
                thread::sleep(Duration::from_millis(200));
            }
        });
        Self {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
