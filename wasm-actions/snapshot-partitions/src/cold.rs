//! Strategy `cold`: the brokers are stopped before anything is flushed.
//!
//! That they stopped cleanly is not believed here. A broker that did leaves a
//! marker in each log directory (`.kafka_cleanshutdown`, Kafka's
//! `CleanShutdownFileHandler`), and removes it when it starts: a snapshot that
//! holds the marker is of a broker that had written everything and was down.

use slackwater_cut::{Outage, Strategy};
use slackwater_kit::{Session, all_done};
use slackwater_ports::Failure;

use crate::{PHASE, World};

/// Stops the brokers, where the strategy wants it and they are not stopped yet.
/// It is noted down before: whoever resumes the mirror starts them first.
pub(crate) fn stop(world: &impl World, session: &mut Session) -> Result<(), Failure> {
    if session.cut().settings.strategy != Strategy::Cold {
        return Ok(());
    }
    let outage = session.cut().outage();
    if outage.is_some_and(|outage| outage.stopped_ms.is_some()) {
        return Ok(());
    }
    let asked_ms = world.now_ms();
    session.update(world, |cut| {
        if let Some(snapshot) = &mut cut.snapshot {
            snapshot.outage.get_or_insert(Outage {
                asked_ms,
                stopped_ms: None,
                started_ms: None,
            });
        }
    })?;
    world.waiting(PHASE, "the brokers to stop", None);
    all_done("stopped", &world.stop_brokers()?)?;
    let at_ms = world.now_ms();
    session.update(world, |cut| {
        if let Some(outage) = cut.outage_mut() {
            outage.stopped_ms = Some(at_ms);
        }
    })
}
