//! The ports, each a call of a binding: arguments one way, observations the
//! other.

mod cluster;
mod content;
mod mirror;
mod run;
mod volumes;
