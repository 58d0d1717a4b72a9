//! Around a backup: the mirror is held while K10 takes its snapshots, and what it has
//! is confirmed, or the run given up.

use std::collections::BTreeSet;

use slackwater_cut::{ClaimName, Cut, Movement, SnapshotsBy, State, Strategy, Verdict, claims};
use slackwater_hold::{Deck as _, LetGo, Step, drain, give_up, release};
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{Clock as _, Outcome};
use slackwater_store::{LeaseState, RunId};

use super::super::Context;
use super::super::run::{Run, keep_what_was_closed};
use super::bound::{give_up_earlier, since_the_seal};
use super::{Hook, last_run, of, strimzi, tell};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::{KafkaName, Need, Site};

/// The guard looks at others' snapshots once a second: when K10 is done it may not
/// have seen the last one yet.
pub(super) const SEES_WITHIN_MS: u64 = 15_000;

/// Between two looks for that.
pub(super) const LOOK_MS: u64 = 500;

impl Hook {
    pub(super) fn before_backup(
        &self,
        context: &Context,
        kafkas: &[KafkaName],
    ) -> Result<(), Stop> {
        for (at, kafka) in kafkas.iter().enumerate() {
            if let Err(stop) = self.quiesce(context, kafka) {
                // Theirs would be a backup without this one's.
                for begun in &kafkas[..at] {
                    if let Err(why) = self.after_failure(context, begun) {
                        tracing::error!("{begun} is held until its deadline: {}", why.cause);
                    }
                }
                return Err(of(kafka, stop));
            }
        }
        Ok(())
    }

    /// Up to the flush; then its guard waits for K10.
    fn quiesce(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let mut site = self.site(context, kafka, &Need::All)?;
        held_still(&site)?;
        site.settings.snapshots_by = SnapshotsBy::Others;
        site.settings.window_ms = site
            .settings
            .window_ms
            .max(self.window.saturating_mul(1_000));
        give_up_what_a_hook_left(&site)?;
        strimzi(&site)?.may_note_seal()?;
        // Whoever ends it before its guard watches for K10 ends the run.
        let run = Run::begin(&site, true)?;
        let done = sealed(&run)
            .and_then(|sealed| strimzi(&site)?.note_seal(run.id()).map(|()| sealed))
            .and_then(|sealed| run.await_others().map(|()| sealed));
        let sealed = done.map_err(|stop| give_up(&run, stop))?;
        site.terminal.say(&format!("{kafka}: {}", sealed.summary));
        tell(kafka, &[("runId", run.id().as_str())])
    }

    pub(super) fn after_backup(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let site = self.site(context, kafka, &Need::Little)?;
        let by_others = |cut: &Cut| cut.settings.snapshots_by == SnapshotsBy::Others;
        let (id, cut) = last_run(&site, by_others)?.ok_or_else(|| {
            Stop::failed("no run was begun by beforeBackup: what K10 has is of a running mirror")
        })?;
        if let State::Void { reason, .. } = &cut.state {
            return Err(Stop::failed(format!(
                "run {id} is void: {reason}; what K10 has may be of a running mirror"
            )));
        }
        let is_closed = matches!(cut.state, State::Closed { .. });
        let was_confirmed = cut.snapshot.is_some_and(|one| one.confirmed_ms.is_some());
        if was_confirmed || is_closed {
            // The hook is run again, or is another backup's: what was there for the one
            // may not be for the other.
            Run::named(&site, &id).run(PhaseName::SnapshotPartitions, Entry::Confirm)?;
            if !is_closed {
                // Whoever confirmed it may have ended before he had it read.
                prove_apart(&site, &id)?;
            }
            keep_what_was_closed(&site);
            let by = resumed_by(&site.cut(&id)?);
            return tell(kafka, &[("runId", id.as_str()), ("resumedBy", by)]);
        }
        let run = Run::current(&site, Some(&id))?;
        let done = confirmed(&site, &run).and_then(|done| Ok((done, prove_apart(&site, &id)?)));
        let (done, pod) = done.map_err(|stop| give_up(&run, stop))?;
        let by = resumed_by(&site.cut(&id)?);
        site.terminal.say(&format!(
            "{kafka}: {done}; the {by} let the mirror run; {pod} reads the snapshots and closes the cut"
        ));
        tell(kafka, &[("runId", id.as_str()), ("resumedBy", by)])
    }

    /// Nothing to give up is success.
    pub(super) fn after_failure(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let site = self.site(context, kafka, &Need::Little)?;
        give_up_what_a_hook_left(&site)?;
        crate::guard::recover(&site).map(drop)
    }
}

