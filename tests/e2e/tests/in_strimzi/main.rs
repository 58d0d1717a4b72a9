//! The phases in pods of the program's own image, as Kanister runs them, on a
//! mirror in Strimzi: real Kafka, MirrorMaker 2 and Kubernetes; the operator and
//! the storage are stand-ins, or, on a cluster that somebody has, the real ones.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is a cluster"
)]

use slackwater_stand_ins::Shape;

/// Of the mirror.
const SHAPE: Shape = Shape::Plain;

mod access;
mod another_mirror;
mod backup;
mod blueprint;
mod by_hand;
mod clone_by_hand;
mod clones;
mod deaf;
mod each_verb;
mod each_verb_of_kanister;
mod elsewhere;
mod failures;
mod fleet;
mod flush_error;
mod found;
mod ground;
mod groups;
mod guards;
mod hot;
mod k10;
mod k10_clone;
mod k10_failures;
mod k10_git_ops;
mod k10_import;
mod k10_lost;
mod k10_others;
mod k10_restore;
mod k10_restore_failures;
mod k10_restore_point;
mod k10_several;
mod k10_stand_in;
mod k10_told;
mod k10_unreachable;
mod k10_unread;
mod k10_window;
mod kanister;
mod mistyped;
mod no_room;
mod overlays;
mod pause;
mod place;
mod produced;
mod read_back;
mod restore;
mod resumed;
mod retention;
mod rights;
mod roles;
mod rolls;
mod tampered;
mod would_stay;
