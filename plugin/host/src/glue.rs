//! The interfaces of `wit/`, each call a call of a port. Nothing here decides
//! anything; a call that comes when the time is up ends the run.

mod cluster;
mod content;
mod mirror;
mod run;
mod volumes;