/// Stopped, drained, sealed and flushed.
pub(super) fn sealed(run: &Run<'_>) -> Result<Outcome, Stop> {
    run.phase(Step::Quiesce)?;
    run.tell(Step::Quiesce);
    drain(run)?;
    run.tell(Step::Drain);
    run.run(PhaseName::SnapshotPartitions, Entry::Seal)
}

/// Has the snapshots read and the cut closed by a pod of its own: its name.
pub(super) fn prove_apart(site: &Site, run: &RunId) -> Result<String, Stop> {
    Ok(strimzi(site)?.prove_apart(run)?.to_string())
}

/// What K10 has is what was cut while the mirror stood still, and the mirror runs.
pub(super) fn confirmed(site: &Site, run: &Run<'_>) -> Result<String, Stop> {
    let began = SystemClock.monotonic_ms();
    let all_cut = || -> Result<bool, Stop> {
        let snapshot = site.cut(run.id())?.snapshot;
        Ok(snapshot.is_some_and(|one| one.ended_ms.is_some()))
    };
    while !all_cut()? {
        if SystemClock.monotonic_ms().saturating_sub(began) > SEES_WITHIN_MS {
            return Err(Stop::failed(match twice_snapped(site, run)? {
                Some(volume) => format!(
                    "there are two snapshots of volume {volume} since the seal: which of them is \
                     backed up can't be told"
                ),
                None => "K10 is done, and not every volume of the mirror has a VolumeSnapshot: \
                         where it snapshots by a storage's own interface, nothing shows when"
                    .to_owned(),
            }));
        }
        SystemClock.sleep_ms(LOOK_MS);
    }
    release(run)?;
    let confirmed = run.run(PhaseName::SnapshotPartitions, Entry::Confirm)?;
    let cut = site.cut(run.id())?;
    let still = claims::judge(&cut)
        .into_iter()
        .find(|claim| claim.name == ClaimName::Still);
    // That other leaders have the same ends is read from the snapshots.
    let only_leaders = cut.bracket.as_ref().is_some_and(|bracket| {
        let mut moved = bracket.moved.iter();
        !bracket.moved.is_empty()
            && moved.all(|one| matches!(one.change, Movement::LeaderEpoch { .. }))
    });
    match still {
        Some(claim) if claim.verdict == Verdict::Proven => Ok(confirmed.summary),
        Some(claim) if claim.verdict == Verdict::Unproven && only_leaders => Ok(format!(
            "{}; leaders changed, and the snapshots are to show that nothing else did",
            confirmed.summary
        )),
        Some(claim) => Err(Stop::failed(format!(
            "{} is {}: {}",
            claim.name, claim.verdict, claim.reason
        ))),
        None => Err(Stop::failed("nothing says whether the mirror stood still")),
    }
}

/// Others snapshot for minutes, one volume after the other: they need a mirror that
/// stands still.
pub(super) fn held_still(site: &Site) -> Result<(), Stop> {
    match site.settings.strategy {
        Strategy::Hot => Err(Stop::bad_input(
            "strategy hot is not there under K10: it would have volumes that no one point is in; \
             leave `strategy` out for this mirror",
        )),
        Strategy::Quiesced | Strategy::Cold => Ok(()),
    }
}

/// A volume with more than one since the seal.
fn twice_snapped(site: &Site, run: &Run<'_>) -> Result<Option<String>, Stop> {
    let mut volumes = BTreeSet::new();
    let found = since_the_seal(site, run.id(), &site.cut(run.id())?)?;
    let mut volumes_of = found.into_iter().map(|one| one.seen.volume);
    Ok(volumes_of.find(|volume| !volumes.insert(volume.clone())))
}

/// Who let the mirror run, as the hook says it.
pub(super) fn resumed_by(cut: &Cut) -> &'static str {
    match cut
        .lease
        .iter()
        .any(|one| one.event == LetGo::EveryVolumeSnapped.event())
    {
        true => "guard",
        false => "hook",
    }
}

/// K10 runs a hook again that failed, and a cancelled action runs none of the others:
/// a run that a hook began is given up by the next.
fn give_up_what_a_hook_left(site: &Site) -> Result<(), Stop> {
    let LeaseState::Held(Some(holder)) = site.ground().leases().look()? else {
        return Ok(());
    };
    let cut = site.cut(&holder.run_id)?;
    let by_others = cut.settings.snapshots_by == SnapshotsBy::Others;
    // What is confirmed is K10's backup, and read at this time.
    let confirmed = cut.snapshot.is_some_and(|one| one.confirmed_ms.is_some());
    if !by_others || confirmed || cut.state.is_final() {
        return Ok(());
    }
    let run = Run::current(site, Some(&holder.run_id))?;
    give_up_earlier(site, run.id(), "K10 began anew, or gave up")
}
