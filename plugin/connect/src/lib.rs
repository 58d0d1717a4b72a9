//! Kafka Connect's REST as the mirror-control and connector-position ports.
//!
//! It asks and tells, and gives what was answered; it retries nothing and
//! judges nothing. What comes from outside is bounded, checked for its shape
//! and stripped of control characters before any of it gets into a message.
//!
//! A request is carried by HTTP from here, or by curl that somebody runs where
//! the REST listens ([`Transport`]).
//!
//! May touch the network, and the clock to say when something was asked.

mod address;
mod client;
mod clusters;
mod curl;
mod decode;
mod error;
mod http;
mod look;
mod options;
mod redact;
mod select;
mod text;
mod transport;
mod wire;

pub use clusters::{CHANGE_TIMEOUT, ConnectClusters, OFFSETS_TIMEOUT, Reach};
pub use curl::{Curl, Ran, Remote};
pub use error::ConnectError;
pub use options::{BasicAuth, ConnectOptions};
pub use select::Selection;
pub use transport::{Call, MAX_BODY, Reply, Transport, Unanswered, Verb};
