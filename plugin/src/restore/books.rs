//! Where the cut of a restore is read, and what is kept beside it; and where what it has
//! shown is written. A clone reads the original's, and writes beside itself.

use slackwater_kubernetes::Kept;
use slackwater_restore::Kafka;
use slackwater_store::RunId;

use super::{Asked, Restore, strimzi};
use crate::exit::Stop;
use crate::site::Site;

pub(super) fn document(site: &Site, origin: Option<&Site>, run: &RunId) -> Result<String, Stop> {
    match origin {
        Some(origin) => strimzi(site)?.document_of(strimzi(origin)?, run),
        None => strimzi(site)?.document(run).map(|(document, _)| document),
    }
}

pub(super) fn kept(
    site: &Site,
    origin: Option<&Site>,
    asked: &Asked,
) -> Result<Option<Kept>, Stop> {
    let run = &asked.run;
    let (Some(origin), Some(of)) = (origin, &asked.clone_of) else {
        return strimzi(site)?.kept(run);
    };
    let into = asked.kafka.namespace();
    match strimzi(origin)?.kept_as_clone(run, into, of.own)? {
        Some((kept, left_out)) => {
            for what in left_out {
                site.terminal.say(&format!("not in the clone: {what}"));
            }
            Ok(Some(kept))
        }
        None => Err(Stop::bad_input(format!(
            "nothing is kept beside the cut of run {run} of which its Kafka could be made in another \
             namespace, or not where this program looks (in a pod of its own namespace, or with \
             SLACKWATER_NAMESPACE): on the mirror's own cluster `slackwater verify` keeps it, where \
             the mirror is as it was; another cluster has none of it: `slackwater restore RUN \
             --on-claims` there, in a namespace of the same name, needs none"
        ))),
    }
}

impl Restore {
    pub(super) fn document(&self) -> Result<String, Stop> {
        document(&self.site, self.origin.as_ref(), &self.asked.run)
    }

    pub(super) fn write(&self, document: &str) -> Result<(), Stop> {
        let (strimzi, run) = (self.strimzi()?, &self.asked.run);
        match &self.origin {
            Some(_) => strimzi.save_beside(run, document),
            None => strimzi.save_restored(run, document),
        }
    }

    /// Where nobody says of it how it is reached, and what feeds it, that is said as before;
    /// and what was found without it is found anew.
    pub(super) fn say_as_before(&mut self, kafka: &Kafka) -> Result<(), Stop> {
        let made = match (&self.origin, self.in_place.kept()) {
            (Some(origin), _) => self.strimzi()?.say_as_of(strimzi(origin)?)?,
            (None, Some(kept)) if self.asked.way.is_forth() && went_with_it(kafka) => {
                self.strimzi()?.say_as_kept(kept)?
            }
            (None, _) => None,
        };
        if let Some(place) = made {
            self.say(&format!(
                "{place} is made as it was kept: how the mirror is reached, and what feeds it"
            ));
            *self = Self::open(self.asked.clone())?;
        }
        Ok(())
    }
}

/// Whether what was said of the Kafka may have gone with it, which is gone, or was before this
/// restore made it. Of one that is there it was its user who took it away.
fn went_with_it(kafka: &Kafka) -> bool {
    match kafka {
        Kafka::Gone { .. } => true,
        Kafka::There { note, .. } => note.as_ref().is_some_and(|note| note.is_made),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use slackwater_restore::{Note, Stage};

    use super::*;

    fn there(note: Option<Note>) -> Kafka {
        Kafka::There {
            cluster_id: None,
            is_paused: true,
            says_paused: true,
            is_ready: false,
            note,
        }
    }

    fn noted(is_made: bool) -> Note {
        Note {
            run: "run".parse().unwrap(),
            stage: Stage::Volumes,
            holds_retention: false,
            feeders: Vec::new(),
            is_made,
            on_claims: false,
            shown_on: String::new(),
        }
    }

    #[test]
    fn what_a_user_has_taken_away_from_a_kafka_that_is_there_stays_away() {
        assert!(!went_with_it(&there(None)));
        assert!(!went_with_it(&there(Some(noted(false)))));
        assert!(went_with_it(&there(Some(noted(true)))));
        assert!(went_with_it(&Kafka::Gone { is_kept: true }));
    }
}
