//! The audit: reads whole topics and tells, partition by partition, which of a
//! generator's records are missing, doubled, out of order or damaged.
//! `tracker` judges one partition, `report` is what came of it, `read` goes
//! through a cluster. Reads only.

mod read;
mod report;
mod tracker;

pub use read::{Isolation, audit, last_committed};
pub use report::{AuditReport, PartitionAudit, ProducerAudit};
