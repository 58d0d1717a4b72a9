//! A real Kubernetes API for tests: etcd, the API server and the controllers,
//! on this machine's loopback addresses, with Strimzi's real custom resource
//! definitions. No node: nothing runs in it, and no root is needed.
//!
//! May fetch and build below the lab's cache, and start processes in a run
//! directory of its own. Knows nothing of Kafka.

mod components;
mod control_plane;
mod credentials;
mod definitions;
mod go;
mod java;

use crate::error::LabError;

pub use components::KUBERNETES_VERSION;
pub use control_plane::ControlPlane;
pub use definitions::Definitions;

/// Builds and fetches all that a control plane is made of, so that none has to
/// wait for it later.
///
/// # Errors
/// What can't be built or fetched.
pub fn set_up() -> Result<(), LabError> {
    components::Components::ensure()?;
    Definitions::ensure().map(drop)
}
