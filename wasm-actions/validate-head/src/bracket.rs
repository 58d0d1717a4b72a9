//! The closing look: the other side of the bracket around the snapshots.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Bracket, Class, Cut, Moved, Movement, PartitionRow, Rows};
use slackwater_kit::{
    Deadline, Feed, Session, TopicMap, configurations, look, look_at_connectors, look_summary,
    rows_of, sampled,
};
use slackwater_ports::{Failure, Outcome, PartitionId};

use crate::World;

/// Of the rows whose ends moved, or that gave no answer, so many are kept: one
/// is enough for the verdict, a hundred show what happened.
const MOST_MOVED: usize = 100;

/// How long Connect may take to answer: the mirror is held meanwhile, and
/// without this look the snapshots prove nothing.
const SETTLE_MS: u64 = 5_000;

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
    let deadline = Deadline::after(world, SETTLE_MS);
    let view = look_at_connectors(world, "validateHead", deadline)?;
    let feed = Feed::check(&view)?;
    let copied: BTreeSet<_> = cut.quiesce.iter().flat_map(sampled).collect();
    let map = TopicMap::new(&feed, &copied, &cut.settings);
    let seen = look(world, &map)?;
    let configs = configurations(world, &map, &seen.view)?;
    let rows = rows_of(&seen, &map, &configs);
    let guard = world.guard()?;
    // Without them `durable` is unproven, and the rest is not.
    let broker_processes = world.broker_processes().unwrap_or_default();
    let mut moved = moved(&cut.rows, &rows, Class::Own, false);
    let count = moved.len();
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
    let starts = starts(&rows);
    session.update(world, |cut| {
        cut.bracket = Some(bracket.clone());
        let topics = &cut.rows.topics;
        for row in &mut cut.rows.partitions {
            let topic = &topics[row.topic as usize];
            row.closing_log_start_offset = starts.get(&(topic.id.clone(), row.partition)).copied();
        }
    })?;
    Ok(Outcome::new(match count {
        0 => "nothing moved between the drain and the closing look".to_owned(),
        n => format!("{n} partitions moved between the drain and the closing look"),
    }))
}

/// Log start offsets, by topic id and partition.
fn starts(rows: &Rows) -> BTreeMap<(String, u32), u64> {
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
    moved(&cut.rows, rows, Class::Own, true).len() as u64
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
        .filter_map(|(partition, was)| {
            let change = match now.get(&partition) {
                None => Movement::NoAnswer,
                Some(is) if is.high_watermark != was.high_watermark => Movement::HighWatermark {
                    was: was.high_watermark,
                    is: is.high_watermark,
                },
                Some(is) if is.leader_epoch != was.leader_epoch => Movement::LeaderEpoch {
                    was: was.leader_epoch,
                    is: is.leader_epoch,
                },
                Some(_) => return None,
            };
            Some(Moved { partition, change })
        })
        .collect()
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
