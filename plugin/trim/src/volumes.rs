//! Log directories of several brokers, put together: the copies of each
//! partition.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use slackwater_logdir::{Locked, LogDir, Replica, survey};
use slackwater_ports::PartitionId;

use crate::copy::CopyAt;
use crate::error::TrimError;

/// The log of the cluster's metadata: controllers agree on it by themselves,
/// and no topic's point says anything of it.
const METADATA: &str = "__cluster_metadata";

/// Log directories, as they were surveyed.
#[derive(Debug)]
pub struct Volumes {
    /// All of them.
    pub(crate) dirs: Vec<LogDir>,
    /// Of the brokers that have them.
    pub(crate) cluster_id: Option<String>,
}

impl Volumes {
    /// Finds the log directories at or below these paths.
    ///
    /// # Errors
    /// One that a broker holds locked, or that can't be read whole; those of
    /// several clusters.
    pub fn open(paths: &[PathBuf]) -> Result<Self, TrimError> {
        let mut dirs = Vec::new();
        for path in paths {
            dirs.extend(survey(path, Locked::Refuse)?);
        }
        let clusters: BTreeSet<&str> = dirs
            .iter()
            .filter_map(|dir| dir.meta.cluster_id.as_deref())
            .collect();
        if clusters.len() > 1 {
            let names: Vec<&str> = clusters.into_iter().collect();
            return Err(TrimError::Clusters(names.join(", ")));
        }
        let cluster_id = clusters.first().map(|id| (*id).to_owned());
        for dir in &dirs {
            if let Some(why) = dir.unread.first() {
                return Err(TrimError::Unread {
                    path: dir.path.clone(),
                    why: why.clone(),
                });
            }
            node(dir)?;
        }
        let volumes = Self { dirs, cluster_id };
        volumes.each_once()?;
        Ok(volumes)
    }

    /// Looks at the same directories again, which are held by now: whoever opened
    /// and closed their locks would let go of them.
    pub(crate) fn survey_again(&mut self) -> Result<(), TrimError> {
        let mut dirs = Vec::new();
        for dir in &self.dirs {
            dirs.extend(survey(&dir.path, Locked::Allow)?);
        }
        self.dirs = dirs;
        Ok(())
    }

    fn each_once(&self) -> Result<(), TrimError> {
        let mut seen: BTreeMap<(Option<i32>, &PartitionId), &Path> = BTreeMap::new();
        for (dir, replica) in self.replicas() {
            let key = (dir.meta.node_id, &replica.partition);
            if let Some(other) = seen.insert(key, &replica.path) {
                return Err(TrimError::Twice {
                    one: other.to_owned(),
                    other: replica.path.clone(),
                });
            }
        }
        Ok(())
    }

    fn replicas(&self) -> impl Iterator<Item = (&LogDir, &Replica)> {
        let all = self.dirs.iter();
        all.flat_map(|dir| dir.replicas.iter().map(move |replica| (dir, replica)))
    }

    /// The copies of each partition, by their brokers. Of each the cleaner came as far as of
    /// any: a follower that took its log from a leader whose was cleaned has the same holes, and
    /// its own checkpoint says nothing of them until its own cleaner has run.
    pub(crate) fn copies(&self) -> Result<BTreeMap<PartitionId, Vec<CopyAt>>, TrimError> {
        let mut copies: BTreeMap<PartitionId, Vec<CopyAt>> = BTreeMap::new();
        for (dir, replica) in self.replicas() {
            if replica.partition.topic == METADATA {
                continue;
            }
            let of = copies.entry(replica.partition.clone()).or_default();
            of.push(CopyAt {
                node: node(dir)?,
                dir: dir.path.clone(),
                replica: replica.clone(),
            });
        }
        for of in copies.values_mut() {
            of.sort_by_key(|copy| copy.node);
            let cleaned = of.iter().filter_map(|copy| copy.replica.cleaner_offset);
            let cleaned = cleaned.max();
            for copy in of {
                copy.replica.cleaner_offset = cleaned;
            }
        }
        Ok(copies)
    }
}

fn node(dir: &LogDir) -> Result<i32, TrimError> {
    dir.meta
        .node_id
        .ok_or_else(|| TrimError::NoNode(dir.path.clone()))
}
