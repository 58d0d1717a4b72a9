//! The mirror's volumes as the configuration names them, checked. Does no
//! I/O.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Template, VolumeError};

/// Longest name: names become file names and arguments of commands.
const MAX_NAME: usize = 64;

/// Most volumes of one mirror: each takes a thread while it is cut.
const MAX_VOLUMES: usize = 256;

/// How a volume is flushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flush {
    /// syncfs(2): the volume is a file system that is mounted here.
    Syncfs,
    /// The user's command, whose exit status is the evidence.
    Command(Template),
}

/// A data volume of one broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    name: String,
    broker: i32,
    path: PathBuf,
    flush: Flush,
}

impl Volume {
    /// `name`: 1 to 64 of `A-Z`, `a-z`, `0-9`, `-` and `_`, the first no
    /// `-`. `path`: absolute, the mount point or the broker's log directory.
    pub fn new(
        name: &str,
        broker: i32,
        path: impl Into<PathBuf>,
        flush: Flush,
    ) -> Result<Self, VolumeError> {
        let path = path.into();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        let fits = (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('-');
        if !fits || !name.bytes().all(allowed) {
            return Err(VolumeError::Settings(format!(
                "volume {:?} must have a name of 1 to {MAX_NAME} of A-Z, a-z, 0-9, - and _, \
                 the first no -",
                name.chars().take(MAX_NAME).collect::<String>()
            )));
        }
        if !path.is_absolute() {
            return Err(VolumeError::Settings(format!(
                "volume {name}: path {} must be absolute",
                path.display()
            )));
        }
        Ok(Self {
            name: name.to_owned(),
            broker,
            path,
            flush,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `node.id` of the broker that writes to it.
    pub fn broker(&self) -> i32 {
        self.broker
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is flushed.
    pub fn flush(&self) -> &Flush {
        &self.flush
    }
}

/// All volumes of a mirror: at least one, no name and no path twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volumes(Vec<Volume>);

impl Volumes {
    /// Checks the list.
    pub fn new(volumes: Vec<Volume>) -> Result<Self, VolumeError> {
        let settings = |why: String| Err(VolumeError::Settings(why));
        if volumes.is_empty() {
            return settings("no volume is configured: name each broker's under volumes".into());
        }
        if volumes.len() > MAX_VOLUMES {
            return settings(format!("more than {MAX_VOLUMES} volumes are configured"));
        }
        let mut names = BTreeSet::new();
        let mut paths = BTreeSet::new();
        for volume in &volumes {
            if !names.insert(&volume.name) {
                return settings(format!("volume {} is configured twice", volume.name));
            }
            if !paths.insert(&volume.path) {
                return settings(format!("two volumes have path {}", volume.path.display()));
            }
        }
        Ok(Self(volumes))
    }

    /// In the order of the configuration.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Volume> {
        self.0.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Volume] {
        &self.0
    }
}

/// A run's name: 1 to 64 of `a-z`, `0-9` and `-`, the first no `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunName(String);

impl RunName {
    /// Checks it.
    pub fn new(text: &str) -> Result<Self, VolumeError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=MAX_NAME).contains(&text.len()) && !text.starts_with('-');
        if !fits || !text.bytes().all(allowed) {
            return Err(VolumeError::Settings(format!(
                "run id {:?} must be 1 to {MAX_NAME} of a-z, 0-9 and -, the first no -",
                text.chars().take(MAX_NAME).collect::<String>()
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_an_option_or_a_path_is_refused() {
        for bad in ["", "-rf", "a/b", "..", "a.b", "a b"] {
            assert!(Volume::new(bad, 1, "/v", Flush::Syncfs).is_err(), "{bad}");
            assert!(RunName::new(bad).is_err(), "{bad}");
        }
        assert!(Volume::new("data_1", 1, "relative", Flush::Syncfs).is_err());
    }

    #[test]
    fn no_volume_and_a_volume_named_twice_are_refused() {
        let volume = |name, path| Volume::new(name, 1, path, Flush::Syncfs).unwrap();
        assert!(Volumes::new(Vec::new()).is_err());
        assert!(Volumes::new(vec![volume("a", "/a"), volume("a", "/b")]).is_err());
        assert!(Volumes::new(vec![volume("a", "/a"), volume("b", "/a")]).is_err());
        assert!(Volumes::new(vec![volume("a", "/a"), volume("b", "/b")]).is_ok());
    }
}
