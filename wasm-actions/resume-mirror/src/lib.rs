//! resumeMirror: puts back what was found, and watches the mirror catch up.
//!
//! A run always resumes: what the source has deleted meanwhile is named, and
//! refutes the cut, but waiting would lose more. Only a resume by hand, and
//! the first start of a restored mirror, refuse instead.
//!
//! It may look at both clusters and start connectors, and before them brokers
//! that the run had stopped; it can't stop one.

mod brokers;
mod catch_up;
#[cfg(target_arch = "wasm32")]
mod component;
mod lost;
mod start;
mod world;

use slackwater_cut::{OnLoss, Resume, State};
use slackwater_kit::Session;
use slackwater_ports::{Failure, Level, Outcome};

pub use world::World;

/// Runs the phase. See the module.
///
/// # Errors
/// Connectors that can't be started; a loss, where one is to be refused.
pub fn run(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load_any(world)?;
    let cut = session.cut().clone();
    let stopped = cut
        .quiesce
        .as_ref()
        .and_then(|quiesce| quiesce.stop_started_ms);
    let judged = cut.settings.on_loss == OnLoss::Refuse;
    // What is restored was stopped by whoever restored it, whatever the run did.
    let any = stopped.is_some() || judged;
    let Some(quiesce) = cut.quiesce.as_ref().filter(|_| any) else {
        return Ok(Outcome::new("nothing was stopped: nothing to resume"));
    };
    let done = cut
        .resume
        .as_ref()
        .is_some_and(|resume| resume.running_ms.is_some());
    let trouble = brokers::start(world, &mut session);
    if done && !judged {
        return Ok(Outcome::new("the mirror was resumed already"));
    }

    if judged {
        let sources = lost::look(world, quiesce);
        let lost = lost::lost(&cut, &sources);
        if !lost.is_empty() {
            return Err(Failure::refused(lost::in_words(&lost)));
        }
        let unanswered = lost::unanswered(&cut, &sources);
        if unanswered > 0 {
            return Err(Failure::refused(format!(
                "{unanswered} copied partitions have no answer from their source: it is not known \
                 whether it has deleted what the mirror needs"
            )));
        }
    }
    let baseline = catch_up::baseline(&cut);
    let started_ms = world.now_ms();
    let mut resume = Resume {
        started_ms,
        running_ms: None,
        first_record_ms: None,
        lost: Vec::new(),
        unanswered: 0,
        backlog: 0,
        caught_up_ms: None,
        connectors: None,
    };
    // The start goes first: a source that does not answer must not delay it.
    let mut sources = lost::SourceHeads::new();
    let pending = || {
        sources = lost::look(world, quiesce);
        catch_up::is_pending(&cut, &sources)
    };
    start::start(world, quiesce, &baseline, pending, &mut resume).map_err(|failure| Failure {
        reason: match &trouble {
            Some(why) => format!("{}; {why}", failure.reason),
            None => failure.reason,
        },
        ..failure
    })?;
    // A source's log start only rises: what went before the start, and while the
    // connectors started, is seen now.
    let since = lost::look(world, quiesce);
    if sources.is_empty() {
        sources.clone_from(&since);
    }
    resume.lost = lost::lost(&cut, &since);
    resume.unanswered = lost::unanswered(&cut, &sources).max(lost::unanswered(&cut, &since));
    keep(world, &mut session, &resume)?;
    let missing = brokers::see_back(world, &cut, trouble);
    if let Some(why) = &missing {
        world.log(Level::Error, why);
    }
    let behind = catch_up::watch(world, &cut, &sources, &baseline, &mut resume)?;
    if !behind.is_empty() {
        let now = lost::lost(&cut, &lost::look(world, quiesce));
        for one in lost::of_copies(&cut, now, &behind) {
            if !resume.lost.contains(&one) {
                resume.lost.push(one);
            }
        }
    }
    let is_uncounted = resume.unanswered > 0 || cut.unreachable().next().is_some();
    if is_uncounted {
        resume.caught_up_ms = None;
    }
    keep(world, &mut session, &resume)?;

    let caught_up = match resume.caught_up_ms {
        Some(at) => format!("caught up after {} ms", at.saturating_sub(started_ms)),
        None if is_uncounted => "how far it is behind is not known of every source".to_owned(),
        None => "not caught up in time".to_owned(),
    };
    let missing = missing.map_or_else(String::new, |why| format!("; {why}: start it"));
    Ok(Outcome::new(format!(
        "the mirror runs again; backlog {} records, {caught_up}{missing}",
        resume.backlog
    ))
    .with("runId", &cut.run_id)
    .with("backlog", resume.backlog)
    .with("lost", resume.lost.len()))
}

/// Keeps the section, but in a cut that is closed: that one is final.
fn keep(world: &impl World, session: &mut Session, resume: &Resume) -> Result<(), Failure> {
    if matches!(session.cut().state, State::Closed { .. }) {
        return Ok(());
    }
    session.update(world, |cut| cut.resume = Some(resume.clone()))
}
