//! Whether what a restore writes into resources stays there: nobody puts it back, and what
//! is stopped by it comes again.

use slackwater_cut::ConnectorPrior;
use slackwater_restore::{Feeder, Kafka, Seen, Way};

use super::{Rest, Restore, caught_up, strimzi};
use crate::exit::Stop;

/// Whether a restore is noted on it.
pub(super) fn is_begun(seen: &Seen) -> bool {
    match &seen.kafka {
        Kafka::There { note, .. } => note.is_some(),
        Kafka::Gone { .. } => false,
    }
}

impl Restore {
    /// Of all that it writes into. Who goes on, or back, was told before he began.
    pub(super) fn what_is_told_stays(&self, seen: &Seen) -> Result<(), Stop> {
        if is_begun(seen) || self.asked.way == Way::Back {
            return Ok(());
        }
        self.kafka_may_be_told()?;
        let mut feeders = seen.feeders.iter().filter(|one| one.is_there);
        feeders.try_for_each(|one| self.may_be_told(one))
    }

    /// What is written into it, so that nothing is deleted before it is seen, has to stay.
    fn kafka_may_be_told(&self) -> Result<(), Stop> {
        match strimzi(&self.site)?.kafka_owner()? {
            Some(owner) if !self.asked.git_ops_suspended => Err(Stop::bad_input(format!(
                "{owner} owns Kafka {}, and would take back what keeps its brokers from deleting what \
                 is restored: have it leave that alone, and say --git-ops-suspended",
                self.asked.kafka
            ))),
            _ => Ok(()),
        }
    }

    /// What is written into it has to stay, and its workers come again.
    fn may_be_told(&self, feeder: &Feeder) -> Result<(), Stop> {
        let name = &feeder.name;
        if feeder.is_paused && !feeder.is_kept_still {
            return Err(Stop::bad_input(format!(
                "KafkaMirrorMaker2 {name} is paused by its user: its workers would not come again; \
                 unpause it first"
            )));
        }
        let ran = |one: &ConnectorPrior| {
            one.copies && one.connector.connect == *name && !caught_up::rests(one)
        };
        let ran = self
            .cut
            .quiesce
            .iter()
            .any(|one| one.connectors.iter().any(ran));
        if feeder.rests && ran && self.asked.rest != Rest::Unfed {
            return Err(Stop::bad_input(format!(
                "KafkaMirrorMaker2 {name} says of its source connector that it is not to run, and the \
                 backup is to go on: a restore keeps it stopped by itself until it may run, so take \
                 that `state` away first; or say --no-feed"
            )));
        }
        match &feeder.owner {
            Some(owner) if !self.asked.git_ops_suspended => Err(Stop::bad_input(format!(
                "{owner} owns KafkaMirrorMaker2 {name}, and would start connectors before they may: \
                 have it leave that alone, and say --git-ops-suspended"
            ))),
            _ => Ok(()),
        }
    }
}
