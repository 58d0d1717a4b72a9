//! `slackwater resume`: by hand.

use clap::Args;
use slackwater_ports::Outcome;
use slackwater_store::{LeaseState, RunId};

use super::{ConfigArg, Context, RecordArg, read_cut};
use crate::exit::Stop;
use crate::guard::{GuardClient, Recovered, recover, recover_for_sure};
use crate::restore::{SIGNS, start_in_order};
use crate::site::{Site, Strimzi};

const NOTHING: &str = "nobody holds the mirror: nothing to resume";

/// Let the mirror run again.
///
/// Ends a hold, puts right what a dead guard left, or starts a restored mirror for
/// the first time.
#[derive(Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    config: ConfigArg,
    /// The cut (a run, or a file) that a restored mirror is to go on from.
    #[arg(long)]
    cut: Option<String>,
    /// Let MirrorMaker skip what the source has deleted.
    #[arg(long)]
    accept_loss: bool,
    /// With --cut: how long the mirror may take to catch up before its checkpoint connectors
    /// start, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1_800)]
    catch_up: u64,
    /// Only put right what a dead guard left; a hold that is alive is left
    /// alone, and so is what a restore keeps stopped.
    #[arg(long)]
    if_expired: bool,
    #[command(flatten)]
    record: RecordArg,
}

impl Resume {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut site = context.site_of_what_there_is(&self.config)?;
        self.record.apply(&mut site)?;
        if self.if_expired
            && self.cut.is_none()
            && let Some(why) = is_a_restores(&site)?
        {
            return context.print(&serde_json::json!({"summary": why}), |_| why.clone());
        }
        let summary = match (&self.cut, site.ground().leases().look()?) {
            (Some(cut), LeaseState::Free) => self.restored(&site, cut)?.summary,
            (Some(_), _) => {
                return Err(Stop::held(
                    "the mirror is held: resume it without --cut first",
                ));
            }
            (None, LeaseState::Free) => {
                let done = let_go_of_what_is_left(&site)?;
                // A name that is not that of a mirror protects none.
                if let (NOTHING, Some(strimzi)) = (done.as_str(), site.strimzi()) {
                    strimzi.must_be_known()?;
                }
                done
            }
            (None, LeaseState::Held(_)) if self.if_expired => "the hold is alive".to_owned(),
            (None, LeaseState::Held(Some(_))) => match recover_for_sure(&site)? {
                Recovered::Held(Some(holder)) => Self::end_hold(&site, holder.run_id)?,
                Recovered::PutRight { left, summary } => format!("run {}: {summary}", left.run_id),
                _ => "it was resumed meanwhile".to_owned(),
            },
            (None, LeaseState::Held(None)) => {
                return Err(Stop::held("somebody is just taking the mirror: try again"));
            }
            (None, LeaseState::Expired(_)) => match recover(&site)? {
                Recovered::PutRight { left, summary } => format!("run {}: {summary}", left.run_id),
                _ => "somebody else put it right".to_owned(),
            },
        };
        context.print(&serde_json::json!({"summary": summary}), |_| {
            summary.clone()
        })
    }

    fn end_hold(site: &Site, run: RunId) -> Result<String, Stop> {
        let released = GuardClient::of(site, &run)
            .abandon("resumed by hand")
            .map_err(|error| Stop::failed(error.message))?;
        released.resume.map_err(Stop::failed)
    }

    /// The first start of a restored mirror.
    fn restored(&self, site: &Site, cut: &str) -> Result<Outcome, Stop> {
        let cut = read_cut(Some(site), cut)?;
        let catch_up_ms = self.catch_up.saturating_mul(1_000);
        start_in_order(site, &cut, self.accept_loss, catch_up_ms)
    }
}

/// What a restore under way has noted; nothing where the Kafka can't be read. What is held is
/// let go all the same then: it stands still for whoever reads it.
pub(super) fn restore_noted(site: &Site) -> Option<String> {
    let noted = site.strimzi().map(Strimzi::restore_note);
    noted.unwrap_or(Ok(None)).unwrap_or_else(|stop| {
        tracing::warn!("whether a restore is under way is not known: {stop}");
        None
    })
}

/// For whoever only puts right what a dead guard left: that a restore is under way, or was
/// left behind. What it keeps stopped, and when that may start, it alone knows: also where
/// nothing but checkpoints wait, which are behind on purpose.
///
/// # Errors
/// Nobody holds the mirror, and whether a restore does is not known: what is stopped may be
/// its own. No answer.
pub(super) fn is_a_restores(site: &Site) -> Result<Option<String>, Stop> {
    let lease = site.ground().leases().look()?;
    let noted = match (&lease, site.strimzi()) {
        (LeaseState::Free, Some(strimzi)) => strimzi.restore_note()?,
        _ => restore_noted(site),
    };
    Ok(restore_of(noted, &lease))
}

/// By what is noted on the Kafka, which may be gone, and by who has signed the Lease.
fn restore_of(noted: Option<String>, lease: &LeaseState) -> Option<String> {
    let signed = match lease {
        LeaseState::Held(Some(holder)) | LeaseState::Expired(holder) => {
            (holder.note == SIGNS).then(|| holder.to_string())
        }
        LeaseState::Held(None) | LeaseState::Free => None,
    };
    let what = noted.or(signed)?;
    Some(format!(
        "a restore of this mirror is under way ({what}): nothing is started"
    ))
}

/// Nobody holds the mirror. What a restore keeps stopped it starts itself, when it may:
/// the source may have deleted what it needs.
pub(super) fn let_go_of_what_is_left(site: &Site) -> Result<String, Stop> {
    let noted = restore_noted(site);
    let waits = site.strimzi().is_some_and(Strimzi::only_checkpoints_wait);
    if let (Some(note), false) = (noted, waits) {
        return Err(Stop::held(format!(
            "a restore of this mirror is under way ({note}): tell it again, or go back with \
             `restore --undo`"
        )));
    }
    Ok(match site.ground().let_go()? {
        true => "nobody held the mirror, and what was noted as held was put back",
        false => NOTHING,
    }
    .to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use slackwater_store::Holder;

    use super::*;

    fn holder(note: &str) -> Holder {
        Holder {
            run_id: "restore-run".parse().unwrap(),
            pid: 1,
            token: "token".to_owned(),
            deadline_ms: None,
            note: note.to_owned(),
        }
    }

    #[test]
    fn a_restore_is_known_by_its_note_and_where_the_kafka_is_gone_by_who_signed_the_lease() {
        let guard = LeaseState::Expired(holder("pod slackwater-guard"));
        for lease in [LeaseState::Free, LeaseState::Held(None), guard] {
            assert_eq!(restore_of(None, &lease), None);
            let said = restore_of(Some("the note".to_owned()), &lease).unwrap();
            assert!(said.contains("(the note): nothing is started"), "{said}");
        }
        for lease in [
            LeaseState::Expired(holder(SIGNS)),
            LeaseState::Held(Some(holder(SIGNS))),
        ] {
            let said = restore_of(None, &lease).unwrap();
            assert!(said.contains("restore-run"), "{said}");
        }
    }
}
