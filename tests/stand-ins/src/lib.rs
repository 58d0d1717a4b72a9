//! Stand-ins: what plays, in the tests' Kubernetes, the parts that can't be had
//! there. Each is small, says file and lines of what it imitates, and has a contract test for
//! each thing that it does which holds for the real one, too.
//!
//! Lines are those of Kanister 0.119.0, Strimzi 1.2.0, external-snapshotter 8.6.0,
//! external-provisioner 6.3.0 (with what it has below `vendor`), and Kubernetes 1.34.4 (its
//! modules: 0.34.4). Of Strimzi's classes files are named without their folders. Of Kafka,
//! Connect and Go only names are said.
//!
//! May talk to the API server as an administrator, and write images of volumes.

mod changes;
mod error;
mod found;
mod ground;
mod image;
mod json;
mod kanctl;
mod kubectl;
mod manifests;
mod operator;
mod runner;
mod scene;
mod storage;

pub use error::StandInError;
pub use found::{Found, LABEL, elsewhere, mark, said};
pub use ground::Ground;
pub use kanctl::{Kanctl, validate, why_failed};
pub use kubectl::{kubectl, words_here, words_of};
pub use manifests::{POOLS, Shape};
pub use operator::{Operator, Temper};
pub use runner::{Ask, Done, Kubectl, Renderer, Runner};
pub use scene::{SPACE, Scene, tool};
pub use storage::{CLASS, DRIVER, LATE_CLASS, SNAPSHOT_CLASS, Storage, Whim};
