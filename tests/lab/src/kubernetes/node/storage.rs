//! The driver that the kubelet mounts volumes by (see `kubernetes/volumes.go`).

use std::path::Path;

use super::super::control_plane::ControlPlane;
use super::kubelet::{NAME, plugins};
use crate::error::LabError;

/// Its name, which volumes have.
pub const DRIVER: &str = "csi.lab.local";

/// The command line. The kubelet finds the driver by its socket.
pub(super) fn line(
    plane: &ControlPlane,
    folder: &Path,
    images: &Path,
) -> Result<Vec<String>, LabError> {
    let plugins = plugins(folder);
    std::fs::create_dir_all(&plugins).map_err(LabError::io("create", &plugins))?;
    let args = [
        plugins.join("lab.sock").display().to_string(),
        images.display().to_string(),
        DRIVER.to_owned(),
        NAME.to_owned(),
    ];
    Ok(plane.components().line("csi-node", &args))
}
