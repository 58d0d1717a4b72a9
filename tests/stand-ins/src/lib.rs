//! Stand-ins: what plays, in the tests' Kubernetes, the parts that can't be had
//! there. Each is small, says file and line of what it imitates, and has a
//! contract test for each thing that it does which holds for the real one, too.
//!
//! May talk to the API server as an administrator, and write images of volumes.

mod error;
mod image;
mod json;
mod kanctl;
mod manifests;
mod operator;
mod runner;
mod scene;
mod storage;

pub use error::StandInError;
pub use kanctl::{Kanctl, validate, why_failed};
pub use manifests::{Shape, kafkas, maker};
pub use operator::{Operator, Temper};
pub use runner::{Ask, Done, Kubectl, Runner};
pub use scene::{SPACE, Scene};
pub use storage::{CLASS, DRIVER, LATE_CLASS, SNAPSHOT_CLASS, Storage, Whim};
