//! `slackwater resume`: by hand.

use clap::Args;
use slackwater_ports::Outcome;
use slackwater_store::{LeaseState, RunId};

use super::{ConfigArg, Context, RecordArg, read_cut};
use crate::exit::Stop;
use crate::guard::{GuardClient, Recovered, recover, recover_for_sure};
use crate::restore::start_in_order;
use crate::site::{Site, Strimzi};

/// Let the mirror run again: ends a hold, puts right what a dead guard left,
/// or starts a restored mirror for the first time.
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
    /// alone.
    #[arg(long)]
    if_expired: bool,
    #[command(flatten)]
    record: RecordArg,
}

impl Resume {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut site = context.site_of_what_there_is(&self.config)?;
        self.record.apply(&mut site)?;
        let summary = match (&self.cut, site.ground().leases().look()?) {
            (Some(cut), LeaseState::Free) => self.restored(&site, cut)?.summary,
            (Some(_), _) => {
                return Err(Stop::held(
                    "the mirror is held: resume it without --cut first",
                ));
            }
            (None, LeaseState::Free) => let_go_of_what_is_left(&site)?,
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
        false => "nobody holds the mirror: nothing to resume",
    }
    .to_owned())
}
