//! Log directories that were copied hot, one after another: [`plan`] finds the
//! last point where all prior messages exist, and [`Held`] cuts them there.
//!
//! An adapter: what is decided, `slackwater-point` decides.

mod as_left;
mod connect;
mod coordinator;
mod copy;
mod disk;
mod draft;
mod earlier;
mod edits;
mod error;
mod examine;
mod history;
mod journal;
mod lock;
mod numbered;
mod once;
mod partitioner;
mod plan;
mod prepare;
mod read_back;
mod ready;
mod recode;
mod show;
mod site;
mod snapshot;
mod spread;
mod steps;
mod still;
mod topics;
mod trim;
mod unlisted;
mod volumes;
mod write;

pub use disk::{Disk, Piece, RealDisk};
pub use error::TrimError;
pub use numbered::SequenceOf;
pub use once::{Once, plan_once, trim_once};
pub use plan::{OrderAsked, PlanOptions, plan};
pub use recode::recode;
pub use show::show;
pub use trim::{Held, Reached, Trimmed};
pub use volumes::Volumes;
