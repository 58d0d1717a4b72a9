//! validateHead: the closing look, the verdicts, and what came back.
//!
//! [`close_bracket`] looks once more after the last snapshot was cut; the
//! guard runs it before it resumes the mirror. [`prove_content`] reads the
//! snapshot, judges the claims and closes the cut. [`compare_volumes`] holds
//! restored volumes against a cut, [`compare_restored`] running brokers.
//!
//! It may only look: it can't stop or start a mirror, and can't touch a
//! volume.

mod bracket;
#[cfg(target_arch = "wasm32")]
mod component;
mod content;
mod point;
mod prove;
mod restored;
mod volumes;
mod world;

pub use bracket::close_bracket;
pub use prove::prove_content;
pub use restored::compare_restored;
pub use volumes::compare_volumes;
pub use world::World;
