//! The phases, the guard's hold and the course of a run, in a world that is
//! simulated: the same capabilities, on a virtual clock, from one seed.
//!
//! What the world does, and what it does not, is in `WORLD.md`. Nothing here is
//! part of the product; nothing of the product knows that it is simulated.

#![allow(
    clippy::cast_possible_truncation,
    reason = "numbers here are small: a schedule lasts minutes and holds thousands of records"
)]

mod agenda;
mod calibration;
mod driver;
mod fault;
mod faults;
mod guard;
mod hand;
mod hot;
mod in_strimzi;
mod invariants;
mod lease;
mod program;
mod record;
#[cfg(test)]
mod regressions;
mod schedule;
mod settings;
mod sim;
mod step;
mod trial;
#[cfg(test)]
mod without_a_source;
mod world;

pub use calibration::{CLAIMS, Plot, Verdicts};
pub use trial::{Coverage, Trial, record_seed, shrink, try_seed};
