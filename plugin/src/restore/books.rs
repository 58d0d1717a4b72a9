//! Where the cut of a restore is read, and what is kept beside it; and where what it has
//! shown is written. A clone reads the original's, and writes beside itself.

use slackwater_kubernetes::Kept;
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
        // Others may have brought all of it.
        None if asked.way.is_on_claims() => Ok(None),
        None => Err(Stop::bad_input(format!(
            "nothing is kept beside the cut of run {run} of which its Kafka could be made in another \
             namespace, or not where this program looks (in a pod of its own namespace, or with \
             SLACKWATER_NAMESPACE): `slackwater verify` keeps it, where the mirror is as it was"
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
    pub(super) fn say_as_before(&mut self) -> Result<(), Stop> {
        let made = match (&self.origin, self.in_place.kept()) {
            (Some(origin), _) => self.strimzi()?.say_as_of(strimzi(origin)?)?,
            (None, Some(kept)) if self.asked.way.is_forth() => self.strimzi()?.say_as_kept(kept)?,
            (None, _) => false,
        };
        if made {
            *self = Self::open(self.asked.clone())?;
        }
        Ok(())
    }
}
