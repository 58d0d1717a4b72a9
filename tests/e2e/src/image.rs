//! The program's image, as `cargo xtask image` writes it, of the program that is
//! tested.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::SceneError;

/// Writes it below a folder under this name, and gives its archive.
///
/// # Errors
/// What can't be compiled or written.
pub fn image(program: &Path, folder: &Path, name: &str) -> Result<PathBuf, SceneError> {
    let compiled = folder.join("compiled");
    let compile = Command::new(program).arg("compile").arg(&compiled).status();
    let status = compile.map_err(SceneError::io("run", program))?;
    if !status.success() {
        let what = format!("{} compile: {status}", program.display());
        return Err(SceneError::Unexpected(what));
    }
    let unexpected =
        |error: slackwater_image::ImageError| SceneError::Unexpected(error.to_string());
    let image = folder.join("image");
    let written =
        slackwater_image::image_of(program, &compiled, &image, name).map_err(unexpected)?;
    let archive = folder.join("image.tar");
    written.archive(&archive).map_err(unexpected)?;
    Ok(archive)
}
