//! The first start of what feeds a restored mirror: what copies, unless the source
//! has deleted what it needs; and, when that is caught up, the rest. The syncs that
//! the mirror wrote before are on the source still, and name offsets past its end.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{ConnectorPrior, Cut, OnLoss, State};
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{
    Clock as _, Cluster, ConnectorState, Heads as _, Outcome, PartitionId, PortError,
};

use super::{Restore, caught_up, open_site};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::{Need, Site, Strimzi};

/// Until workers are made anew, and Connect answers.
const WORKERS_MS: u64 = 900_000;

/// Between two looks for them.
const LOOK_MS: u64 = 3_000;

impl Restore {
    pub(super) fn start_copying(&mut self) -> Result<(), Stop> {
        let site = self.with_workers()?;
        if !self.asked.accept_loss {
            nothing_is_lost(&site, &self.cut, &positions_now(&site, &self.cut)?)?;
        }
        let mut cut = copying(&self.cut, self.asked.accept_loss);
        if let Some(quiesce) = &mut cut.quiesce {
            quiesce.connectors.retain(|one| has(&site, one));
        }
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let (_, ports) = site.ports_on_scratch(document);
        // Its own words tell of a run; what is caught up is seen in the next step.
        site.run(PhaseName::ResumeMirror, Entry::Run, ports)?;
        // The cut does not know what was added since, nor starts what was found stopped.
        site.strimzi().map_or(Ok(()), Strimzi::let_go_copying)
    }

    pub(super) fn start_checkpoints(&mut self) -> Result<(), Stop> {
        let site = self.with_workers()?;
        match caught_up::wait(
            &site,
            &self.cut,
            self.asked.catch_up_ms,
            self.asked.accept_loss,
        )? {
            0 => site.ground().let_go().map(drop),
            behind => Err(Stop::failed(format!(
                "the mirror copies, and {behind} partitions have not caught up within {} s: its \
                 checkpoint connectors wait; `slackwater resume` starts them at once",
                self.asked.catch_up_ms / 1_000
            ))),
        }
    }

    /// Once each Connect answers, and says what it has.
    fn with_workers(&self) -> Result<Site, Stop> {
        let began = SystemClock.monotonic_ms();
        loop {
            let site = open_site(&self.asked, &Need::Copying).and_then(|site| {
                let seen = site.ground().feeders().look.mirror();
                let seen = seen.map_err(|error| Stop::failed(error.message))?;
                let there = |one: &ConnectorPrior| {
                    let mut all = seen.connectors.iter();
                    all.any(|now| now.reference() == one.connector)
                };
                let known = self.cut.quiesce.iter().flat_map(|one| &one.connectors);
                match known.filter(|one| has(&site, one)).find(|one| !there(one)) {
                    None => Ok(site),
                    Some(one) => Err(Stop::failed(format!(
                        "connector {} is not there yet",
                        one.connector
                    ))),
                }
            });
            match site {
                Ok(site) => return Ok(site),
                Err(stop) if SystemClock.monotonic_ms().saturating_sub(began) > WORKERS_MS => {
                    return Err(stop);
                }
                Err(_) => SystemClock.sleep_ms(LOOK_MS),
            }
        }
    }
}

