//! Before K10 snapshots the volumes of a pool: the mirror stands still and is flushed, by
//! this pool's hook or by another's.

use slackwater_cut::{Bound, Cut, PoolHooks, State};
use slackwater_hold::{Enter, Progress, enter, give_up, is_first};
use slackwater_kit::Session;
use slackwater_ports::{Clock as _, RunStore};
use slackwater_store::RunId;

use super::super::super::Context;
use super::super::super::run::Run;
use super::super::backup::{LOOK_MS, held_still, sealed};
use super::super::{Hook, strimzi, tell};
use super::{BEGAN_ANEW, Last, give_up_earlier, last};
use crate::adapters::SystemClock;
use crate::exit::{Exit, Stop};
use crate::site::{KafkaName, Need, Site};

/// How long a hook waits for the seal of a run that another pool's hook has begun. Brokers
/// that are rolled are waited for, the stop and the drain take a minute or two; K10 ends a
/// hook after 20 minutes, and the pod's own deadline (18) must not come first.
const SEALED_WITHIN_MS: u64 = 900_000;

/// So often a guard is asked whether it holds: one that has much to do may be late.
const LOOKS: u32 = 3;

/// Other runs that may have been begun at the same time are among the last.
const LAST_RUNS: usize = 10;

impl Hook {
    pub(in super::super) fn backup_prehook(&self, context: &Context) -> Result<(), Stop> {
        let (kafka, pool) = self.of_pool()?;
        let site = self.site(context, kafka, &Need::Little)?;
        let until = SystemClock.monotonic_ms().saturating_add(SEALED_WITHIN_MS);
        let mut awaited: Option<RunId> = None;
        while SystemClock.monotonic_ms() < until {
            let found = last(&site)?;
            let earlier = found.as_ref();
            let earlier = earlier.map(|one| one.seen_by(&site, pool, awaited.as_ref()));
            let done = match (enter(earlier.transpose()?), found) {
                (Enter::Begin, _) | (_, None) => self.begin(context, &site, kafka, pool)?,
                (Enter::Anew, Some(left)) => {
                    let run = &left.run;
                    site.terminal.say(&format!(
                        "run {run} is of an earlier backup, which did not come to its end"
                    ));
                    let why = format!("{BEGAN_ANEW}, and this one was not confirmed");
                    give_up_earlier(&site, run, &why)?;
                    self.begin(context, &site, kafka, pool)?
                }
                (Enter::Join, Some(left)) => match join(&site, &left.run, pool)? {
                    true => Some(left.run),
                    false => None,
                },
                (Enter::Wait, Some(left)) => {
                    if awaited.as_ref() != Some(&left.run) {
                        site.terminal.say(&format!(
                            "waits for run {}, which the hook of pool {} has begun",
                            left.run, left.bound.begun_by
                        ));
                    }
                    awaited = Some(left.run);
                    None
                }
                (Enter::Fail, Some(left)) => return Err(failed(&left)),
            };
            if let Some(run) = done {
                return tell_sealed(&site, kafka, &run);
            }
            SystemClock.sleep_ms(LOOK_MS);
        }
        Err(Stop::failed(format!(
            "{kafka} was not sealed by another pool's hook within {} s: see `slackwater status`",
            SEALED_WITHIN_MS / 1_000
        )))
    }

    /// Begins a run; `None` where another pool's hook was first, however that shows: what
    /// it has stopped can't be found as it has to be to begin.
    fn begin(
        &self,
        context: &Context,
        site: &Site,
        kafka: &KafkaName,
        pool: &str,
    ) -> Result<Option<RunId>, Stop> {
        match self.sealed_by_this(context, kafka, pool) {
            Err(stop) if another_has_begun(site).unwrap_or(false) => {
                tracing::info!("{stop}");
                Ok(None)
            }
            done => done,
        }
    }

    /// Up to the flush; then its guard waits for K10. `None` where another one was first.
    fn sealed_by_this(
        &self,
        context: &Context,
        kafka: &KafkaName,
        pool: &str,
    ) -> Result<Option<RunId>, Stop> {
        let mut site = self.site(context, kafka, &Need::All)?;
        held_still(&site)?;
        self.set_for_others(&mut site)?;
        let bound = of_all_pools(&site, pool)?;
        // Whoever ends it before its guard watches for K10 ends the run.
        let run = Run::begin_with(&site, true, |cut| cut.bound = Some(bound))?;
        let id = run.id();
        let others = begun_meanwhile(&site, id)?;
        if !is_first(id.as_str(), others.iter().map(RunId::as_str)) {
            strimzi(&site)?.forget(id)?;
            return Ok(None);
        }
        let done = sealed(&run)
            .and_then(|sealed| run.await_others().map(|()| sealed))
            .and_then(|sealed| match join(&site, id, pool)? {
                true => Ok(sealed),
                false => Err(Stop::failed(format!("the guard of run {id} is gone"))),
            });
        match done {
            Ok(sealed) => {
                site.terminal.say(&format!("{kafka}: {}", sealed.summary));
                Ok(Some(id.clone()))
            }
            Err(stop) => {
                let stop = give_up(&run, stop);
                let quiesce = site.cut(id)?.quiesce;
                if stop.exit == Exit::Held
                    && quiesce.is_none_or(|one| one.stop_started_ms.is_none())
                {
                    // By the Lease: it has touched nothing.
                    strimzi(&site)?.forget(id)?;
                }
                Err(stop)
            }
        }
    }
}

