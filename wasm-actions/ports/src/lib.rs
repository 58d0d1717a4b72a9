//! The capabilities that a phase sees the world through: the ports.
//!
//! A port is a trait of synchronous calls; what it returns is an observation,
//! never a verdict. The same traits are implemented by the adapters of the
//! plugin, by the bindings of a component, and by a simulated world, so a
//! phase does not know which of them it runs on. Names and shapes are those
//! of `wit/`, which is the interface of record.
//!
//! This crate may not do anything: no I/O, no clock.

mod act;
mod cluster;
mod content;
mod digest;
mod error;
mod groups;
mod heads;
mod mirror;
mod outcome;
mod process;
mod records;
mod silence;
mod volumes;
mod world;

pub use act::{GuardLook, GuardStart, GuardView, RunRecord, RunStore};
pub use cluster::{Cluster, Interval, PartitionId};
pub use content::{
    ContentDepth, ContentSurvey, LiveKeys, LogDirSeen, MetadataSeen, PendingTransaction, RangeRow,
    RangeWanted, ReplicaFound, ReplicaRead, ScanRow, ScanWanted, TailRead, TransactionsSeen,
    VolumeContent,
};
pub use digest::Digest128;
pub use error::{PortError, PortErrorKind};
pub use groups::{GroupOffset, Groups};
pub use heads::{
    Broker, ClusterView, ConfigEntry, Head, HeadRow, HeadSweep, Heads, PartitionView, TopicConfig,
    TopicView,
};
pub use mirror::{
    Answer, ConnectView, ConnectorPosition, ConnectorRef, ConnectorState, ConnectorView,
    MirrorLook, MirrorStart, MirrorStop, MirrorView, Position, Setting, Target, TaskView, Want,
};
pub use outcome::{Failure, FailureKind, Outcome, Output};
pub use process::{BrokerAnswer, BrokerProcess, BrokerProcesses, BrokerStart, BrokerStop};
pub use records::{Ended, Isolation, RecordSeen, Records, Span, SpanRead, TimestampType};
pub use silence::Silence;
pub use volumes::{
    Flushed, OtherSnapshot, SnapshotIdentity, SnapshotSeen, VolumeFlush, VolumeSnapshot,
    syncfs_tells,
};
pub use world::{Clock, Level, Log, Progress};

/// What a capability gives: an observation, or why there is none.
pub type Seen<T> = Result<T, PortError>;
