//! Types of metadata records, by their `apiKey`.

use std::fmt;

/// Those that an image takes in. The others (access control, quotas,
/// credentials, producer ids and what a later Kafka adds) are counted only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A broker process registered.
    RegisterBroker,
    /// A broker was taken out of the cluster.
    UnregisterBroker,
    /// A topic was created.
    Topic,
    /// A partition was created; in a snapshot, as it stands.
    Partition,
    /// A configuration was set or deleted.
    Config,
    /// What changed of a partition.
    PartitionChange,
    /// A broker was fenced (before Kafka 3.3).
    FenceBroker,
    /// A broker was unfenced (before Kafka 3.3).
    UnfenceBroker,
    /// A topic was deleted.
    RemoveTopic,
    /// A feature was finalized.
    FeatureLevel,
    /// What changed of a broker.
    BrokerRegistrationChange,
    /// A metadata transaction begins (KIP-868).
    BeginTransaction,
    /// It is complete, and counts from here.
    EndTransaction,
    /// It never counts.
    AbortTransaction,
    /// A controller process registered.
    RegisterController,
    /// Eligible leader replicas were given up (KIP-966).
    ClearElr,
}

impl Kind {
    const ALL: [Self; 16] = [
        Self::RegisterBroker,
        Self::UnregisterBroker,
        Self::Topic,
        Self::Partition,
        Self::Config,
        Self::PartitionChange,
        Self::FenceBroker,
        Self::UnfenceBroker,
        Self::RemoveTopic,
        Self::FeatureLevel,
        Self::BrokerRegistrationChange,
        Self::BeginTransaction,
        Self::EndTransaction,
        Self::AbortTransaction,
        Self::RegisterController,
        Self::ClearElr,
    ];

    /// `None` for one that is not taken in.
    pub(super) fn of(api_key: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.api_key() == api_key)
    }

    /// As the message definitions have it.
    pub fn api_key(self) -> u16 {
        match self {
            Self::RegisterBroker => 0,
            Self::UnregisterBroker => 1,
            Self::Topic => 2,
            Self::Partition => 3,
            Self::Config => 4,
            Self::PartitionChange => 5,
            Self::FenceBroker => 7,
            Self::UnfenceBroker => 8,
            Self::RemoveTopic => 9,
            Self::FeatureLevel => 12,
            Self::BrokerRegistrationChange => 17,
            Self::BeginTransaction => 23,
            Self::EndTransaction => 24,
            Self::AbortTransaction => 25,
            Self::RegisterController => 27,
            Self::ClearElr => 28,
        }
    }

    /// Of Kafka 4.3. Only tagged fields may be new in a version that is known;
    /// another may have any form.
    pub fn newest_version(self) -> u64 {
        match self {
            Self::RegisterBroker => 4,
            Self::BrokerRegistrationChange => 3,
            Self::Partition | Self::PartitionChange => 2,
            _ => 0,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}Record ({})", self.api_key())
    }
}
