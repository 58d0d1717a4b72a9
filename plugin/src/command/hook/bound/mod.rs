//! Hooks that K10 runs around the volumes of one node pool: a run is for the whole Kafka,
//! begun by whichever pool comes first. Here: what each of them goes by.
//!
//! K10 may run them one pool after the other, or several at once, and says nothing of
//! the whole: there is no hook before the first, behind the last, or where one fails.

mod after;
mod before;
mod restore;

use slackwater_cut::{Bound, Cut, PoolHooks, State};
use slackwater_hold::{Earlier, GivenUp, Progress, undo};
use slackwater_ports::{Clock as _, OtherSnapshot};
use slackwater_store::{LeaseState, RunId};

use super::super::run::Run;
use super::{Hook, last_run};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::restore::SIGNS;
use crate::site::{KafkaName, Site};

/// Between the end of one pool's hooks and the begin of the next one's lies what K10
/// needs to start a pod, seconds. A run that was given up within this time, between two
/// pools, is taken for one of the same backup by a pool that was not in it. (Of the next
/// backup it fails the first hook then, if that is another pool's than before.)
const LATELY_MS: u64 = 300_000;

/// Begins the reason of a run that was given up for the next backup.
const BEGAN_ANEW: &str = "a new backup has begun";

/// The last run that was begun by a pool's hook.
struct Last {
    run: RunId,
    cut: Cut,
    bound: Bound,
    /// Whether the Lease is its guard's.
    is_held: bool,
    /// Whether its guard is gone, and what it holds has to be put right.
    is_left: bool,
}

impl Hook {
    /// The Kafka and the pool that it is told.
    fn of_pool(&self) -> Result<(&KafkaName, &str), Stop> {
        match (&self.kafka, &self.pool) {
            (Some(kafka), Some(pool)) => Ok((kafka, pool)),
            _ => Err(Stop::bad_input(
                "a hook of a node pool is told which: say --kafka NAMESPACE/NAME --pool POOL",
            )),
        }
    }
}

/// Whoever holds the mirror comes before any that is over.
fn last(site: &Site) -> Result<Option<Last>, Stop> {
    let state = site.ground().leases().look()?;
    if let LeaseState::Held(Some(holder)) = &state {
        let record = site.runs().load(&holder.run_id).ok();
        let cut = record.and_then(|record| Cut::parse(&record.document).ok());
        return match cut.and_then(|cut| Some((cut.bound.clone()?, cut))) {
            Some((bound, cut)) => Ok(Some(Last {
                run: holder.run_id.clone(),
                cut,
                bound,
                is_held: true,
                is_left: false,
            })),
            None if holder.note == SIGNS => Err(Stop::held(format!(
                "a restore of the mirror is under way: {holder}"
            ))),
            None => Err(Stop::held(format!(
                "the mirror is held by {holder}, and that is no run of a pool's hook: where it is a \
                 policy's, have either hooks in policies or a binding, and not both"
            ))),
        };
    }
    let found = last_run(site, |cut| cut.bound.is_some())?;
    let is_held = matches!(state, LeaseState::Held(_));
    Ok(found.and_then(|(run, cut)| {
        Some(Last {
            is_left: matches!(&state, LeaseState::Expired(left) if left.run_id == run),
            bound: cut.bound.clone()?,
            run,
            cut,
            is_held,
        })
    }))
}

impl Last {
    fn progress(&self) -> Progress {
        let snapshot = self.cut.snapshot.as_ref();
        match &self.cut.state {
            State::Void { at_ms, reason } => {
                let since = SystemClock.now_ms().saturating_sub(*at_ms);
                Progress::Void {
                    lately: since < LATELY_MS && !reason.starts_with(BEGAN_ANEW),
                }
            }
            State::Closed { .. } => Progress::Confirmed,
            _ if snapshot.is_some_and(|one| one.confirmed_ms.is_some()) => Progress::Confirmed,
            _ if self.cut.resume.is_some() => Progress::Resumed,
            _ if snapshot.is_some_and(|one| one.found_before.is_some()) => Progress::Sealed,
            _ => Progress::Begun,
        }
    }

    /// As a hook before the snapshots of this pool finds it.
    fn seen_by(&self, site: &Site, pool: &str, awaited: Option<&RunId>) -> Result<Earlier, Stop> {
        let progress = self.progress();
        let (mut own, mut others) = (false, false);
        if progress == Progress::Sealed {
            let mine = self.bound.pool(pool).map_or(&[][..], |one| &one.volumes);
            for one in since_the_seal(site, &self.run, &self.cut)? {
                match mine.contains(&one.seen.volume) {
                    true => own = true,
                    false => others = true,
                }
            }
        }
        let of = self.bound.pool(pool);
        let has_joined = of.is_some_and(|one| one.joined_ms.is_some());
        let joined = self
            .bound
            .pools
            .iter()
            .filter(|one| one.joined_ms.is_some());
        let joined: Vec<&PoolHooks> = joined.collect();
        Ok(Earlier {
            progress,
            is_held: self.is_held,
            is_young: !self.is_left && site.ground().is_beginning(&self.run),
            is_own: self.bound.begun_by == pool && !has_joined,
            has_joined,
            is_between_pools: !joined.is_empty() && joined.iter().all(|one| one.left_ms.is_some()),
            is_snapped: own,
            others_snapped: others,
            was_awaited: awaited == Some(&self.run) && !self.began_anew(),
        })
    }

    fn began_anew(&self) -> bool {
        matches!(&self.cut.state, State::Void { reason, .. } if reason.starts_with(BEGAN_ANEW))
    }

    /// This pool in it.
    fn hooks_of(&self, pool: &str) -> Option<&PoolHooks> {
        self.bound.pool(pool)
    }
}

/// Snapshots of the mirror's volumes that were not there when the flush was over.
pub(super) fn since_the_seal(
    site: &Site,
    run: &RunId,
    cut: &Cut,
) -> Result<Vec<OtherSnapshot>, Stop> {
    let found = site.ground().volume_snapshot(run, false)?.others();
    let mut found = found.map_err(|error| Stop::failed(error.message))?;
    let snapshot = cut.snapshot.as_ref();
    let before = snapshot.and_then(|one| one.found_before.as_deref());
    found.retain(|one| !before.unwrap_or_default().contains(&one.identity.uid));
    Ok(found)
}

/// The mirror runs then, whoever held it by this run.
pub(super) fn give_up_earlier(site: &Site, run: &RunId, why: &str) -> Result<(), Stop> {
    match undo(&Run::named(site, run), why) {
        GivenUp::NotResumed(not) => Err(Stop::failed(format!(
            "{why}; and the mirror is not resumed: {not}"
        ))),
        GivenUp::Undone | GivenUp::PutRight | GivenUp::Overtaken(_) => Ok(()),
    }
}
