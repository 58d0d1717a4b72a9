//! What the systemd timer does on a machine: `slackwater resume --if-expired`,
//! again and again. Here every ten seconds, so that a hold that nobody is left
//! for costs a soak less time than the timer's minute.

use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use slackwater_e2e::Scene;

/// Between two starts.
pub(crate) const EVERY: Duration = Duration::from_secs(10);

/// A resume that takes longer is ended; the next one tries again.
const LIMIT: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    resumed: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Timer {
    /// Until [`Self::end`].
    pub(crate) fn start<'s>(&'s self, scope: &'s Scope<'s, '_>, scene: &'s Scene) {
        scope.spawn(|| {
            while !self.over.load(Ordering::Relaxed) {
                let began = Instant::now();
                let child = scene
                    .command(&["resume", "--if-expired"])
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn();
                if let Some(said) = child.ok().and_then(|child| self.said(child)) {
                    let mut resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
                    resumed.push(said);
                }
                while began.elapsed() < EVERY && !self.over.load(Ordering::Relaxed) {
                    thread::sleep(LOOK);
                }
            }
        });
    }

    fn said(&self, mut child: Child) -> Option<String> {
        let began = Instant::now();
        while child.try_wait().ok()?.is_none() {
            if began.elapsed() > LIMIT || self.over.load(Ordering::Relaxed) {
                let _ = child.kill();
            }
            thread::sleep(LOOK);
        }
        let output = child.wait_with_output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// No more of it.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Whether it put a run right.
    pub(crate) fn resumed(&self, run: &str) -> bool {
        let resumed = self.resumed.lock().unwrap_or_else(PoisonError::into_inner);
        resumed
            .iter()
            .any(|said| said.contains(&format!("run {run}:")))
    }
}
