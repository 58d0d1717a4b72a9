//! A mirror of seven node pools that K10 backs up and restores by hooks that are bound to
//! each of them, whatever their order.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is a cluster"
)]

use slackwater_stand_ins::Shape;

/// Of the mirror.
const SHAPE: Shape = Shape::Pools;

mod backup;
mod failures;
#[path = "../in_strimzi/found.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod found;
#[path = "../in_strimzi/ground.rs"]
mod ground;
#[path = "../in_strimzi/k10_restore_point.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod k10_restore_point;
#[path = "../in_strimzi/k10_stand_in.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod k10_stand_in;
#[path = "../in_strimzi/kanister.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod kanister;
#[path = "../in_strimzi/place.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod place;
#[path = "../in_strimzi/produced.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod produced;
mod restore;
mod stand_in;
