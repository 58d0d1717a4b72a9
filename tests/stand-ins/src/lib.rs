//! Stand-ins: what plays, in the tests' Kubernetes, the parts that can't be had
//! there. Each is small, says file and function, or class, of what it imitates, and has a
//! contract test for each thing that it does which holds for the real one, too.
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
