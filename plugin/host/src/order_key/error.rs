//! Why an order key can't be asked, or gave no answer.

use crate::HostError;

/// See the module. Each goes on after the name of the component's file.
#[derive(Debug, thiserror::Error)]
pub enum OrderKeyError {
    /// The host's own trouble.
    #[error(transparent)]
    Host(#[from] HostError),
    /// It is no component.
    #[error("is not a component: {why}; build one for the world order-key")]
    NotAComponent {
        /// In one line.
        why: String,
    },
    /// A phase's, or one with WASI.
    #[error(
        "wants {import}, and an order key is granted nothing: build it for the world order-key, \
         without WASI (wasm32-unknown-unknown)"
    )]
    Wants {
        /// The import's name.
        import: String,
    },
    /// Another world.
    #[error("is not of the world order-key: {why}")]
    OtherWorld {
        /// In one line.
        why: String,
    },
    /// The fuel limit.
    #[error(
        "was ended: it used up its fuel, {limit} units (about one an instruction) for one record; have \
         it look at less of a record, or give none"
    )]
    OutOfFuel {
        /// Units.
        limit: u64,
    },
    /// The memory limit.
    #[error(
        "was ended: it wanted more memory than its limit, {limit} bytes; have it copy less of a record, \
         and give back what it takes"
    )]
    OutOfMemory {
        /// Bytes.
        limit: usize,
    },
    /// The limit on tables.
    #[error("was ended: it wanted more {what} than {limit}")]
    OutOfRoom {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// It trapped: a panic in it, most likely.
    #[error("was ended by a trap: {trap}; have it give none for a record that it can't read")]
    Trapped {
        /// wasmtime's word for it.
        trap: String,
    },
}
