//! `cargo xtask image`: the program's own container image, written without a
//! daemon, as an OCI layout and as one archive of it.

use std::path::PathBuf;
use std::process::Command;

use crate::build;
use crate::command;
use crate::error::Error;
use crate::project::Project;
use crate::steps::Steps;
use crate::wasm;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Under which name.
    pub(crate) name: String,
    /// Where the folder and the archive go.
    pub(crate) output: Option<PathBuf>,
}

/// Its name where nobody gives another: the blueprint's.
pub(crate) const NAME: &str = concat!("slackwater.io/slackwater:", env!("CARGO_PKG_VERSION"));

/// Builds the program, optimised, and writes the image.
pub(crate) fn run(project: &Project, steps: &mut Steps, options: &Options) -> Result<(), Error> {
    steps.run("wasm components", || wasm::build(project, None))?;
    let built = steps.run("build, optimised", || build::release_bins(project))?;
    let folder = match &options.output {
        Some(folder) => folder.clone(),
        None => project.target.join("image"),
    };
    let archive = folder.with_extension("tar");
    let written = steps.run("image", || {
        let program = built.bin("slackwater")?;
        let compiled = project.target.join("image-compiled");
        command::run(Command::new(program).arg("compile").arg(&compiled))?;
        let written = slackwater_image::image_of(program, &compiled, &folder, &options.name)?;
        written.archive(&archive)?;
        Ok(written)
    })?;
    println!("{} {}", options.name, written.digest);
    println!("layout  {}", folder.display());
    println!("archive {}", archive.display());
    Ok(())
}
