//! The closing look: the other side of the bracket around the snapshots.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Bracket, Class, Cut, Moved, Movement, PartitionRow, Rows, Strategy};
use slackwater_kit::{
    Deadline, Feed, Look, Session, TopicMap, configurations, look, look_at_connectors,
    look_summary, rows_of, sampled, unassigned,
};
use slackwater_ports::{Failure, MirrorView, Outcome, PartitionId};

use crate::World;

/// Of the rows whose ends moved, or that gave no answer, so many are kept: one
/// is enough for the verdict, a hundred show what happened.
const MOST_MOVED: usize = 100;

/// How long Connect may take to answer: the mirror is held meanwhile, and
/// without this look the snapshots prove nothing.
const SETTLE_MS: u64 = 5_000;

/// The same where the brokers were just started: they load their logs, elect
/// and fill their ISRs, and Connect's workers find their group again. Kafka
/// gives a broker and a worker up after tens of seconds, by its defaults. It is
/// not waited past the deadline at which the guard resumes the mirror.
const COLD_SETTLE_MS: u64 = 120_000;

/// What is left for the look itself, and for the resume, before the deadline.
const MARGIN_MS: u64 = 3_000;

/// Between two tries then.
const TRY_AGAIN_MS: u64 = 200;

/// Looks once more at everything that may not have moved.
///
/// # Errors
/// No snapshot to close, or a look that could not be taken.
pub fn close_bracket(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load(world)?;
    let cut = session.cut();
    if cut.bracket.is_some() {
        return Ok(Outcome::new("the closing look was taken already"));
    }
    if cut
        .snapshot
        .as_ref()
        .is_none_or(|snapshot| snapshot.ended_ms.is_none())
    {
        return Err(Failure::failed(
            "there is no snapshot to take a closing look at",
        ));
    }
    let began_after_revision = session.revision();
    world.waiting("validateHead", "the closing look", None);
    let (view, map, seen) = match cut.settings.strategy {
        Strategy::Quiesced | Strategy::Hot => {
            let deadline = Deadline::after(world, SETTLE_MS);
            let view = look_at_connectors(world, "validateHead", deadline)?;
            let map = map(cut, &view)?;
            let seen = look(world, &map)?;
            (view, map, seen)
        }
        Strategy::Cold => look_when_up(world, cut)?,
    };
    let configs = configurations(world, &map, &seen.view)?;
    let rows = rows_of(&seen, &map, &configs);
    let starts = starts(&rows);
    if cut.settings.strategy == Strategy::Hot {
        // What it would be compared with moves all the time. But what came to the sources
        // meanwhile, and is not copied yet, no order of the copies says anything of.
        let copied: BTreeSet<_> = cut.quiesce.iter().flat_map(sampled).collect();
        let left = unassigned(world, Feed::check(&view)?.sources.iter(), &copied)?;
        session.update(world, |cut| {
            note(cut, &starts);
            if let Some(quiesce) = &mut cut.quiesce {
                quiesce.unassigned.extend(left.iter().cloned());
                quiesce.unassigned.sort();
                quiesce.unassigned.dedup();
            }
        })?;
        return Ok(Outcome::new(
            "the mirror ran on: where its logs begin by now is noted",
        ));
    }
    let guard = world.guard()?;
    // Without them `durable` is unproven, and the rest is not.
    let broker_processes = world.broker_processes().unwrap_or_default();
    let mut moved = moved(&cut.rows, &rows, Class::Own, false);
    let count = partitions(&moved);
    keep_some(&mut moved);
    let bracket = Bracket {
        began_after_revision,
        asked: seen.sweep.asked,
        answered: rows.still_rows().count() as u64,
        still: rows.still_digest(),
        topology: rows.topology_digest(),
        configurations: rows.config_digest(),
        moved,
        connectors: look_summary(&view),
        guard,
        broker_processes,
        own_moved: own_moved(cut, &rows),
    };
    session.update(world, |cut| {
        cut.bracket = Some(bracket.clone());
        note(cut, &starts);
    })?;
    Ok(Outcome::new(match count {
        0 => "nothing moved between the drain and the closing look".to_owned(),
        n => format!("{n} partitions moved between the drain and the closing look"),
    }))
}

fn map(cut: &Cut, view: &MirrorView) -> Result<TopicMap, Failure> {
    let feed = Feed::check(view)?;
    let copied: BTreeSet<_> = cut.quiesce.iter().flat_map(sampled).collect();
    Ok(TopicMap::new(&feed, &copied, &cut.settings))
}

