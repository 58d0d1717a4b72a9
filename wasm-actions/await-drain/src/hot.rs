//! A mirror that runs on: what it has, at one look. Its ends are those before the flush,
//! so that all below them is on the volumes.

use std::collections::BTreeSet;

use slackwater_kit::{
    Deadline, Feed, Session, TopicMap, configurations, look, look_at_connectors, rows_of, sampled,
};
use slackwater_ports::{Failure, Outcome};

use crate::World;
use crate::drained::same_hold;

/// Looks, and keeps the rows.
pub(crate) fn look_once(world: &impl World, session: &mut Session) -> Result<Outcome, Failure> {
    let cut = session.cut();
    let quiesce = cut.quiesce.as_ref().ok_or_else(|| {
        Failure::refused("nothing says what feeds the mirror: run quiesceMirror first")
    })?;
    same_hold(cut, &world.guard()?)?;
    let deadline = Deadline::after(world, cut.settings.drain_timeout_ms);
    let feed = Feed::check(&look_at_connectors(world, "awaitDrain", deadline)?)?;
    let copied: BTreeSet<_> = sampled(quiesce).collect();
    let map = TopicMap::new(&feed, &copied, &cut.settings);
    let seen = look(world, &map)?;
    let configs = configurations(world, &map, &seen.view)?;
    let rows = rows_of(&seen, &map, &configs);
    let partitions = rows.partitions.len();
    session.update(world, |cut| cut.rows = rows.clone())?;
    Ok(Outcome::new(format!(
        "nothing is waited for: {partitions} partitions are looked at while the mirror runs"
    ))
    .with("partitions", partitions)
    .with("ahead", 0)
    .with("runId", &session.cut().run_id))
}
