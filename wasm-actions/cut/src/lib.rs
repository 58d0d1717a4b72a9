//! The run document, the cut that it becomes, and the verdicts on its claims.
//!
//! A verdict is a pure function of evidence. The phases, `cut verify` and the
//! tests call the same functions, so a cut can be judged again years later.
//! This crate may not do anything: no I/O, no clock.

mod bound;
mod canonical;
pub mod claims;
mod content;
mod document;
mod hot;
mod pattern;
mod point;
mod rows;
mod seal;
mod sections;
mod settings;
mod verify;

pub use bound::{Bound, PoolHooks};
pub use canonical::{canonical_json, sha256_hex};
pub use claims::{Claim, ClaimName, Evidence, Judgement, Verdict};
pub use content::{Content, FrontRead, RangeRead, RowContent, RowRange, Transactions, Verify};
pub use document::{
    API_VERSION, ComponentUsed, Cut, CutError, Kind, LeaseEvent, MAX_DOCUMENT_BYTES, State,
};
pub use hot::{Hot, HotCopy, HotHead, HotLook, HotRecord, HotSweep, HotVolume};
pub use pattern::Pattern;
pub use point::SourcePoint;
pub use rows::{
    Class, Gap, GapCause, Next, PartitionRow, Rows, Seam, SourceRow, SourceTopic, Tail, TopicRow,
    Uneven,
};
pub use sections::{
    Bracket, ClusterIdentity, ConnectIdentity, ConnectorPrior, ConnectorSeen, Drain, DrainLook,
    Front, HeadSample, Lost, MirrorLookSummary, Moved, Movement, Outage, Quiesce, RestoredLook,
    RestoredRow, Resume, Snapshot, SourcePartition, Unreachable,
};
pub use settings::{ConnectSettings, ConnectTopics, OnLoss, Settings, SnapshotsBy, Strategy};
pub use verify::{Verified, digest_holds, verify};
