//! Log directories, read: those that the tests write, and those that real brokers left.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod ages;
mod all_records;
mod any_bytes;
mod brokers;
mod compaction;
mod cut;
mod damage;
mod dump_log;
mod holes;
mod large_batches;
mod log_directories;
mod segments_on_disk;
mod tail;
mod torn_tail;
mod vanishing;
mod whole_log;

#[path = "../fixture/mod.rs"]
mod fixture;
#[path = "../log/mod.rs"]
mod log;
