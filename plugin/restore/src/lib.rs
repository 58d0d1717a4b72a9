//! A restore in place, and the way back: which step comes next is decided from
//! what is there, each time anew. So a restore that was cut short anywhere goes on
//! where it was, and `--plan` prints what would be done.
//!
//! Pure: no client, no clock, nothing is reached. [`Seen`] is what was gathered,
//! [`Step`] what is to be done, [`Seen::after`] what will be seen then. Whoever
//! does the steps is elsewhere.

mod back;
mod forth;
mod note;
mod plan;
mod seen;
mod step;
mod then;

pub use note::{Note, NoteError, Stage};
pub use plan::{MOST_STEPS, PlanError, plan};
pub use seen::{Claimed, Feeder, Kafka, Nodes, Pool, Seen, Snapshot, Stopped, Volume};
pub use step::Step;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To what the snapshots hold.
    Forth,
    /// To the volumes from before.
    Back,
}

/// What comes next. After [`Step::Finish`] and [`Step::FinishBack`] nothing does.
///
/// # Errors
/// What forbids it, before anything is touched.
pub fn next(way: Way, seen: &Seen) -> Result<Step, PlanError> {
    match way {
        Way::Forth => forth::next(seen),
        Way::Back => back::next(seen),
    }
}
