//! Every capability call of a phase, with its arguments and its answer, one
//! JSON line each: recorded on any world, and played back to another run of the
//! same phase, which must make the same calls and end in the same way.
//!
//! A recording holds what the capabilities give: observations and digests, no
//! content and no credentials. Pure: it opens no file.

mod calls;
mod difference;
mod line;
mod player;
mod recorder;

pub use difference::{Difference, in_one_line};
pub use line::{Begun, Line, RECORDING, TapeError};
pub use player::Player;
pub use recorder::{MOST_BYTES, RecordError, Recorded, Tape};
