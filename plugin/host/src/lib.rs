//! Runs a phase's component inside limits.
//!
//! A phase is a WebAssembly component without WASI. It is given the ports of
//! its own world and no other, one fresh instance a run, and limits on fuel,
//! memory and wall time; whatever it does, a run ends with its outcome, its
//! failure, or a [`HostError`] that names the limit.
//!
//! An [`OrderKey`] is a component of a site's own, which no phase is: it is given
//! no port at all, and asked for one record after another.
//!
//! This crate may start the thread that ticks the time limit and write
//! wasmtime's own cache of compiled code. It may not touch Kafka, Connect or a
//! volume: those are the ports', which the caller hands in.

mod bindings;
mod component;
mod convert;
mod error;
mod glue;
mod grants;
mod host;
mod limits;
mod meter;
mod name;
mod order_key;
mod ports;
mod replay;
mod state;
mod text;
mod ticker;

pub use component::{MAX_COMPONENT_BYTES, PhaseComponent};
pub use error::HostError;
pub use grants::Capability;
pub use host::{Host, HostOptions, PhaseRun};
pub use limits::Limits;
pub use name::{Entry, PhaseName, UnknownPhase};
pub use order_key::{Header, Message, OrderKey, OrderKeyError};
pub use ports::{Port, Ports};
pub use text::{MAX_LINE_BYTES, MAX_LINES};
