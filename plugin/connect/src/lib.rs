//! Kafka Connect's REST as the mirror-control and connector-position ports.
//!
//! It asks and tells, and gives what was answered; it retries nothing and
//! judges nothing. What comes from outside is bounded, checked for its shape
//! and stripped of control characters before any of it gets into a message.
//!
//! May touch the network, and the clock to say when something was asked.

mod address;
mod clusters;
mod decode;
mod error;
mod http;
mod look;
mod options;
mod redact;
mod select;
mod text;
mod wire;

pub use clusters::{CHANGE_TIMEOUT, ConnectClusters, OFFSETS_TIMEOUT};
pub use error::ConnectError;
pub use http::MAX_BODY;
pub use options::{BasicAuth, ConnectOptions};
pub use select::Selection;
