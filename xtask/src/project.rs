//! Where the project, its target directory and its cache are, and how cargo is
//! called for it. Changes no file.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::command;
use crate::error::Error;

/// A checkout of the project and what surrounds it.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, whoever chose it.
    pub(crate) target: PathBuf,
    /// What is fetched once and outlives checkouts.
    pub(crate) cache: PathBuf,
    /// The home that cargo is given, where it isn't the user's.
    pub(crate) home: Option<PathBuf>,
}

impl Project {
    /// The project that the current directory is in.
    pub(crate) fn discover() -> Result<Self, Error> {
        let mut cargo = Command::new(cargo_program());
        clean(&mut cargo, is_of_cargo_run);
        let text = command::output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| unexpected(&error.to_string()))?;
        let path = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| unexpected(key))
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            cache: cache()?,
            home: None,
        })
    }

    /// Where the components and their digests are written.
    pub(crate) fn wasm_dir(&self) -> PathBuf {
        self.target.join("wasm-actions")
    }

    /// Cargo at the root, without what `cargo run` put into the environment.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(cargo_program());
        clean(&mut cargo, is_of_cargo_run);
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    /// Cargo at the root, without anything that could change what it compiles.
    pub(crate) fn pure_cargo(&self) -> Command {
        let mut cargo = self.cargo();
        clean(&mut cargo, changes_a_build);
        if let Some(home) = &self.home {
            // The toolchain stays where rustup put it: it is an input.
            if let Some(rustup) = home_or("RUSTUP_HOME", ".rustup") {
                cargo.env("RUSTUP_HOME", rustup);
            }
            cargo
                .env("HOME", home)
                .env("CARGO_HOME", home.join(".cargo"));
        }
        cargo
    }

    /// Where this checkout's cargo keeps what it downloaded.
    pub(crate) fn cargo_home(&self) -> Result<PathBuf, Error> {
        match &self.home {
            Some(home) => Ok(home.join(".cargo")),
            None => home_or("CARGO_HOME", ".cargo").ok_or(Error::NoHome),
        }
    }
}

/// `$SLACKWATER_CACHE`, or `~/.cache/slackwater`.
fn cache() -> Result<PathBuf, Error> {
    home_or("SLACKWATER_CACHE", ".cache/slackwater").ok_or(Error::NoHome)
}

fn home_or(variable: &str, below_home: &str) -> Option<PathBuf> {
    match std::env::var_os(variable) {
        Some(set) => Some(PathBuf::from(set)),
        None => std::env::home_dir().map(|home| home.join(below_home)),
    }
}

fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn clean(command: &mut Command, unwanted: fn(&str) -> bool) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(unwanted) {
            command.env_remove(&name);
        }
    }
}

/// What `cargo run` sets for the program that it starts. Left in place it
/// makes build scripts that watch these run again.
fn is_of_cargo_run(name: &str) -> bool {
    matches!(
        name,
        "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
    ) || name.starts_with("CARGO_MANIFEST_")
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_BIN_EXE_")
}

/// What a user may have set that would change a component's bytes. The number
/// of jobs and where downloads are kept don't.
fn changes_a_build(name: &str) -> bool {
    matches!(
        name,
        "RUSTC"
            | "RUSTC_BOOTSTRAP"
            | "RUSTC_WORKSPACE_WRAPPER"
            | "RUSTC_WRAPPER"
            | "RUSTFLAGS"
            | "CARGO_ENCODED_RUSTFLAGS"
            | "CARGO_INCREMENTAL"
    ) || (name.starts_with("CARGO_BUILD_") && name != "CARGO_BUILD_JOBS")
        || (name.starts_with("CARGO_TARGET_") && name != "CARGO_TARGET_DIR")
        || name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_UNSTABLE_")
}

fn unexpected(what: &str) -> Error {
    Error::Unexpected {
        command: "cargo metadata".into(),
        what: what.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_a_component_is_kept_from_cargo_and_what_speeds_it_up_is_not() {
        for name in [
            "RUSTFLAGS",
            "CARGO_PROFILE_WASM_STRIP",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
        ] {
            assert!(changes_a_build(name), "{name}");
        }
        for name in ["CARGO_BUILD_JOBS", "CARGO_TARGET_DIR", "CARGO_HOME", "PATH"] {
            assert!(!changes_a_build(name) && !is_of_cargo_run(name), "{name}");
        }
        assert!(is_of_cargo_run("CARGO_PKG_VERSION"));
    }
}
