//! A lab with slackwater on it: the program, its configuration and its store.
//!
//! Tests, demo and benchmarks use the program as a user does: its commands,
//! their output and their exit codes.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge of the tests: real programs are waited for in real time"
)]

mod compared;
mod error;
mod finished;
mod gate;
mod image;
mod interlude;
mod order_key;
mod process;
mod scene;
mod services;
mod stage;
mod tamper;

pub use compared::Compared;
pub use error::SceneError;
pub use finished::{Finished, wait_until};
pub use gate::Gate;
pub use image::image;
pub use interlude::Interlude;
pub use order_key::order_key;
pub use process::{is_alive, kill_guard, process_state, send_signal};
pub use scene::{EXPORTS, PATIENT, Scene, cut_of, program};
pub use services::Services;
pub use stage::{RunFile, Stage, guard_pid};
pub use tamper::{Chance, Tamper, Touched, tamper};
