//! What several phases do the same way: the run document at hand, waiting,
//! what feeds the mirror, who writes to which topic, a look at the heads, the
//! last records of partitions, flushed volumes.
//!
//! Like the phases it decides and does nothing by itself: all that it knows
//! comes through the ports.

mod brokers;
mod connect;
mod feed;
mod look;
mod marks;
mod policy;
mod session;
mod tails;
mod topics;
mod unassigned;
mod volumes;
mod wait;

pub use brokers::{all_done, start_brokers};
pub use connect::{is_passing, look_at_connectors, positions};
pub use feed::{Feed, SourceFeed, look_summary};
pub use look::{Look, Problem, configurations, look, rows_of};
pub use marks::{Marking, Swept};
pub use policy::Policy;
pub use session::Session;
pub use tails::{TailRequest, identity, read_tails, seam, tail_of};
pub use topics::{SourceKey, TopicMap, sampled};
pub use unassigned::unassigned;
pub use volumes::{check_flushed, not_cut};
pub use wait::Deadline;
