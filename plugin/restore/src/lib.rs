//! A restore in place, the way back, and a clone: which step comes next is decided from
//! what is there, each time anew. So a restore that was cut short anywhere goes on
//! where it was, and `--plan` prints what would be done.
//!
//! Pure: no client, no clock, nothing is reached. [`Seen`] is what was gathered,
//! [`Step`] what is to be done, [`Seen::after`] what will be seen then. Whoever
//! does the steps is elsewhere.

mod aside;
mod back;
mod clone;
mod forth;
mod note;
mod on_claims;
mod plan;
mod seen;
mod step;
mod then;

pub use note::{Note, NoteError, Stage};
pub use plan::{MOST_STEPS, PlanError, plan, steps_around_others};
pub use seen::{Claimed, CloneOf, Feeder, Kafka, Nodes, Pool, Seen, Snapshot, Stopped, Volume};
pub use step::Step;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To what the snapshots hold.
    Forth,
    /// Out of the way of others who restore the claims, K10 or another tool: nothing
    /// runs, the volumes are kept and the claims gone.
    Aside,
    /// To what the claims hold that others have restored.
    OnClaims,
    /// To the volumes from before.
    Back,
    /// To what the snapshots hold, beside the original.
    Clone,
    /// The same, to claims that others have restored there.
    CloneOnClaims,
}

impl Way {
    /// Whether it leads to what was backed up.
    pub fn is_forth(self) -> bool {
        matches!(self, Self::Forth | Self::OnClaims) || self.is_clone()
    }

    /// Whether it leads to another one beside the original.
    pub fn is_clone(self) -> bool {
        matches!(self, Self::Clone | Self::CloneOnClaims)
    }

    /// Whether it goes by claims that others have restored.
    pub fn is_on_claims(self) -> bool {
        matches!(self, Self::OnClaims | Self::CloneOnClaims)
    }
}

/// What comes next. After a step that [is the last](Step::is_last) nothing does.
///
/// # Errors
/// What forbids it, before anything is touched.
pub fn next(way: Way, seen: &Seen) -> Result<Step, PlanError> {
    match way {
        Way::Forth => forth::next(seen),
        Way::OnClaims => on_claims::next(seen),
        Way::Aside => aside::next(seen),
        Way::Back => back::next(seen),
        Way::Clone | Way::CloneOnClaims => clone::next(way, seen),
    }
}
