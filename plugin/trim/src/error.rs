//! Why volumes could not be planned, or cut.

use std::io;
use std::path::{Path, PathBuf};

use slackwater_logdir::LogdirError;
use slackwater_point::{PlanError, Refused, TooManyNumbers};
use slackwater_ports::PartitionId;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum TrimError {
    /// These are not the volumes of the cut, or they have lost something.
    #[error(
        "the longest copy of {partition} ends at {end}, and {then} offsets were acknowledged before the \
         volumes were cut: these are not the volumes of this cut, a snapshot lacks what was flushed, or \
         its topic was made anew meanwhile, and is left out with --exclude-order"
    )]
    Lacks {
        /// Which.
        partition: PartitionId,
        /// Where the longest copy ends.
        end: u64,
        /// The high watermark then.
        then: u64,
    },
    /// The operating system refused.
    #[error("can't {what} {path}: {source}")]
    Io {
        /// For example `rename`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The logs can't be read.
    #[error(transparent)]
    Logdir(#[from] LogdirError),
    /// There is no point.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The plan can't be gone by.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A directory without `node.id`.
    #[error("{0} has no node.id in its meta.properties: it can't be told whose copies it has")]
    NoNode(PathBuf),
    /// Not one cluster.
    #[error("these directories are of several clusters ({0}): plan one after the other")]
    Clusters(String),
    /// One replica twice.
    #[error("{one} and {other} are the same copy of the same node: name each directory once")]
    Twice {
        /// The one.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// A partition of a copy could not be read.
    #[error("{path} has what can't be read: {why}")]
    Unread {
        /// Which log directory.
        path: PathBuf,
        /// What and why.
        why: String,
    },
    /// Copies that contradict each other.
    #[error(
        "the copies of {partition} contradict each other at offset {offset} in one leader's epoch: {}; \
         put a copy of the right directory in place of the other, or take another backup", which_one(*.odd)
    )]
    Divergent {
        /// Which.
        partition: PartitionId,
        /// From where on.
        offset: u64,
        /// The broker whose copy alone contradicts the others.
        odd: Option<i32>,
    },
    /// Logs of two topics.
    #[error(
        "the copies of {partition} are of two topics of that name: that of node {} has the id {}, that of \
         node {} the id {}{}: the topic was made anew meanwhile; put a copy of the right directory in \
         place of the other, or take another backup", one.0, one.1, other.0, other.1, in_the_cut(wanted)
    )]
    TwoTopics {
        /// Which.
        partition: PartitionId,
        /// Node and topic id of a copy.
        one: (i32, String),
        /// And of another one.
        other: (i32, String),
        /// By the cut, where that says it.
        wanted: Option<String>,
    },
    /// Logs of another topic than the cut knows.
    #[error(
        "the copies of {partition} are of a topic with the id {found}, and that of the cut is {wanted}: it \
         was made anew meanwhile; leave it out with --exclude-order, or take another backup"
    )]
    OtherTopic {
        /// Which.
        partition: PartitionId,
        /// The id of all copies.
        found: String,
        /// That in the cut.
        wanted: String,
    },
    /// What was left out is not there.
    #[error(
        "--exclude-order names {topic}, and neither the cut nor these volumes have such a topic: a topic \
         is named as it is on the mirror"
    )]
    NoTopic {
        /// As it was named.
        topic: String,
    },
    /// The copy that would be kept is damaged.
    #[error(
        "the copy of {partition} that would be kept, of node {node}, is damaged before its end, at offset \
         {offset}: {why}; {}", instead(.whole)
    )]
    Damaged {
        /// Which.
        partition: PartitionId,
        /// Whose copy goes further than all others.
        node: i32,
        /// As far as it can be read.
        offset: u64,
        /// What is wrong.
        why: String,
        /// The other copies in which nothing was found, and where each ends.
        whole: Vec<(i32, u64)>,
    },
    /// A broker that has a copy by the cut.
    #[error(
        "node {node} has a copy of {partition} by the cut, and none was given: name its directory; a \
         broker that starts without it may lead, and the others are cut back to nothing then"
    )]
    Missing {
        /// Which.
        partition: PartitionId,
        /// Whose.
        node: i32,
    },
    /// Below what the cleaner changed.
    #[error(
        "the point lies at offset {cut} of {partition}, which is compacted up to {cleaned_to}: what \
         compaction took can't be put back; leave its topic out with --exclude-order"
    )]
    Compacted {
        /// Which.
        partition: PartitionId,
        /// Where it would be cut.
        cut: u64,
        /// Compacted below.
        cleaned_to: u64,
    },
    /// The order needs what the cut does not have.
    #[error(
        "the order `source` needs heads of the sources with the records below them, and {0}: a hot run \
         has them, and one that stood still where its sources could be read after it"
    )]
    NoSweeps(&'static str),
    /// Volumes that are not what the cut is of.
    #[error(
        "{partition} ends at {end} on these volumes, and at {then} in the cut: this is not what stood \
         still"
    )]
    NotAsItStood {
        /// Which.
        partition: PartitionId,
        /// Where its longest log ends.
        end: u64,
        /// Where it ended then.
        then: u64,
    },
    /// It can't be written, and so has no digest.
    #[error(transparent)]
    Cut(#[from] slackwater_cut::CutError),
    /// A record whose number can't be told.
    #[error("the record at offset {offset} of {partition} has no order: {why}")]
    OrderKey {
        /// Which.
        partition: PartitionId,
        /// Its offset.
        offset: u64,
        /// Why, and the remedy.
        why: String,
    },
    /// Numbers that are none of an order.
    #[error(transparent)]
    Numbers(#[from] TooManyNumbers),
    /// Of other data.
    #[error("{path} is not what the plan was made for: {why}; plan again")]
    OtherData {
        /// Which copy.
        path: PathBuf,
        /// What is other.
        why: String,
    },
    /// A directory of the plan is not there.
    #[error("the plan names node {0}, and none of the directories is of it: name all of them")]
    NodeMissing(i32),
    /// A copy is not there.
    #[error("the plan names a copy of {partition} on node {node}, and there is none: plan again")]
    CopyMissing {
        /// Which.
        partition: PartitionId,
        /// Whose.
        node: i32,
    },
    /// One that another plan has begun to cut.
    #[error("{path} has a trim by another plan ({digest}) {why}")]
    OtherPlan {
        /// Which log directory.
        path: PathBuf,
        /// The digest of that plan.
        digest: String,
        /// How far it is, and the remedy.
        why: &'static str,
    },
    /// A state that forbids it.
    #[error("{path} {why}")]
    State {
        /// Which log directory.
        path: PathBuf,
        /// In words that go on after its path.
        why: &'static str,
    },
    /// Somebody was there since.
    #[error(
        "{path} is not as its trim left it: {found}; a broker has run there since, or files were \
         deleted{remedy}"
    )]
    NotAsLeft {
        /// Which log directory.
        path: PathBuf,
        /// What is there that no trim leaves, or is gone.
        found: String,
        /// In words that go on there.
        remedy: &'static str,
    },
    /// A journal that can't be read.
    #[error("{path} is not a journal of ours: {why}")]
    Journal {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// No room.
    #[error("{path} has room for {free} bytes, and {needed} are needed beside the data: make room")]
    NoRoom {
        /// Which log directory.
        path: PathBuf,
        /// How much there is.
        free: u64,
        /// How much there must be.
        needed: u64,
    },
    /// A batch that can't be cut inside.
    #[error("the batch at offset {offset} of {partition} can't be cut at {cut}: {why}")]
    Recode {
        /// Which.
        partition: PartitionId,
        /// The batch's first offset.
        offset: u64,
        /// Where it would be cut.
        cut: u64,
        /// What is wrong.
        why: String,
    },
    /// What is to come behind what is kept can't be written.
    #[error("what Connect needs in {partition} can't be written: {why}")]
    Add {
        /// Which.
        partition: PartitionId,
        /// Why not.
        why: String,
    },
    /// What was written is not what was to be.
    #[error("{path} ends at {found} after the trim, and should end at {wanted}: {why}")]
    ReadBack {
        /// Which copy.
        path: PathBuf,
        /// Where it ends.
        found: u64,
        /// Where it should.
        wanted: u64,
        /// What else is wrong.
        why: String,
    },
}

fn which_one(node: Option<i32>) -> String {
    node.map_or_else(
        || "which of them is wrong can't be told".to_owned(),
        |node| format!("that of node {node} alone does"),
    )
}

fn instead(whole: &[(i32, u64)]) -> String {
    let each = whole
        .iter()
        .map(|(node, end)| format!("that of node {node} ends at {end}"));
    match each.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "no other is whole: take another backup".to_owned(),
        each => format!(
            "of the others {each}, and nothing is wrong there: put a copy of such a directory in \
             place of the damaged one, or take another backup"
        ),
    }
}

fn in_the_cut(id: &Option<String>) -> String {
    let said = id
        .as_ref()
        .map(|id| format!(", and that of the cut is {id}"));
    said.unwrap_or_default()
}

impl TrimError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}
