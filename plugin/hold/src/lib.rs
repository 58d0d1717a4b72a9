//! What is decided around the phases: by the guard, which holds the mirror and
//! keeps one deadline, and by the program, which runs one phase after the
//! other, gives the run up where one fails, and puts right what a dead guard
//! left behind; and by hooks of node pools, which share a run.
//!
//! Like the phases it decides and does nothing by itself: what it knows and
//! does goes through [`Hands`], [`Deck`] and [`Salvage`], which the program
//! implements on processes, sockets and files, and the simulation on a world
//! of its own. No I/O, no threads, no clock but the port.

mod bound;
mod course;
mod hands;
mod hold;
mod salvage;
mod succession;
mod watch;

pub use bound::{Earlier, Enter, Progress, Snapped, enter, is_first, snapped};
pub use course::{Cause, Deck, GivenUp, Step, backup, close, drain, give_up, release, undo};
pub use hands::Hands;
pub use hold::{Hold, LetGo, Released};
pub use salvage::{LeaseLook, Recovered, Salvage, recover};
pub use succession::{Standing, standing};
pub use watch::{Chore, TICK_MS, Watch};
