//! Looks at MirrorMaker's connectors all the time, from outside, beside what
//! the run documents say.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use slackwater_lab::{Connect, Connector};

use crate::stops::{Look, Seen};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(150);

/// Connect answers in milliseconds, or it is not there.
const ANSWER: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: Mutex<Vec<Seen>>,
    over: AtomicBool,
}

impl Watch {
    /// Looks until [`Self::end`].
    pub(crate) fn start<'s>(&'s self, scope: &'s Scope<'s, '_>, connect: &'s Connect) {
        scope.spawn(|| {
            while !self.over.load(Ordering::Relaxed) {
                let look = look(connect);
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                if seen.last().is_none_or(|last| last.look != look) {
                    let at_ms = now_ms();
                    seen.push(Seen { at_ms, look });
                }
                drop(seen);
                thread::sleep(LOOK);
            }
        });
    }

    /// No more looks.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// What was seen from an instant on, and what was so then.
    pub(crate) fn since(&self, at_ms: u64) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let first = seen.partition_point(|one| one.at_ms < at_ms);
        seen[first.saturating_sub(1)..].to_vec()
    }

    /// What the last look showed.
    pub(crate) fn last(&self) -> Option<Look> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.last().map(|one| one.look)
    }
}

fn look(connect: &Connect) -> Look {
    let mut runs = true;
    for connector in Connector::ALL {
        let Ok(status) = connect.status_within(connector.name(), ANSWER) else {
            return Look::Silent;
        };
        if status.connector == "STOPPED" {
            return Look::Held;
        }
        runs &= status.is_running(connector);
    }
    if runs { Look::Runs } else { Look::Settles }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
