//! A KafkaRebalance resource: whether Cruise Control moves replicas by it.

use serde::Deserialize;
use serde_json::Value;

use crate::meta::RawMeta;
use crate::read::{Raw, read};
use crate::{Condition, Meta, StrimziError};

/// The state in which a proposal that was approved is carried out. A state is the type
/// of a condition (`KafkaRebalanceState`: New, PendingProposal, ProposalReady,
/// Rebalancing, Stopped, NotReady, Ready, ReconciliationPaused), and there is one of
/// them at a time.
const REBALANCING: &str = "Rebalancing";

#[derive(Debug, Deserialize)]
struct RawRebalance {
    #[serde(default)]
    metadata: RawMeta,
    #[serde(default)]
    status: RawStatus,
}

/// A template has none, nor has one that the operator has not seen.
#[derive(Debug, Default, Deserialize)]
struct RawStatus {
    #[serde(default)]
    conditions: Vec<Condition>,
}

impl Raw for RawRebalance {
    const KIND: &'static str = "KafkaRebalance";
    type Checked = KafkaRebalance;

    fn metadata(&self) -> &RawMeta {
        &self.metadata
    }

    fn check(self) -> Result<KafkaRebalance, String> {
        Ok(KafkaRebalance {
            is_under_way: Condition::any(&self.status.conditions, REBALANCING),
            meta: self.metadata.check()?,
        })
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaRebalance {
    /// Who it is.
    pub meta: Meta,
    /// Whether it is being carried out, as its operator says. Of one that somebody has
    /// the operator leave alone nobody says it.
    pub is_under_way: bool,
}

impl KafkaRebalance {
    /// Reads one as the API server gave it.
    ///
    /// # Errors
    /// Another shape.
    pub fn read(object: &Value) -> Result<Self, StrimziError> {
        read::<RawRebalance>(object)
    }
}
