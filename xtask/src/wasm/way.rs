//! The way to a standard library for the components: one that is installed,
//! one that rustup fetches, or one built from Debian's sources of the same
//! release. May change the toolchain only through rustup.

use std::process::Command;
use std::time::Duration;

use clap::ValueEnum;

use crate::command;
use crate::error::Error;
use crate::project::Project;
use crate::wasm::TARGET;
use crate::wasm::debian_source::{self, Source};
use crate::wasm::toolchain::Toolchain;

/// How long rustup may take. It fetches about 20 MB; a machine that can't
/// reach its server shall not wait for long before the next way is tried.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// What the command line can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StdChoice {
    /// The one in the toolchain
    Installed,
    /// Fetched by rustup
    Rustup,
    /// Built from Debian's sources of the same release
    BuildStd,
}

/// A way that was found to work.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// In the toolchain, and not from rustup.
    Installed,
    /// In the toolchain, from rustup, now or earlier.
    Rustup,
    /// Built from these sources.
    BuildStd(Source),
}

impl Way {
    /// How `std.txt` names it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Installed => "installed".into(),
            Self::Rustup => "rustup".into(),
            Self::BuildStd(source) => format!("build-std (rust-src {})", source.version),
        }
    }

    /// The part of the target directory that is built this way.
    pub(crate) fn directory(&self) -> &'static str {
        match self {
            Self::Installed | Self::Rustup => "installed",
            Self::BuildStd(_) => "build-std",
        }
    }

    /// What to ask for to take the same way again.
    pub(crate) fn choice(&self) -> StdChoice {
        match self {
            Self::Installed | Self::Rustup => StdChoice::Installed,
            Self::BuildStd(_) => StdChoice::BuildStd,
        }
    }
}

/// The way that was asked for, or the first that works.
pub(crate) fn find(
    project: &Project,
    toolchain: &Toolchain,
    choice: Option<StdChoice>,
) -> Result<Way, Error> {
    match choice {
        Some(StdChoice::Installed) => installed(toolchain),
        Some(StdChoice::Rustup) => rustup(project, toolchain),
        Some(StdChoice::BuildStd) => build_std(project, toolchain),
        None => {
            if toolchain.has_target() {
                return installed(toolchain);
            }
            let refused = match rustup(project, toolchain) {
                Ok(way) => return Ok(way),
                Err(error) => error,
            };
            eprintln!(
                "rustup brought no {TARGET} ({refused}); building the standard library from source"
            );
            build_std(project, toolchain).map_err(|error| Error::NoWay {
                tried: format!("{refused}; {error}"),
            })
        }
    }
}

fn installed(toolchain: &Toolchain) -> Result<Way, Error> {
    match (toolchain.has_target(), toolchain.is_of_rustup()) {
        (true, true) => Ok(Way::Rustup),
        (true, false) => Ok(Way::Installed),
        (false, _) => Err(Error::NoTarget {
            sysroot: toolchain.sysroot.clone(),
        }),
    }
}

fn rustup(project: &Project, toolchain: &Toolchain) -> Result<Way, Error> {
    let mut rustup = Command::new("rustup");
    rustup
        .current_dir(&project.root)
        .args(["target", "add", TARGET]);
    command::run_within(&mut rustup, RUSTUP_LIMIT)?;
    installed(toolchain)
}

fn build_std(project: &Project, toolchain: &Toolchain) -> Result<Way, Error> {
    debian_source::get(&project.cache, &toolchain.release).map(Way::BuildStd)
}
