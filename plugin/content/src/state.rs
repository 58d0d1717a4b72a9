//! What was listed, at hand while it is read.

use std::collections::BTreeMap;

use slackwater_logdir::{Locked, LogDir, Replica, survey};
use slackwater_ports::{ContentSurvey, Interval, LogDirSeen, PartitionId, ReplicaFound};

use crate::clock::now_ms;
use crate::folders::Folder;

/// Things that could not be read are named up to this many: one is enough to
/// leave a claim unproven, a hundred show what happened.
const MOST_UNREAD: usize = 100;

/// A log directory with the volume that it lies on.
#[derive(Debug)]
pub(crate) struct Dir {
    pub(crate) volume: String,
    pub(crate) broker: i32,
    pub(crate) opened_from: String,
    pub(crate) log: LogDir,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) dirs: Vec<Dir>,
    /// Where the replicas of a partition lie: log directory and position in
    /// it, in the order of the log directories.
    places: BTreeMap<PartitionId, Vec<(u32, usize)>>,
}

impl State {
    /// Lists `folders`.
    pub(crate) fn list(folders: &[Folder]) -> (Self, ContentSurvey) {
        let first_request_ms = now_ms();
        let mut state = Self::default();
        let mut unread = Vec::new();
        for folder in folders {
            match survey(&folder.path, Locked::Refuse) {
                Ok(logs) => state.dirs.extend(logs.into_iter().map(|log| Dir {
                    volume: folder.volume.clone(),
                    broker: folder.broker,
                    opened_from: folder.opened_from.clone(),
                    log,
                })),
                Err(error) => unread.push(format!("volume {}: {error}", folder.volume)),
            }
        }
        for dir in &state.dirs {
            let of_dir = |why: &String| format!("volume {}: {why}", dir.volume);
            unread.extend(dir.log.unread.iter().map(of_dir));
        }
        unread.truncate(MOST_UNREAD);
        for (at, dir) in state.dirs.iter().enumerate() {
            for (position, replica) in dir.log.replicas.iter().enumerate() {
                let places = state.places.entry(replica.partition.clone()).or_default();
                places.push((as_u32(at), position));
            }
        }
        let found = ContentSurvey {
            dirs: state.dirs.iter().map(Dir::seen).collect(),
            replicas: state.found(),
            unread,
            set_aside: state.set_aside(),
            asked: Interval {
                first_request_ms,
                last_answer_ms: now_ms().max(first_request_ms),
            },
        };
        (state, found)
    }

    fn found(&self) -> Vec<ReplicaFound> {
        let each = self.places.iter().flat_map(|(partition, places)| {
            places.iter().map(move |(dir, at)| (partition, *dir, *at))
        });
        each.map(|(partition, dir, at)| {
            let replica = &self.dirs[dir as usize].log.replicas[at];
            ReplicaFound {
                dir,
                partition: partition.clone(),
                topic_id: replica.topic_id.clone(),
                log_start_offset: replica.start,
                bytes: replica.bytes(),
            }
        })
        .collect()
    }

    fn set_aside(&self) -> Vec<String> {
        let of_dir = |dir: &Dir| {
            let volume = dir.volume.clone();
            let each = dir.log.set_aside.clone().into_iter();
            each.map(move |name| format!("{name} on volume {volume}"))
        };
        self.dirs.iter().flat_map(of_dir).collect()
    }

    /// The replicas of `partition`, in the order of the log directories.
    pub(crate) fn replicas(&self, partition: &PartitionId) -> Vec<(u32, &Replica)> {
        let places = self.places.get(partition).map_or(&[][..], Vec::as_slice);
        places
            .iter()
            .map(|(dir, at)| (*dir, &self.dirs[*dir as usize].log.replicas[*at]))
            .collect()
    }

    /// All replicas of `topic`.
    pub(crate) fn of_topic(&self, topic: &str) -> Vec<(u32, &Replica)> {
        self.places
            .keys()
            .filter(|partition| partition.topic == topic)
            .flat_map(|partition| self.replicas(partition))
            .collect()
    }
}

impl Dir {
    fn seen(&self) -> LogDirSeen {
        LogDirSeen {
            volume: self.volume.clone(),
            broker: self.broker,
            node_id: self.log.meta.node_id,
            cluster_id: self.log.meta.cluster_id.clone(),
            directory_id: self.log.meta.directory_id.clone(),
            clean_shutdown: self.log.clean_shutdown,
            opened_from: self.opened_from.clone(),
        }
    }
}

pub(crate) fn as_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
