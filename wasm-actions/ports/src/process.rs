//! Which operating-system process each broker is, and whether it runs.

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

/// What became of a broker that was asked to stop or to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerAnswer {
    /// Its `node.id`.
    pub broker: i32,
    /// Whether whoever was asked says that it is done.
    pub done: Seen<()>,
}

/// The port that stops the brokers.
pub trait BrokerStop {
    /// Asks all of them at once to stop cleanly, and waits until each is said
    /// to have ended. (Named apart from other stops so that one world can be
    /// all of them.)
    fn stop_brokers(&self) -> Seen<Vec<BrokerAnswer>>;
}

/// The port that starts them.
pub trait BrokerStart {
    /// Asks for all of them to be started, at once; one that runs is left
    /// alone.
    fn start_brokers(&self) -> Seen<Vec<BrokerAnswer>>;
}
