//! The phases, and the examples, as WebAssembly components: built, written with their digests,
//! and proven to be the same bytes wherever they are built.
//!
//! A component's digest stands in every cut, so it must name the source and
//! not the directory that it was compiled in.

mod components;
mod debian_source;
mod mirror;
mod remap;
mod reproducible;
mod sysroot;
mod toolchain;
mod way;

pub(crate) use components::{Built, build};
pub(crate) use reproducible::check as check_reproducible;
pub(crate) use way::StdChoice;

/// The target that has no operating system under it, hence no WASI.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The phases. Package, library and component carry these names.
pub(crate) const PHASES: [&str; 6] = [
    "quiesce-mirror",
    "await-drain",
    "snapshot-partitions",
    "snapshot-hot",
    "validate-head",
    "resume-mirror",
];

/// What is no phase: the example of a component that a site builds of its own. It
/// lies beside them, and no program carries it.
pub(crate) const EXAMPLES: [&str; 1] = ["order-key"];