/// All that have volumes, and this one among them.
fn of_all_pools(site: &Site, pool: &str) -> Result<Bound, Stop> {
    let pools = strimzi(site)?.pools();
    if !pools.contains_key(pool) {
        return Err(Stop::bad_input(format!(
            "KafkaNodePool {pool} of {} has no volumes: take the label away from it by which it is \
             bound",
            site.name
        )));
    }
    let each = pools.into_iter().map(|(pool, volumes)| PoolHooks {
        pool,
        volumes,
        joined_ms: None,
        left_ms: None,
    });
    Ok(Bound {
        begun_by: pool.to_owned(),
        pools: each.collect(),
    })
}

/// Runs of pools' hooks that may be about to stop something, but for this one.
fn begun_meanwhile(site: &Site, mine: &RunId) -> Result<Vec<RunId>, Stop> {
    let mut others = Vec::new();
    for listed in site
        .runs()
        .last_of(&site.name, LAST_RUNS)
        .map_err(Stop::failed)?
    {
        let cut = listed.record.ok();
        let cut = cut.and_then(|record| Cut::parse(&record.document).ok());
        let is_one = cut.is_some_and(|cut| {
            cut.mirror == site.name && cut.bound.is_some() && cut.state == State::Open
        });
        if is_one && listed.run != *mine && site.ground().is_beginning(&listed.run) {
            others.push(listed.run);
        }
    }
    Ok(others)
}

/// Whether it is another pool's hook that holds the mirror, or is about to, and its run
/// may be joined.
fn another_has_begun(site: &Site) -> Result<bool, Stop> {
    let found = last(site)?;
    Ok(found.is_some_and(|one| match one.progress() {
        Progress::Sealed => one.is_held,
        Progress::Begun => one.is_held || !one.is_left && site.ground().is_beginning(&one.run),
        Progress::Resumed | Progress::Confirmed | Progress::Void { .. } => false,
    }))
}

/// Notes that this pool is of the run, and looks whether the mirror is held by it still:
/// what is snapped from now on is of one that stands still.
fn join(site: &Site, run: &RunId, pool: &str) -> Result<bool, Stop> {
    let document = site.runs().document(run);
    if !note_joined(&document, pool)? {
        return Ok(false);
    }
    let run = Run::named(site, run);
    let mut looks = (0..LOOKS).filter_map(|_| run.is_holding());
    Ok(looks.next().unwrap_or(false))
}

/// Whether the run was not over.
fn note_joined(document: &impl RunStore, pool: &str) -> Result<bool, Stop> {
    let mut session = Session::load_any(document)?;
    if session.cut().state.is_final() {
        return Ok(false);
    }
    let is_of_it = |cut: &Cut| cut.bound.as_ref().and_then(|one| one.pool(pool)).is_some();
    if !is_of_it(session.cut()) {
        let run = &session.cut().run_id;
        return Err(Stop::bad_input(format!(
            "run {run} knows no KafkaNodePool {pool} with volumes: it was made since"
        )));
    }
    let at_ms = SystemClock.now_ms();
    let noted = session.update(document, |cut| {
        let pools = cut.bound.as_mut();
        if let Some(hooks) = pools.and_then(|one| one.pool_mut(pool)) {
            hooks.joined_ms.get_or_insert(at_ms);
        }
    });
    match noted {
        Ok(()) => Ok(true),
        // It ended meanwhile.
        Err(_) if Session::load_any(document)?.cut().state.is_final() => Ok(false),
        Err(failure) => Err(failure.into()),
    }
}

fn failed(left: &Last) -> Stop {
    let reason = match &left.cut.state {
        State::Void { reason, .. } => reason.as_str(),
        _ => "",
    };
    Stop::failed(format!(
        "run {}, which the hook of pool {} began for this backup, was given up: {reason}",
        left.run, left.bound.begun_by
    ))
}

fn tell_sealed(site: &Site, kafka: &KafkaName, run: &RunId) -> Result<(), Stop> {
    let digest = site.cut(run)?.sealed_digest().map_err(Stop::failed)?;
    let config_map = strimzi(site)?.config_map_of(run)?;
    tell(
        kafka,
        &[
            ("runId", run.as_str()),
            ("sealed", &digest.unwrap_or_default()),
            ("configMap", &config_map),
        ],
    )
}
