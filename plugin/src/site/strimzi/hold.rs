//! The Lease as the site's.

use slackwater_kubernetes::{Hold, HoldError, Holds};
use slackwater_store::{Holder, LeaseState};

use crate::exit::Stop;
use crate::site::{Held, Leases};

/// See the module.
pub(super) struct PodLeases(Holds);

impl PodLeases {
    pub(super) fn new(holds: Holds) -> Self {
        Self(holds)
    }

    pub(super) fn holds(&self) -> Holds {
        self.0.clone()
    }
}

impl Leases for PodLeases {
    fn look(&self) -> Result<LeaseState, Stop> {
        let (state, _) = self.0.look().map_err(Stop::failed)?;
        Ok(state)
    }

    fn watch(&self) -> Result<LeaseState, Stop> {
        let (state, _) = self.0.watch().map_err(Stop::failed)?;
        Ok(state)
    }

    fn take(&self, holder: Holder) -> Result<Box<dyn Held>, Stop> {
        Ok(Box::new(Taken(self.0.take(holder, false).map_err(stop)?)))
    }

    fn take_over(&self, holder: Holder) -> Result<Box<dyn Held>, Stop> {
        Ok(Box::new(Taken(self.0.take(holder, true).map_err(stop)?)))
    }
}

fn stop(error: HoldError) -> Stop {
    match error {
        HoldError::Held(_) | HoldError::LeftBehind(_) => Stop::held(error),
        error => Stop::failed(error),
    }
}

struct Taken(Hold);

impl Held for Taken {
    fn holder(&self) -> &Holder {
        self.0.holder()
    }

    fn taken_from(&self) -> Option<&Holder> {
        self.0.taken_from()
    }

    fn is_ours(&self) -> bool {
        self.0.is_ours()
    }

    fn sign(&mut self, holder: Holder) -> Result<(), String> {
        self.0.sign(holder).map_err(|error| error.to_string())
    }

    fn note_by_hand(&self, lines: &[String]) -> Result<(), String> {
        self.0
            .note_by_hand(lines)
            .map_err(|error| error.to_string())
    }

    fn release(self: Box<Self>) -> Result<(), String> {
        self.0.release().map_err(|error| error.to_string())
    }
}
