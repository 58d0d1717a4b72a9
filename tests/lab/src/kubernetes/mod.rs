//! A real Kubernetes for tests, with Strimzi's real custom resource definitions.
//!
//! A [`ControlPlane`] is etcd, the API server and the controllers, on this
//! machine's loopback addresses: nothing runs in it, and no root is needed. A
//! [`Cluster`] has a scheduler and a node beside it, in namespaces of its own,
//! and pods run.
//!
//! May fetch and build below the lab's cache, and start processes in a run
//! directory of its own. Knows nothing of Kafka.

mod cluster;
mod components;
mod control_plane;
mod credentials;
mod definitions;
mod go;
mod java;
mod network;
mod node;

use crate::error::LabError;

pub use cluster::Cluster;
pub use components::KUBERNETES_VERSION;
pub use control_plane::ControlPlane;
pub use definitions::{Definitions, Strimzi};
pub use go::program as go_program;
pub(crate) use java::ensure as java;
pub use node::STORAGE_DRIVER;
pub(crate) use node::remove_cgroup;

/// Builds and fetches all that a control plane is made of, so that none has to
/// wait for it later.
///
/// # Errors
/// What can't be built or fetched.
pub fn set_up() -> Result<(), LabError> {
    components::Components::ensure()?;
    Definitions::ensure(Strimzi::V1)?;
    Definitions::ensure(Strimzi::V1Beta2).map(drop)
}
