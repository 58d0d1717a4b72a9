//! Which compiler is in force and where it lives. Only asks.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::Error;
use crate::project::Project;
use crate::wasm::TARGET;

/// The compiler that cargo calls.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// The directory that holds `bin`, `lib` and the standard libraries.
    pub(crate) sysroot: PathBuf,
    /// The first line of `rustc -vV`.
    pub(crate) version: String,
    /// For example `1.95.0`.
    pub(crate) release: String,
    /// The host's target triple.
    pub(crate) host: String,
    commit: String,
}

impl Toolchain {
    /// Asks the `rustc` on the PATH, as cargo would.
    pub(crate) fn of(project: &Project) -> Result<Self, Error> {
        let ask = |args: &[&str]| {
            let mut rustc = Command::new("rustc");
            command::output(rustc.current_dir(&project.root).args(args))
        };
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
        Self::read(sysroot, &ask(&["-vV"])?)
    }

    fn read(sysroot: PathBuf, verbose: &str) -> Result<Self, Error> {
        let field = |name: &str| {
            verbose
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .map(str::to_owned)
                .ok_or_else(|| Error::Unexpected {
                    command: "rustc -vV".into(),
                    what: format!("no {name}"),
                })
        };
        Ok(Self {
            sysroot,
            version: verbose.lines().next().unwrap_or_default().to_owned(),
            release: field("release")?,
            host: field("host")?,
            commit: field("commit-hash")?,
        })
    }

    /// Whether the standard library for the components is installed in it.
    pub(crate) fn has_target(&self) -> bool {
        self.sysroot
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib")
            .is_dir()
    }

    /// Whether rustup installed it; it leaves its channel's manifest.
    pub(crate) fn is_of_rustup(&self) -> bool {
        self.sysroot
            .join("lib/rustlib/multirust-channel-manifest.toml")
            .is_file()
    }

    /// The path under which a shipped standard library names its sources.
    pub(crate) fn virtual_source(&self) -> PathBuf {
        Path::new("/rustc").join(&self.commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBOSE: &str = "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\ncommit-hash: 5980\n\
        commit-date: 2026-04-14\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n";

    #[test]
    fn the_compilers_description_is_read() {
        let toolchain = Toolchain::read("/sys".into(), VERBOSE).unwrap();
        assert_eq!(toolchain.version, "rustc 1.95.0 (59807616e 2026-04-14)");
        assert_eq!(toolchain.release, "1.95.0");
        assert_eq!(toolchain.host, "x86_64-unknown-linux-gnu");
        assert_eq!(toolchain.virtual_source(), Path::new("/rustc/5980"));
    }

    #[test]
    fn a_description_without_its_release_is_refused() {
        let error = Toolchain::read("/sys".into(), "rustc 1\nhost: x\n").unwrap_err();
        assert!(error.to_string().contains("no release"), "{error}");
    }
}