/// Where Connect goes on from elsewhere than the cut says, as after a trim, or where a run
/// that stopped nothing has held no partition against its source, nobody else sees what that
/// has deleted since: it has to be there still.
///
/// # Errors
/// What is not; no answer.
fn nothing_is_lost(site: &Site, cut: &Cut, now: &Positions) -> Result<(), Stop> {
    let failed = |error: PortError| Stop::failed(error.message);
    let all = caught_up::copied(cut);
    let as_in_the_cut = positions_of(cut);
    let connectors = cut.quiesce.iter().flat_map(|one| &one.connectors);
    for one in connectors.filter(|one| one.copies && has(site, one)) {
        let alias = &one.source_alias;
        let of = all.iter().filter(|id| {
            let then = as_in_the_cut.get(*id);
            id.0 == *alias && then.is_none_or(|then| then.as_ref() != now.get(*id))
        });
        let partitions: Vec<PartitionId> = of.map(|(_, id)| id.clone()).collect();
        let partitions = match partitions.is_empty() {
            true => partitions,
            false => caught_up::there(site, cut, alias, partitions)?,
        };
        if partitions.is_empty() {
            continue;
        }
        let source = Cluster::Source(alias.clone());
        let sweep = site.kafka().sweep(&source, &partitions).map_err(failed)?;
        for row in sweep.rows {
            let id = &row.partition;
            let head = row
                .head
                .map_err(|why| Stop::failed(format!("{id} of source {alias}: {why}")))?;
            let last = now.get(&(alias.clone(), id.clone()));
            let next = last.map_or(0, |last| last.saturating_add(1));
            // What was below the source's head when it was looked at, and was gone already,
            // nobody has had.
            let had = had_at(cut, alias, id).filter(|_| last.is_none());
            if head.log_start_offset > next.max(had.unwrap_or(0)) {
                return Err(Stop::bad_input(format!(
                    "source {alias} has deleted {} offsets from {next} of {id} on, and MirrorMaker \
                     would skip them in silence: --accept-loss lets it",
                    head.log_start_offset - next
                )));
            }
        }
    }
    Ok(())
}

/// Where the source's head was at the newest sweep of a run that found nothing copied of
/// the partition yet.
fn had_at(cut: &Cut, alias: &str, id: &PartitionId) -> Option<u64> {
    let hot = cut.hot.as_ref()?;
    let mut copies = hot.copies.iter();
    let at = copies.position(|one| one.source.alias == alias && one.source.partition == *id)?;
    let copied = hot.looks.iter().any(|look| {
        let position = look.positions.get(at).copied().flatten();
        let end = look.high_watermarks.get(at).copied().flatten();
        position.is_some() || end != Some(0)
    });
    let head = hot.sweeps.last()?.heads.get(at)?.as_ref()?;
    (!copied).then_some(head.high_watermark)
}

/// By alias and partition of the source, the offset of the last record mirrored.
type Positions = BTreeMap<(String, PartitionId), u64>;

/// As Connect has them, of what the cut copies.
fn positions_now(site: &Site, cut: &Cut) -> Result<Positions, Stop> {
    let copied = caught_up::copied(cut);
    let mut now = Positions::new();
    let connectors = cut.quiesce.iter().flat_map(|one| &one.connectors);
    for one in connectors.filter(|one| one.copies && has(site, one)) {
        let alias = &one.source_alias;
        if !copied.iter().any(|(of, _)| of == alias) {
            continue;
        }
        let position = &site.ground().feeders().position;
        for at in caught_up::answer(|| position.positions(&one.connector))? {
            now.insert((alias.clone(), at.partition), at.offset);
        }
    }
    Ok(now)
}

/// As a run that stopped the mirror knows them; nothing where nothing was mirrored.
fn positions_of(cut: &Cut) -> BTreeMap<(String, PartitionId), Option<u64>> {
    let rows = cut.rows.copies().filter_map(|(row, source)| {
        let id = caught_up::at_source(cut, row)?;
        Some((id, source.last_mirrored))
    });
    rows.collect()
}

/// Whether it was not taken away since the backup.
fn has(site: &Site, one: &ConnectorPrior) -> bool {
    let strimzi = site.strimzi();
    strimzi.is_none_or(|strimzi| strimzi.has(&one.connector))
}

