//! When K10 has snapshotted the volumes of a pool: they are there, each once. Behind the
//! last pool the run is confirmed, and what was snapped is read.

use slackwater_cut::{SnapshotsBy, State};
use slackwater_hold::{Snapped, give_up, snapped};
use slackwater_kit::Session;
use slackwater_ports::{Clock as _, Failure};
use slackwater_store::RunId;

use super::super::super::Context;
use super::super::super::again::asked_again;
use super::super::super::run::Run;
use super::super::backup::{
    LOOK_MS, SEES_WITHIN_MS, confirmed, confirmed_again, prove_apart, resumed_by,
};
use super::super::{Hook, tell};
use super::last;
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::{KafkaName, Need, Site};

/// A pool's volumes, each with the uid of its snapshot.
type Taken = Vec<(String, String)>;

impl Hook {
    pub(in super::super) fn backup_posthook(&self, context: &Context) -> Result<(), Stop> {
        let (kafka, pool) = self.of_pool()?;
        let site = self.site(context, kafka, &Need::Little)?;
        let found = asked_again(|| last(&site))?.ok_or_else(|| {
            Stop::failed("no run was begun by a pool's hook: what K10 has is of a running mirror")
        })?;
        let (id, cut) = (&found.run, &found.cut);
        if let State::Void { reason, .. } = &cut.state {
            return Err(Stop::failed(format!(
                "run {id} is void: {reason}; what K10 has may be of a running mirror"
            )));
        }
        let has_joined = found
            .hooks_of(pool)
            .is_some_and(|one| one.joined_ms.is_some());
        if !has_joined {
            return Err(Stop::failed(format!(
                "backupPrehook of pool {pool} was not of run {id}, which the hook of pool {} began: \
                 what K10 has of it may be of a running mirror",
                found.bound.begun_by
            )));
        }
        let is_closed = matches!(cut.state, State::Closed { .. });
        let was_confirmed = cut
            .snapshot
            .as_ref()
            .is_some_and(|one| one.confirmed_ms.is_some());
        if was_confirmed || is_closed {
            confirmed_again(&site, id)?;
            if !is_closed {
                // Whoever confirmed it may have ended before he had it read.
                prove_apart(&site, id)?;
            }
            let taken = taken(&site, id, pool)?;
            return tell_taken(&site, kafka, id, pool, &taken);
        }
        let run = Run::current(&site, Some(id))?;
        let done = self.leave(&site, &run, pool);
        let taken = done.map_err(|stop| give_up(&run, stop))?;
        tell_taken(&site, kafka, id, pool, &taken)
    }

    /// Notes that this pool is done, and behind the last one confirms the run.
    fn leave(&self, site: &Site, run: &Run<'_>, pool: &str) -> Result<Taken, Stop> {
        let taken = taken(site, run.id(), pool)?;
        let missing = asked_again(|| note_left(site, run.id(), pool))?;
        let count = taken.len();
        let said = match missing.as_slice() {
            [] => {
                let done = confirmed(site, run)?;
                let pod = asked_again(|| prove_apart(site, run.id()))?;
                let by = resumed_by(&asked_again(|| site.cut(run.id()))?);
                format!(
                    "{done}; the {by} let the mirror run; {pod} reads the snapshots and closes the cut"
                )
            }
            missing => format!(
                "{count} volumes of pool {pool} are snapped; the run is confirmed behind the pools \
                 {}",
                missing.join(", ")
            ),
        };
        site.terminal.say(&format!("{}: {said}", site.name));
        Ok(taken)
    }
}

/// Those of this pool, each the only one of its volume since the seal. K10 has waited for
/// them; what the storage calls them may be written a moment later.
fn taken(site: &Site, run: &RunId, pool: &str) -> Result<Taken, Stop> {
    let cut = asked_again(|| site.cut(run))?;
    let hooks = cut.bound.as_ref().and_then(|one| one.pool(pool));
    let volumes = hooks.map_or(&[][..], |one| &one.volumes);
    let snapshot = cut.snapshot.as_ref();
    let before = snapshot.and_then(|one| one.found_before.as_deref());
    let others = asked_again(|| site.ground().volume_snapshot(run, false))?;
    debug_assert_eq!(cut.settings.snapshots_by, SnapshotsBy::Others);
    let until = SystemClock.monotonic_ms().saturating_add(SEES_WITHIN_MS);
    loop {
        let is_late = SystemClock.monotonic_ms() >= until;
        match others.others() {
            Ok(found) => match snapped(volumes, before.unwrap_or_default(), &found) {
                Snapped::All(taken) if !taken.is_empty() => return Ok(taken),
                Snapped::All(_) => {
                    return Err(Stop::failed(format!(
                        "run {run} knows no volume of pool {pool}"
                    )));
                }
                Snapped::Several(volume) => {
                    return Err(Stop::failed(format!(
                        "there are several snapshots of volume {volume} since the seal: which of \
                         them is backed up can't be told"
                    )));
                }
                Snapped::Missing(missing) if is_late => {
                    return Err(Stop::failed(format!(
                        "K10 is done with pool {pool}, and there is no VolumeSnapshot since the seal \
                         that is cut of {}: where it snapshots by a storage's own interface, nothing \
                         shows when",
                        missing.join(", ")
                    )));
                }
                Snapped::Missing(_) => {}
            },
            Err(error) if is_late => return Err(Failure::from(error).into()),
            Err(_) => {}
        }
        SystemClock.sleep_ms(LOOK_MS);
    }
}

/// The pools that are not done yet: whoever finds none is behind the last.
fn note_left(site: &Site, run: &RunId, pool: &str) -> Result<Vec<String>, Stop> {
    let document = site.runs().document(run);
    let mut session = Session::load(&document)?;
    let at_ms = SystemClock.now_ms();
    session.update(&document, |cut| {
        let pools = cut.bound.as_mut();
        if let Some(hooks) = pools.and_then(|one| one.pool_mut(pool)) {
            hooks.left_ms.get_or_insert(at_ms);
        }
    })?;
    let bound = session.cut().bound.as_ref();
    let missing = bound.map(|one| one.missing()).unwrap_or_default();
    Ok(missing.into_iter().map(str::to_owned).collect())
}

fn tell_taken(
    site: &Site,
    kafka: &KafkaName,
    run: &RunId,
    pool: &str,
    taken: &Taken,
) -> Result<(), Stop> {
    let digest = site.cut(run)?.sealed_digest().map_err(Stop::failed)?;
    let each = taken.iter().map(|(volume, uid)| format!("{volume}={uid}"));
    let snapshots: Vec<String> = each.collect();
    tell(
        kafka,
        &[
            ("runId", run.as_str()),
            ("sealed", &digest.unwrap_or_default()),
            ("pool", pool),
            ("snapshots", &snapshots.join(",")),
        ],
    )
}
