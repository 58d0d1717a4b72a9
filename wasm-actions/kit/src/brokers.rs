//! The brokers, where strategy `cold` stops them: what was answered, and their
//! start, which whoever cuts and whoever resumes does the same way.

use slackwater_ports::{BrokerAnswer, BrokerStart, Clock, Failure, Progress, RunStore};

use crate::Session;

/// Starts the brokers, where this run stopped them and nobody has started them
/// since.
///
/// # Errors
/// A broker that is not said to be started.
pub fn start_brokers(
    world: &(impl BrokerStart + Clock + Progress + RunStore),
    step: &str,
    session: &mut Session,
) -> Result<(), Failure> {
    let outage = session.cut().outage();
    if outage.is_none_or(|outage| outage.started_ms.is_some()) {
        return Ok(());
    }
    world.waiting(step, "the brokers to be started", None);
    all_done("started", &world.start_brokers()?)?;
    let at_ms = world.now_ms();
    session.update(world, |cut| {
        if let Some(outage) = cut.outage_mut() {
            outage.started_ms = Some(at_ms);
        }
    })
}

/// Every broker that was asked, and at least one, is said to be `what`.
///
/// # Errors
/// The first that is not, with what was said of it.
pub fn all_done(what: &str, answers: &[BrokerAnswer]) -> Result<(), Failure> {
    if answers.is_empty() {
        return Err(Failure::refused(
            "no broker is configured to be stopped and started: see `cold`",
        ));
    }
    match answers
        .iter()
        .find_map(|one| Some((one.broker, one.done.as_ref().err()?)))
    {
        Some((broker, error)) => Err(Failure::failed(format!(
            "broker {broker} could not be {what}: {}",
            error.message
        ))),
        None => Ok(()),
    }
}
