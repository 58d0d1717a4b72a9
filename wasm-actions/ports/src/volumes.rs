//! The mirror's volumes: flushed and cut.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{PortError, PortErrorKind, Seen};

/// What became of the flush of one volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flushed {
    /// The volume's name in the configuration.
    pub volume: String,
    /// `node.id` of the broker that writes to it.
    pub broker: i32,
    /// Milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// Milliseconds since the Unix epoch.
    pub ended_ms: u64,
    /// `syncfs`, or `command`.
    pub method: String,
    /// When the descriptor that was flushed was opened: errors since are told.
    /// `null` where a command flushed. Milliseconds since the Unix epoch.
    pub opened_ms: Option<u64>,
    /// What the kernel or the command said, if it failed.
    pub error: Option<String>,
}

/// A snapshot of one volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotSeen {
    /// The volume's name in the configuration.
    pub volume: String,
    /// `node.id` of the broker that writes to it.
    pub broker: i32,
    /// `copy`, `command` or `csi`.
    pub driver: String,
    /// `reflink`, `plain-copy` or `command`; of `csi` the VolumeSnapshotClass.
    pub method: String,
    /// What finds it again: a path, the command's word for it, or a
    /// VolumeSnapshot's namespace and name.
    pub handle: String,
    /// Milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When the last of it was cut: nothing written after is in it. `null`
    /// while it is not cut.
    pub cut_ms: Option<u64>,
    /// Whether it can be restored from: an upload may follow the cut
    /// (`readyToUse` of a VolumeSnapshot).
    pub ready: bool,
    /// Why there is none.
    pub error: Option<String>,
}

/// Which one a snapshot is: another one of the same name has another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotIdentity {
    /// `metadata.uid` of a VolumeSnapshot.
    pub uid: String,
    /// The name of its VolumeSnapshotContent; `null` until it has one.
    pub content: Option<String>,
    /// What the storage calls it (`status.snapshotHandle` of that); `null` until it is
    /// there.
    pub stored_as: Option<String>,
}

/// A snapshot that somebody else made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtherSnapshot {
    /// What there is of it.
    pub seen: SnapshotSeen,
    /// Which one it is.
    pub identity: SnapshotIdentity,
}

/// Whether syncfs(2) of this kernel tells of what could not be written: since Linux 5.8 it
/// does (`vfs: track per-sb writeback errors and report them to syncfs`). Before, it returns
/// 0 where pages are lost.
///
/// # Errors
/// One line that names the kernel.
pub fn syncfs_tells(release: &str) -> Result<(), String> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let version: Option<(u32, u32)> = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    };
    match version {
        Some(version) if version >= (5, 8) => Ok(()),
        Some(_) => Err(format!(
            "Linux {release} does not tell a flush what it could not write (5.8 and later do)"
        )),
        None => Err(format!(
            "{release:?} is no Linux of which it is known that it tells a flush what it could \
             not write"
        )),
    }
}

/// The port that flushes.
pub trait VolumeFlush {
    /// Flushes all volumes' file systems at once, through descriptors opened
    /// before the stop: syncfs(2) reports only errors since.
    fn flush(&self) -> Seen<Vec<Flushed>>;
}

/// The port that cuts.
pub trait VolumeSnapshot {
    /// Asks for a snapshot of every volume, all at once; a second request of
    /// the same run asks for nothing new.
    fn request(&self) -> Seen<()>;
    /// What is there of this run, read back. (Named apart from other looks so
    /// that one world can be all of them.)
    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>>;
    /// All snapshots that there are of these volumes, whoever made them and when. Where
    /// nobody else can make any, it is not asked for.
    fn others(&self) -> Seen<Vec<OtherSnapshot>> {
        let why = "nobody but the run makes snapshots of these volumes";
        Err(PortError::new(PortErrorKind::Unsupported, why))
    }
}