/// The look when the brokers are up again and in sync; or as they are when the
/// time is over.
fn look_when_up(world: &impl World, cut: &Cut) -> Result<(MirrorView, TopicMap, Look), Failure> {
    let outage = cut.outage();
    if outage.is_none_or(|outage| outage.started_ms.is_none()) {
        return Err(Failure::failed(
            "the brokers are not started again: there is nothing to look at",
        ));
    }
    let deadline_ms = world.guard()?.deadline_ms.unwrap_or(0);
    let left = deadline_ms.saturating_sub(world.now_ms() + MARGIN_MS);
    let deadline = Deadline::after(world, left.min(COLD_SETTLE_MS));
    loop {
        let seen = look_at_connectors(world, "validateHead", deadline)
            .map_err(Failure::from)
            .and_then(|view| {
                let map = map(cut, &view)?;
                let seen = look(world, &map)?;
                Ok((view, map, seen))
            });
        let awaited = match &seen {
            Ok((_, map, seen)) => seen.problems(map).first().map(ToString::to_string),
            Err(failure) => Some(failure.reason.clone()),
        };
        match awaited {
            Some(awaited) if !deadline.has_passed(world) => {
                let left = Some(deadline.remaining_ms(world));
                world.waiting("validateHead", &awaited, left);
                deadline.sleep(world, TRY_AGAIN_MS);
            }
            _ => return seen,
        }
    }
}

/// By topic id and partition.
type Starts = BTreeMap<(String, u32), u64>;

/// Where logs began at the closing look: what a replica lacks before that, retention may
/// have taken.
fn note(cut: &mut Cut, starts: &Starts) {
    let topics = &cut.rows.topics;
    for row in &mut cut.rows.partitions {
        let topic = &topics[row.topic as usize];
        row.closing_log_start_offset = starts.get(&(topic.id.clone(), row.partition)).copied();
    }
}

/// Log start offsets.
fn starts(rows: &Rows) -> Starts {
    let each = rows.partitions.iter();
    each.map(|row| {
        (
            (rows.topic(row).id.clone(), row.partition),
            row.log_start_offset,
        )
    })
    .collect()
}

fn own_moved(cut: &Cut, rows: &Rows) -> u64 {
    partitions(&moved(&cut.rows, rows, Class::Own, true)) as u64
}

fn partitions(moved: &[Moved]) -> usize {
    let each: BTreeSet<&PartitionId> = moved.iter().map(|one| &one.partition).collect();
    each.len()
}

/// Rows that are not the same: of `class` alone, or of all others.
fn moved(before: &Rows, after: &Rows, class: Class, only: bool) -> Vec<Moved> {
    let of = |rows: &Rows| -> BTreeMap<PartitionId, PartitionRow> {
        rows.partitions
            .iter()
            .filter(|row| (rows.topic(row).class == class) == only)
            .map(|row| {
                let id = PartitionId::new(rows.topic(row).name.clone(), row.partition);
                (id, row.clone())
            })
            .collect()
    };
    let now = of(after);
    of(before)
        .into_iter()
        .flat_map(|(partition, was)| {
            changes(&was, now.get(&partition)).map(move |change| Moved {
                partition: partition.clone(),
                change,
            })
        })
        .collect()
}

/// What of a row is other, one thing at a time.
fn changes(
    was: &PartitionRow,
    is: Option<&PartitionRow>,
) -> impl Iterator<Item = Movement> + use<> {
    let changes = match is {
        None => [Some(Movement::NoAnswer), None],
        Some(is) => [
            (is.high_watermark != was.high_watermark).then_some(Movement::HighWatermark {
                was: was.high_watermark,
                is: is.high_watermark,
            }),
            (is.leader_epoch != was.leader_epoch).then_some(Movement::LeaderEpoch {
                was: was.leader_epoch,
                is: is.leader_epoch,
            }),
        ],
    };
    changes.into_iter().flatten()
}

/// Drops what need not be kept.
fn keep_some(moved: &mut Vec<Moved>) {
    let mut others = 0;
    moved.retain(|moved| {
        let led_anew = matches!(moved.change, Movement::LeaderEpoch { .. });
        others += usize::from(!led_anew);
        led_anew || others <= MOST_MOVED
    });
}
