//! A resource of an operator's: patched until the patch is of what stands there, and
//! waited for until the operator has done what it says.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it waits for an operator"
)]

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use slackwater_strimzi::{POKED, PatchOp};

use crate::clock::now_ms;
use crate::place::Place;
use crate::{ApiError, Makers, MakersError};

/// How often a patch is made anew because the resource changed meanwhile: the
/// operator writes into its status, each time another `resourceVersion`, and a
/// patch takes milliseconds. On a busy API server it takes tens of them, and then
/// one in two meets somebody who writes all the time: thirty in a row do not.
pub(crate) const MOST_TRIES: usize = 30;

/// How long before it is poked: an event that comes while it is at the resource
/// is dropped after 10 s (`AbstractOperator`, `LOCK_TIMEOUT_MS`), and then it
/// looks every two minutes.
const POKE: Duration = Duration::from_secs(3);

/// Between two looks at what the operator did.
pub(crate) const BETWEEN: Duration = Duration::from_millis(200);

impl Makers {
    /// Patches what is there until the patch is of what stands there, and gives it as
    /// it then does; `None` where there is nothing.
    ///
    /// # Errors
    /// What the patch can't be made of; a refusal; it changes all the time; no answer.
    pub(crate) fn patched(
        &self,
        place: &Place,
        mut patch: impl FnMut(&Value) -> Result<Vec<PatchOp>, MakersError>,
    ) -> Result<Option<Value>, MakersError> {
        for _ in 0..MOST_TRIES {
            let Some(object) = self.server.get(place)? else {
                return Ok(None);
            };
            let ops = patch(&object)?;
            let changes = ops.iter().any(|op| !matches!(op, PatchOp::Test { .. }));
            if !changes {
                return Ok(Some(object));
            }
            match self.server.patch(place, &ops) {
                Err(ApiError::Conflict { .. }) => {}
                done => {
                    done?;
                    return Ok(self.server.get(place)?);
                }
            }
        }
        Err(MakersError::Restless(Box::new(place.clone())))
    }

    /// Looks until it is so, and pokes the operator where that takes its time: whether
    /// it came to be so.
    ///
    /// # Errors
    /// Of a look; no answer.
    pub(crate) fn await_operator(
        &self,
        place: &Place,
        within: Duration,
        is_so: impl Fn() -> Result<bool, MakersError>,
    ) -> Result<bool, MakersError> {
        let began = Instant::now();
        let mut poked = began;
        while !is_so()? {
            if began.elapsed() >= within {
                return Ok(false);
            }
            if poked.elapsed() >= POKE {
                poked = Instant::now();
                self.poke_at(place)?;
            }
            thread::sleep(BETWEEN);
        }
        Ok(true)
    }

    /// Has the operator look at it, by an annotation that it does not know.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub(crate) fn poke_at(&self, place: &Place) -> Result<(), MakersError> {
        let when = now_ms().to_string();
        self.server.annotate(place, POKED, Some(&when))?;
        Ok(())
    }
}
