//! Snapshots of the metadata: `<end offset>-<epoch>.checkpoint`, beside the log.
//!
//! A snapshot holds the same records as a log, without history, between
//! control records. Its own offsets begin at 0 and have nothing to do with the
//! log's.
//!
//! Source: `Snapshots.filenameFromSnapshotId` and `RecordsSnapshotWriter`.

use super::error::MetadataError;
use super::image::MetadataImage;

/// Which snapshot. The greatest is the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId {
    /// It holds what the log says below this offset.
    pub end: u64,
    /// Epoch of the log's last record that it holds.
    pub epoch: i32,
}

impl SnapshotId {
    /// From the name of a file; `None` for any other, those that are being
    /// written (`.part`) or deleted (`.deleted`) among them.
    pub fn parse(file_name: &str) -> Option<Self> {
        let (end, epoch) = file_name.strip_suffix(".checkpoint")?.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(end) || !digits(epoch) {
            return None;
        }
        Some(Self {
            end: end.parse().ok()?,
            epoch: epoch.parse().ok()?,
        })
    }
}

/// A snapshot that is being read.
#[derive(Debug, Clone)]
pub struct Snapshot {
    id: SnapshotId,
    image: MetadataImage,
}

impl Snapshot {
    /// The one with this id, of which nothing was read yet.
    pub fn new(id: SnapshotId) -> Self {
        Self {
            id,
            image: MetadataImage::default(),
        }
    }

    /// Takes one data record, with its offset in the snapshot's file.
    ///
    /// # Errors
    /// See [`MetadataError`].
    pub fn apply(&mut self, offset: u64, value: &[u8]) -> Result<(), MetadataError> {
        self.image.apply(offset, value)
    }

    /// All were given: what the log says below the snapshot's end. Whether
    /// they were all is not known here; the file's footer tells.
    ///
    /// # Errors
    /// [`MetadataError::Unended`].
    pub fn finish(self) -> Result<MetadataImage, MetadataError> {
        self.image.ends_at(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshots_name_says_where_it_ends() {
        let id = SnapshotId::parse("00000000000000000123-0000000004.checkpoint");
        assert_eq!(id, Some(SnapshotId { end: 123, epoch: 4 }));
    }

    #[test]
    fn other_files_are_no_snapshots() {
        for name in [
            "00000000000000000123-0000000004.checkpoint.part",
            "00000000000000000123-0000000004.checkpoint.deleted",
            "00000000000000000123.log",
            "bootstrap.checkpoint",
            "+1-+1.checkpoint",
            "99999999999999999999-0000000004.checkpoint",
        ] {
            assert_eq!(SnapshotId::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_newest_is_the_greatest() {
        let id = |end, epoch| SnapshotId { end, epoch };
        assert_eq!(
            [id(9, 1), id(10, 1), id(9, 2)].iter().max(),
            Some(&id(10, 1))
        );
    }
}
