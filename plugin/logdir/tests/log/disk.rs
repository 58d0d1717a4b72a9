//! A log directory.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use slackwater_logdir::{Locked, LogDir, Replica, survey};
use tempfile::TempDir;

use crate::log::batch::{Batch, bytes_of};

/// A file system in memory: some tests write thousands of logs.
const MEMORY: &str = "/dev/shm";

/// Removed when it is dropped.
pub struct Disk {
    root: TempDir,
}

impl Disk {
    /// As `kafka-storage format` leaves it.
    pub fn new() -> Self {
        let root = match Path::new(MEMORY).is_dir() {
            true => tempfile::tempdir_in(MEMORY),
            false => tempfile::tempdir(),
        };
        let disk = Self {
            root: root.unwrap(),
        };
        let meta = "#\n#Sat Nov 21 10:00:00 UTC 2026\ncluster.id=kVSgfurUQFGGpHMTBqBPiw\n\
                    directory.id=6WIBsTTm7wzXXoJYKTsyHw\nnode.id=1\nversion=1\n";
        disk.write("meta.properties", meta.as_bytes());
        disk
    }

    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// Writes a file, and the directory that it is in.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A replica's directory.
    pub fn partition(&self, name: &str) -> PathBuf {
        let text = b"version: 0\ntopic_id: 4Fi6pGugSI6936nrTTy4_w";
        self.write(&format!("{name}/partition.metadata"), text);
        self.path().join(name)
    }

    /// Segments, each named by its first batch.
    pub fn segments(&self, name: &str, segments: &[&[Batch]]) {
        self.partition(name);
        for batches in segments {
            let base = batches.first().map_or(0, |one| one.base);
            self.segment(name, base, &bytes_of(batches));
        }
    }

    /// One segment of any bytes.
    pub fn segment(&self, name: &str, base: u64, bytes: &[u8]) -> PathBuf {
        self.partition(name);
        self.write(&format!("{name}/{}", segment_name(base)), bytes)
    }

    /// `log-start-offset-checkpoint` and its sisters.
    pub fn checkpoint(&self, file: &str, entries: &[(&str, u32, u64)]) {
        let mut text = format!("0\n{}\n", entries.len());
        for (topic, partition, offset) in entries {
            writeln!(text, "{topic} {partition} {offset}").unwrap();
        }
        self.write(file, text.as_bytes());
    }

    pub fn survey(&self) -> LogDir {
        survey(self.path(), Locked::Refuse).unwrap().remove(0)
    }

    /// The replica in this directory, as the survey finds it.
    pub fn replica(&self, name: &str) -> Replica {
        let dir = self.survey();
        assert_eq!(dir.unread, Vec::<String>::new());
        let path = self.path().join(name);
        let mut replicas = dir.replicas.into_iter();
        replicas.find(|replica| replica.path == path).unwrap()
    }
}

/// What a broker calls a segment.
pub fn segment_name(base: u64) -> String {
    format!("{base:020}.log")
}
