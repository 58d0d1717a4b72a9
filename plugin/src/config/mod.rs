//! The configuration: a YAML file of kind `Mirror` for a mirror on machines; for
//! one in Strimzi a document of kind `StrimziMirror`, which may be left out.
//!
//! What was typed is a [`RawMirror`] or a [`RawStrimzi`]; what was checked is a
//! [`Mirror`] or a [`StrimziOptions`], and the rest of the program sees only that.

mod check;
mod raw;
mod span;
mod strategy;
mod strimzi;
pub(crate) mod yaml;

use std::path::{Path, PathBuf};

pub(crate) use check::addresses;
pub use check::{ConnectSite, Mirror, SnapshotSite};
pub use raw::RawMirror;
pub use span::Span;
pub(crate) use strategy::{with_strategy, with_verify};
pub use strimzi::{RawStrimzi, StopBy, StrimziOptions};

/// Files above this are no configuration.
const MOST_BYTES: u64 = 1 << 20;

/// Why a configuration can't be used. Each message names the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no YAML, or has another shape.
    #[error("{}: {why}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        why: String,
    },
    /// A value that can't be.
    #[error("{}: {key}: {why}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// For example `limits.window`.
        key: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Checks a document of kind `StrimziMirror`; `path` is what messages call it.
///
/// # Errors
/// See [`ConfigError`].
pub fn strimzi(text: &str, path: &Path) -> Result<StrimziOptions, ConfigError> {
    let raw: RawStrimzi = yaml::parse(text).map_err(|why| ConfigError::Shape {
        path: path.to_owned(),
        why,
    })?;
    StrimziOptions::check(raw).map_err(|wrong| value(path, wrong))
}

/// What was typed is quoted in it, line breaks and all.
fn value(path: &Path, (key, why): check::Wrong) -> ConfigError {
    ConfigError::Value {
        path: path.to_owned(),
        key: key.replace(['\n', '\r'], " "),
        why: why.replace(['\n', '\r'], " "),
    }
}

/// Reads and checks a configuration.
///
/// # Errors
/// See [`ConfigError`].
pub fn load(path: &Path) -> Result<Mirror, ConfigError> {
    let read = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    let length = std::fs::metadata(path).map_err(read)?.len();
    if length > MOST_BYTES {
        return Err(ConfigError::Shape {
            path: path.to_owned(),
            why: format!("it has {length} bytes; a configuration has at most {MOST_BYTES}"),
        });
    }
    let text = std::fs::read_to_string(path).map_err(read)?;
    let raw: RawMirror = yaml::parse(&text).map_err(|why| ConfigError::Shape {
        path: path.to_owned(),
        why,
    })?;
    check::check(raw).map_err(|wrong| value(path, wrong))
}
