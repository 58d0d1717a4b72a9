//! Where a backup product runs hooks around each node pool, and none around the whole:
//! which pools a run is for, and which of their hooks have come.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is noted of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bound {
    /// The pool whose hook began the run.
    pub begun_by: String,
    /// All pools that have volumes, by name.
    pub pools: Vec<PoolHooks>,
}

/// A node pool, and its hooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PoolHooks {
    /// Its name.
    pub pool: String,
    /// Its volumes.
    pub volumes: Vec<String>,
    /// When its hook before found the run sealed, and the mirror held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_ms: Option<u64>,
    /// When its hook after found each of its volumes snapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u64>,
}

impl Bound {
    /// One of its pools.
    pub fn pool(&self, name: &str) -> Option<&PoolHooks> {
        self.pools.iter().find(|one| one.pool == name)
    }

    /// The same, to be changed.
    pub fn pool_mut(&mut self, name: &str) -> Option<&mut PoolHooks> {
        self.pools.iter_mut().find(|one| one.pool == name)
    }

    /// Pools whose hook after has not come yet, by name.
    pub fn missing(&self) -> Vec<&str> {
        let missing = self.pools.iter().filter(|one| one.left_ms.is_none());
        missing.map(|one| one.pool.as_str()).collect()
    }
}
