//! Around a backup: the mirror is held while K10 takes its snapshots, and what it has
//! is confirmed, or the run given up.

use std::collections::BTreeSet;

use slackwater_cut::{ClaimName, Cut, SnapshotsBy, State, Strategy, Verdict, Verify, claims};
use slackwater_hold::{Deck as _, LetGo, Step, drain, give_up, release};
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{Clock as _, Outcome};
use slackwater_store::{LeaseState, RunId};

use super::super::Context;
use super::super::again::asked_again;
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

    /// K10 snapshots, in a time that is its own. That a source can't be reached fails no
    /// backup of it: what it is to be restored for may have begun.
    pub(super) fn set_for_others(&self, site: &mut Site) -> Result<(), Stop> {
        let needs_its_sources = strimzi(site)?.needs_its_sources();
        let settings = &mut site.settings;
        settings.snapshots_by = SnapshotsBy::Others;
        settings.allow_unreachable = !needs_its_sources;
        settings.window_ms = settings.window_ms.max(self.window.saturating_mul(1_000));
        Ok(())
    }

    /// Up to the flush; then its guard waits for K10.
    fn quiesce(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let mut site = self.site(context, kafka, &Need::All)?;
        held_still(&site)?;
        self.set_for_others(&mut site)?;
        give_up_what_a_hook_left(&site, |run| {
            // Whoever read it may be gone with his node.
            if !strimzi(&site)?.is_proven_apart(run)? {
                prove_apart(&site, run)?;
            }
            Ok(true)
        })?;
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

    /// K10 has the backup of all mirrors, or none: nothing is read before all are confirmed,
    /// and where one is not, no other is either.
    pub(super) fn after_backup(&self, context: &Context, kafkas: &[KafkaName]) -> Result<(), Stop> {
        let mut confirmed = Vec::new();
        let mut failed = None;
        for kafka in kafkas {
            match self.confirm(context, kafka) {
                Ok(one) => confirmed.push((kafka, one)),
                Err(stop) => {
                    let stop = of(kafka, stop);
                    tracing::error!("{}", stop.cause);
                    failed.get_or_insert(stop);
                }
            }
        }
        let handed_over = match failed {
            Some(stop) => Err(stop),
            None => confirmed
                .iter()
                .try_for_each(|(kafka, one)| one.hand_over(kafka).map_err(|stop| of(kafka, stop))),
        };
        if handed_over.is_err() {
            // Whoever reads one already finds that it is void.
            for (kafka, one) in confirmed.iter().filter(|(_, one)| !one.is_closed) {
                let why = "the backup of its namespace failed";
                if let Err(left) = give_up_earlier(&one.site, &one.id, why) {
                    tracing::error!("{kafka}: {}", left.cause);
                }
            }
        }
        handed_over
    }

    /// What K10 has of this mirror is what was cut while it stood still.
    fn confirm(&self, context: &Context, kafka: &KafkaName) -> Result<Confirmed, Stop> {
        let site = asked_again(|| self.site(context, kafka, &Need::Little))?;
        let by_others = |cut: &Cut| cut.settings.snapshots_by == SnapshotsBy::Others;
        let (id, cut) = asked_again(|| last_run(&site, by_others))?.ok_or_else(|| {
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
            confirmed_again(&site, &id)?;
            return Ok(Confirmed {
                site,
                id,
                is_closed,
                said: None,
            });
        }
        let run = Run::current(&site, Some(&id))?;
        let said = confirmed(&site, &run).map_err(|stop| give_up(&run, stop))?;
        drop(run);
        Ok(Confirmed {
            site,
            id,
            is_closed: false,
            said: Some(said),
        })
    }

    /// Nothing to give up is success.
    pub(super) fn after_failure(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let site = self.site(context, kafka, &Need::Little)?;
        // One that is read at this time is of a backup before: this one failed before it had
        // begun its own. One that is confirmed, and not read, was not handed over.
        give_up_what_a_hook_left(&site, |run| strimzi(&site)?.is_proven_apart(run))?;
        crate::guard::recover_for_sure(&site).map(drop)
    }
}

/// A run whose snapshots are K10's.
struct Confirmed {
    site: Site,
    id: RunId,
    is_closed: bool,
    /// What is said of that, where it is new.
    said: Option<String>,
}

impl Confirmed {
    /// Has them read, and tells K10. From here on the run is K10's backup.
    fn hand_over(&self, kafka: &KafkaName) -> Result<(), Stop> {
        let Self { site, id, .. } = self;
        // Whoever confirmed it before may have ended before he had it read.
        let pod = match self.is_closed {
            true => None,
            false => Some(asked_again(|| prove_apart(site, id))?),
        };
        let by = resumed_by(&asked_again(|| site.cut(id))?);
        match (&self.said, pod) {
            (Some(said), Some(pod)) => site.terminal.say(&format!(
                "{kafka}: {said}; the {by} let the mirror run; {pod} reads the snapshots and closes \
                 the cut"
            )),
            _ => keep_what_was_closed(site),
        }
        tell(kafka, &[("runId", id.as_str()), ("resumedBy", by)])
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
    while !asked_again(all_cut)? {
        if SystemClock.monotonic_ms().saturating_sub(began) > SEES_WITHIN_MS {
            let twice = asked_again(|| twice_snapped(site, run))?;
            return Err(Stop::failed(match twice {
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
    asked_again(|| release(run))?;
    let confirmed = asked_again(|| run.run(PhaseName::SnapshotPartitions, Entry::Confirm))?;
    let cut = asked_again(|| site.cut(run.id()))?;
    let stood = must_have_stood(&cut)?;
    must_run(&cut)?;
    Ok(format!("{}{stood}", confirmed.summary))
}

/// That a mirror is told to run is not enough: where a connector or a task of it fails, K10
/// is to say so, and the cut could not be closed either.
fn must_run(cut: &Cut) -> Result<(), Stop> {
    let resume = cut.resume.as_ref();
    match resume.is_some_and(|one| one.running_ms.is_some()) {
        true => Ok(()),
        false => Err(Stop::failed(
            "the mirror was told to run, and not each of its connectors and their tasks was seen \
             to: see what Connect says of them, and back up again when they run",
        )),
    }
}

/// That the mirror stood still; what is to be shown of that yet.
fn must_have_stood(cut: &Cut) -> Result<&'static str, Stop> {
    let mut claims = claims::judge(cut).into_iter();
    let still = claims.find(|claim| claim.name == ClaimName::Still);
    let still = still.ok_or_else(|| Stop::failed("nothing says whether the mirror stood still"))?;
    // That other leaders have the same ends is read from the snapshots.
    let is_read_yet = cut.settings.verify != Verify::Off && !cut.state.is_final();
    match still.verdict {
        Verdict::Proven => Ok(""),
        Verdict::Unproven if is_read_yet && still.evidence.wants_snapshots_alone(&cut.rows) => {
            Ok("; leaders changed, and the snapshots are to show that nothing else did")
        }
        verdict => Err(Stop::failed(format!(
            "{} is {verdict}: {}",
            still.name, still.reason
        ))),
    }
}

/// The hook is run again, or is another backup's, of a run that was confirmed: what was there
/// for the one may not be for the other, and whoever confirmed it may have ended before he
/// had looked whether the mirror stood still.
pub(super) fn confirmed_again(site: &Site, run: &RunId) -> Result<(), Stop> {
    let again = Run::named(site, run);
    asked_again(|| again.run(PhaseName::SnapshotPartitions, Entry::Confirm))?;
    let cut = asked_again(|| site.cut(run))?;
    must_have_stood(&cut).map(drop).inspect_err(|stop| {
        if !cut.state.is_final()
            && let Err(left) = give_up_earlier(site, run, &stop.cause)
        {
            tracing::error!("{}", left.cause);
        }
    })
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
/// a run that a hook began is given up by the next. `is_k10s`: whether one that is confirmed
/// is a backup of K10's.
fn give_up_what_a_hook_left(
    site: &Site,
    is_k10s: impl FnOnce(&RunId) -> Result<bool, Stop>,
) -> Result<(), Stop> {
    let LeaseState::Held(Some(holder)) = site.ground().leases().look()? else {
        return Ok(());
    };
    let cut = site.cut(&holder.run_id)?;
    let by_others = cut.settings.snapshots_by == SnapshotsBy::Others;
    let confirmed = cut.snapshot.is_some_and(|one| one.confirmed_ms.is_some());
    if !by_others || cut.state.is_final() || (confirmed && is_k10s(&holder.run_id)?) {
        return Ok(());
    }
    let run = Run::current(site, Some(&holder.run_id))?;
    give_up_earlier(site, run.id(), "K10 began anew, or gave up")
}
