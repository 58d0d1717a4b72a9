//! The load generator: records that can be told apart one by one, at a steady
//! rate, from a thread of this process. `plan` says what is wanted, `record`
//! is the format on the wire, `schedule` decides whose turn it is, `producer`
//! does it, `report` is what came of it; `transaction` leaves one hanging, `prepared` one
//! that its coordinator can't complete.

mod plan;
mod prepared;
mod producer;
pub(crate) mod record;
mod report;
mod schedule;
mod transaction;

pub use plan::{LoadPlan, Spread, Transactions};
pub use prepared::PreparedTransaction;
pub use producer::Load;
pub use record::{Record, RecordError};
pub use report::{LoadReport, PartitionLoad};
pub use transaction::HangingTransaction;
