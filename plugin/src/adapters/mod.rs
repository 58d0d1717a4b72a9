//! The small adapters that belong to no system: time, a person's terminal,
//! and a document in memory. The others are crates of their own.

mod clock;
mod no_guard;
mod scratch;
mod terminal;

pub use clock::SystemClock;
pub use no_guard::NoGuard;
pub use scratch::ScratchStore;
pub use terminal::{Lines, Terminal};