/// The first start of a restored mirror by hand: what copies, and when that has caught up the
/// rest, as a restore in Kubernetes does.
///
/// # Errors
/// What the source has deleted; what can't be started; a mirror that has not caught up in
/// that time: what copies runs then, and the same goes on.
pub fn start_in_order(
    site: &Site,
    cut: &Cut,
    accept_loss: bool,
    catch_up_ms: u64,
) -> Result<Outcome, Stop> {
    let now = positions_now(site, cut)?;
    if !accept_loss {
        nothing_is_lost(site, cut, &now)?;
    }
    let start = |cut: &Cut| {
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let (_, ports) = site.ports_on_scratch(document);
        site.run(PhaseName::ResumeMirror, Entry::Run, ports)
    };
    let to_start = moved_on(cut.clone(), &now);
    let others = cut.quiesce.iter().flat_map(|one| &one.connectors);
    let mut waiting = others.filter(|one| !one.copies && !caught_up::rests(one));
    if waiting.next().is_none() {
        return start(&goes_on(to_start, accept_loss));
    }
    start(&copying(&to_start, accept_loss))?;
    match caught_up::wait(site, cut, catch_up_ms, accept_loss)? {
        0 => start(&all_but_those_that_wait(site, cut)),
        behind => Err(Stop::failed(format!(
            "the mirror copies, and {behind} partitions have not caught up within {} s: the same \
             command waits on; until then its checkpoint connectors would set groups past its end, \
             and stay stopped",
            catch_up_ms / 1_000
        ))),
    }
}

/// When the same is told again Connect stands further than the cut says in some partitions,
/// and what their source has deleted is judged by that, and not by the cut.
fn moved_on(mut cut: Cut, now: &Positions) -> Cut {
    let rows = cut.rows.partitions.iter().enumerate();
    let moved = rows.filter(|(_, row)| {
        let then = row.source.as_ref().map(|source| source.last_mirrored);
        let id = caught_up::at_source(&cut, row);
        then.zip(id)
            .is_some_and(|(then, id)| now.get(&id).copied() != then)
    });
    let moved: Vec<usize> = moved.map(|(at, _)| at).collect();
    for at in moved {
        cut.rows.partitions[at].source = None;
    }
    cut
}

/// Where what copies of a source rests, as it was found, it does not catch up, and
/// checkpoints of that source would set groups past the mirror's end.
fn all_but_those_that_wait(site: &Site, cut: &Cut) -> Cut {
    let mut cut = goes_on(cut.clone(), true);
    cut.settings.catch_up_timeout_ms = 0;
    let all = cut.quiesce.iter().flat_map(|one| &one.connectors);
    let resting = all.filter(|one| one.copies && caught_up::rests(one));
    let resting: BTreeSet<String> = resting.map(|one| one.source_alias.clone()).collect();
    let all = cut.quiesce.iter_mut().flat_map(|one| &mut one.connectors);
    for one in all.filter(|one| !one.copies && resting.contains(&one.source_alias)) {
        if !caught_up::rests(one) {
            site.terminal.say(&format!(
                "{} stays stopped: what copies from {} rests, as it was found",
                one.connector, one.source_alias
            ));
        }
        one.state = ConnectorState::Stopped;
    }
    cut
}

/// Of the cut only what copies is put back.
fn copying(cut: &Cut, accept_loss: bool) -> Cut {
    let mut cut = goes_on(cut.clone(), accept_loss);
    cut.settings.catch_up_timeout_ms = 0;
    let others = cut.quiesce.iter_mut().flat_map(|one| &mut one.connectors);
    let others = others.filter(|one: &&mut ConnectorPrior| !one.copies);
    others.for_each(|one| one.state = ConnectorState::Stopped);
    cut
}

/// A cut as a run from which a restored mirror goes on for the first time. The cut is
/// final: what is done is written into a copy of it that nobody keeps.
fn goes_on(mut cut: Cut, accept_loss: bool) -> Cut {
    cut.state = State::Sealed;
    cut.resume = None;
    // A run that stopped nothing has nothing to be started; its trim has stopped it.
    if let Some(quiesce) = &mut cut.quiesce {
        quiesce.stop_started_ms.get_or_insert(cut.created_ms);
    }
    // Its brokers are other ones, and run.
    if let Some(snapshot) = &mut cut.snapshot {
        snapshot.outage = None;
    }
    cut.settings.on_loss = match accept_loss {
        true => OnLoss::Resume,
        false => OnLoss::Refuse,
    };
    cut
}
