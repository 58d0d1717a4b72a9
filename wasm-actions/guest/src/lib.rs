//! The generated bindings, turned into the ports: what a component sees the
//! world through.
//!
//! A phase crate hands [`Capabilities`] to its logic, which knows the traits
//! of `slackwater-ports` alone, and turns what comes back into what its world
//! exports ([`ended`]). Nothing here decides anything.
//!
//! It compiles natively too, where no binding can be called: only the
//! conversions are of use there, to their tests.

pub mod bindings;
mod calls;
mod convert;
mod panic;

use slackwater_ports::{Failure, Outcome};

use bindings::slackwater::phase::types;
use convert::Convert as _;

pub use panic::install_panic_hook;

/// Every capability. A component imports only those that its phase calls,
/// since the linker drops the rest; the host links those of its world alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Capabilities;

/// How a phase ended, as its world exports it.
///
/// # Errors
/// The phase's own failure, as it is.
pub fn ended(how: Result<Outcome, Failure>) -> Result<types::Outcome, types::Failure> {
    how.convert()
}
