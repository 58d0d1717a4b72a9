//! Volumes of clusters that are made up, planned, trimmed and put back: files of theirs on a
//! disk, and no broker.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod as_left;
mod brute_force;
mod coordinators;
mod copies;
mod crashes;
mod earlier;
mod hot;
mod limits;
mod numbers;
mod owners;
mod positions;
mod reach;
mod recode;
mod refusals;
mod topics;
mod unlisted;

#[path = "../brokers/mod.rs"]
mod brokers;
#[path = "../heads/mod.rs"]
mod heads;
#[path = "../../../logdir/tests/log/mod.rs"]
mod log;
#[path = "../site/mod.rs"]
mod site;
#[path = "../world/mod.rs"]
mod world;
