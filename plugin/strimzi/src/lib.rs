//! Strimzi's custom resources: small typed views of what is read of them, the
//! patches that stop what feeds a mirror and put it back, and how a client gets
//! into the clusters that they name.
//!
//! Pure: no client, no clock, nothing is reached. A resource comes as the JSON
//! that the API server gave, is read into a `Raw…` type, and checked into the
//! type without that prefix, which the rest works with. Both layouts of a
//! KafkaMirrorMaker2 are read (`target` and `source`, since Strimzi 0.49; and
//! `connectCluster` and `clusters`, until 0.51), whichever API version they
//! come in: between those two releases both are legal in `v1beta2`.
//!
//! What a resource's *status* says of its connectors is read nowhere: it was
//! seen to say RUNNING after a stop, STOPPED after a resume, and STOPPED
//! without tasks while tasks ran. Only Connect itself is asked for that.

mod access;
mod address;
mod client;
mod condition;
mod connectors;
mod error;
mod kafka;
mod maker;
mod meta;
mod notes;
mod pool;
mod read;
mod rebalance;
mod roots;
mod secrets;
mod user;
mod version;

pub use access::{Access, InSecret, Login, Properties, Trust};
pub use address::Address;
pub use condition::{Condition, RECONCILIATION_PAUSED};
pub use connectors::{KafkaConnect, KafkaConnector};
pub use error::StrimziError;
pub use kafka::{Kafka, Listener};
pub use maker::{
    Connector, ConnectorKind, Desired, Feed, MirrorMaker, PutBack, SourceCluster, by_hand, noted,
    put_back, put_back_copying, stop,
};
pub use meta::{
    GIT_OPS, HELD, Held, HeldBy, LISTENERS, Meta, PAUSE, PAUSED, POKED, PRIOR, component,
};
pub use notes::{PatchOp, pause, pause_kafka, unpause, unpause_line};
pub use pool::{Claim, NodePool, Role};
pub use rebalance::KafkaRebalance;
pub use roots::Roots;
pub use secrets::Secrets;
pub use user::KafkaUser;
pub use version::ApiVersion;
