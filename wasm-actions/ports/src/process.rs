//! Which operating-system process each broker is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Seen;

/// The broker's process on one volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerProcess {
    /// The volume's name in the configuration.
    pub volume: String,
    /// `node.id` of the broker that writes to it, by the configuration.
    pub broker: i32,
    /// Another text for another process: its id and when it started. `null`
    /// where it is not known.
    pub identity: Option<String>,
    /// Why it is not known.
    pub why: Option<String>,
}

/// The port.
pub trait BrokerProcesses {
    /// One for each volume.
    fn broker_processes(&self) -> Seen<Vec<BrokerProcess>>;
}
