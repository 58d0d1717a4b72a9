//! The native side of slackwater: the program, the guard, and the wiring of
//! phases to adapters.
//!
//! Nothing here decides what is drained, still or proven: the phases do.

pub mod adapters;
pub mod at_source;
pub mod command;
pub mod compare;
pub mod components;
pub mod config;
pub mod exit;
pub mod guard;
pub mod numbering;
pub mod outputs;
pub mod recording;
pub mod restore;
pub mod retention;
pub mod site;
pub mod trimming;
