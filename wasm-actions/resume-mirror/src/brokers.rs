//! The brokers that the run had stopped, where its strategy is `cold`: started
//! before the connectors, and seen back after them.
//!
//! One that does not come back keeps nothing else stopped: the connectors are
//! started all the same, and it is named.

use slackwater_cut::Cut;
use slackwater_kit::{Deadline, Session, start_brokers};
use slackwater_ports::Cluster;

use crate::World;

/// As it is called.
const PHASE: &str = "resumeMirror";

/// How long they may take until the cluster names all of them: they load their
/// logs first. Connectors run meanwhile.
const BACK_MS: u64 = 60_000;

/// Between two looks.
const LOOK_MS: u64 = 250;

/// One that is not there is started again after this: a stop that was still
/// under way may have ended it after its start.
const ASK_AGAIN_MS: u64 = 5_000;

/// Has them started, and gives what went wrong.
pub(crate) fn start(world: &impl World, session: &mut Session) -> Option<String> {
    let started = start_brokers(world, PHASE, session);
    started.err().map(|failure| failure.reason)
}

/// Waits until the cluster names all that there were, and gives what is wrong
/// where it does not.
pub(crate) fn see_back(world: &impl World, cut: &Cut, trouble: Option<String>) -> Option<String> {
    cut.outage()?;
    let expected = &cut.mirror_cluster()?.brokers;
    let deadline = Deadline::after(world, BACK_MS);
    let mut ask_again = Deadline::after(world, ASK_AGAIN_MS);
    loop {
        let there = world
            .describe(&Cluster::Mirror)
            .map_or_else(|_| Vec::new(), |view| view.brokers);
        let missing = expected
            .iter()
            .find(|one| there.iter().all(|broker| broker.id != one.id))?
            .id;
        if deadline.has_passed(world) {
            let seen = format!("broker {missing} is not back");
            return Some(match trouble {
                Some(why) => format!("{seen}: {why}"),
                None => seen,
            });
        }
        if ask_again.has_passed(world) {
            // What it says is seen at the next look.
            let _ = world.start_brokers();
            ask_again = Deadline::after(world, ASK_AGAIN_MS);
        }
        let awaited = format!("broker {missing} to be back");
        world.waiting(PHASE, &awaited, Some(deadline.remaining_ms(world)));
        deadline.sleep(world, LOOK_MS);
    }
}
