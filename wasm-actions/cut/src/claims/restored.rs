//! `restored`: what lies on the restored volumes, before any broker starts, is
//! the cut. Against a closed cut, whose snapshot was read whole, each replica
//! is the same, batch by batch. Against a sealed one there is only what a
//! client saw: ends, last records, starts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::{ContentDepth, Interval, LogDirSeen, MetadataSeen, ReplicaRead};

use super::falls::{Change, Fall};
use super::replicas::{Findings, Read};
use super::volumes::{directories, directory_falls, tiered};
use super::{Judgement, name_some, start};
use crate::{Class, Content, Cut, PartitionRow, RowContent, Rows, State, Transactions};

/// What is held against what was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Basis {
    /// A closed cut whose snapshot was read whole.
    Closed {
        /// Its own digest.
        digest: String,
        /// The log directories of the snapshot: the rows refer to them.
        dirs: Vec<LogDirSeen>,
        /// Partitions on it that the cut does not have.
        extra: Vec<String>,
    },
    /// The seal alone.
    Sealed {
        /// The revision that sealed it; 0 where none did.
        revision: u64,
    },
}

/// The evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoredEvidence {
    /// The mirror's `cluster.id` in the cut.
    pub cluster_id: String,
    /// What it is held against.
    pub basis: Basis,
    /// When the volumes were listed.
    pub asked: Interval,
    /// How much was read.
    pub depth: ContentDepth,
    /// The log directories.
    pub dirs: Vec<LogDirSeen>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// Partitions that lie there and that the cut does not have.
    pub extra: Vec<String>,
    /// One for each row of the cut, in that order.
    pub rows: Vec<RowContent>,
    /// What the coordinators would go on with.
    pub transactions: Transactions,
    /// The metadata logs.
    pub metadata: Vec<MetadataSeen>,
}

impl RestoredEvidence {
    pub(super) fn new(cut: &Cut, content: Content, rows: Vec<RowContent>) -> Self {
        let closed = match (&cut.state, &cut.digest, &cut.content) {
            (State::Closed { .. }, Some(digest), Some(kept))
                if kept.depth == ContentDepth::Full =>
            {
                Some(Basis::Closed {
                    digest: digest.clone(),
                    dirs: kept.dirs.clone(),
                    extra: kept.extra.clone(),
                })
            }
            _ => None,
        };
        let revision = cut
            .snapshot
            .as_ref()
            .map_or(0, |snapshot| snapshot.sealed_revision);
        Self {
            cluster_id: cut.mirror_cluster_id().to_owned(),
            basis: closed.unwrap_or(Basis::Sealed { revision }),
            asked: content.asked,
            depth: content.depth,
            dirs: content.dirs,
            unread: content.unread,
            extra: content.extra,
            rows,
            transactions: content.transactions,
            metadata: content.metadata,
        }
    }

    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let mut findings = Findings::default();
        directories(&self.dirs, &self.cluster_id, &mut findings);
        tiered(rows.topics.iter(), &mut findings);
        if self.rows.len() != rows.partitions.len() {
            findings
                .unknown
                .push("not every partition was looked for".to_owned());
        }
        for (row, content) in rows.partitions.iter().zip(&self.rows) {
            let read = Read {
                rows,
                row,
                content,
                dirs: &self.dirs,
                unread: !self.unread.is_empty(),
            };
            read.are_there(&mut findings);
            read.are_whole(&mut findings);
            match &self.basis {
                Basis::Closed { dirs, .. } => {
                    self.same_as_kept(&read, dirs, &mut findings);
                }
                Basis::Sealed { .. } => {
                    if self.depth == ContentDepth::Full {
                        read.agree(&mut findings);
                    }
                    if rows.topic(row).class != Class::Own {
                        read.end_at_the_cut(&mut findings);
                        front(&read, &mut findings);
                    }
                }
            }
        }
        start::metadata(&self.metadata, &self.dirs, rows, &mut findings);
        start::transactions(&self.transactions, rows, &mut findings);
        let known: &[String] = match &self.basis {
            Basis::Closed { extra, .. } => extra,
            Basis::Sealed { .. } => &[],
        };
        for (what, these, those) in [
            ("not in the cut", &self.extra[..], known),
            ("not there any more", known, &self.extra[..]),
        ] {
            let other = these.iter().filter(|one| !those.contains(one));
            let other: Vec<String> = other.cloned().collect();
            if !other.is_empty() {
                findings
                    .contrary
                    .push(format!("{what}: {}", name_some(&other)));
            }
        }
        self.verdict(rows, findings)
    }

    fn verdict(&self, rows: &Rows, mut findings: Findings) -> Judgement {
        let examined = findings.examined;
        if !findings.contrary.is_empty() {
            return Judgement::refuted(examined, name_some(&findings.contrary));
        }
        findings.unknown = [self.unread.clone(), findings.unknown].concat();
        let mut doubt = |doubtful: bool, why: &str| {
            if doubtful {
                findings.unknown.push(why.to_owned());
            }
        };
        doubt(
            self.depth != ContentDepth::Full,
            "only the ends of the logs were read",
        );
        doubt(!self.asked.is_well_formed(), "the reading has no time");
        let basis = match &self.basis {
            Basis::Closed { digest, .. } => {
                doubt(digest.is_empty(), "the cut has no digest");
                "the closed cut, batch by batch"
            }
            Basis::Sealed { revision } => {
                doubt(*revision == 0, "the cut was not sealed");
                "the sealed cut, by its ends and last records"
            }
        };
        if !findings.unknown.is_empty() {
            return Judgement::unproven(examined, name_some(&findings.unknown));
        }
        Judgement::proven(
            examined,
            format!(
                "{examined} replicas of {} partitions are those of {basis}",
                rows.partitions.len()
            ),
        )
    }

    /// Each replica is what the snapshot held on the same volume.
    fn same_as_kept(&self, read: &Read<'_>, kept_dirs: &[LogDirSeen], findings: &mut Findings) {
        let Some(kept) = &read.row.content else {
            let name = read.rows.name(read.row);
            findings
                .unknown
                .push(format!("the cut has not read {name}"));
            return;
        };
        let volume = |dirs: &[LogDirSeen], replica: &ReplicaRead| {
            dirs.get(replica.dir as usize)
                .map(|dir| (dir.volume.clone(), dir.directory_id.clone()))
        };
        for replica in &read.content.replicas {
            let here = volume(&self.dirs, replica);
            let before = kept
                .replicas
                .iter()
                .find(|one| here.is_some() && volume(kept_dirs, one) == here);
            let on = read.on(replica.dir);
            let Some(before) = before else {
                findings
                    .contrary
                    .push(format!("{on} was not on that volume of the snapshot"));
                continue;
            };
            if let Some(what) = difference(replica, before) {
                findings.contrary.push(format!("{on} {what}"));
            }
        }
        let compared = |one: &RowContent| (one.compared_from, one.compared_to);
        if compared(read.content) != compared(kept) {
            let name = read.rows.name(read.row);
            findings
                .unknown
                .push(format!("{name} was not read as the snapshot was"));
        }
    }
}

/// In words; `None` where it is the same.
fn difference(is: &ReplicaRead, was: &ReplicaRead) -> Option<String> {
    if is.log_start_offset != was.log_start_offset {
        return Some(format!(
            "begins at {}, not at {}",
            is.log_start_offset, was.log_start_offset
        ));
    }
    if is.log_end_offset != was.log_end_offset {
        let beyond = match is.beyond {
            0 => String::new(),
            n => format!(", with {n} records past the cut"),
        };
        return Some(format!(
            "ends at {}, not at {}{beyond}",
            is.log_end_offset, was.log_end_offset
        ));
    }
    if is.whole != was.whole || is.tail != was.tail {
        return Some("holds other batches than the snapshot did".to_owned());
    }
    let same = ReplicaRead {
        dir: was.dir,
        ..is.clone()
    };
    (same != *was).then(|| "is otherwise not what the snapshot held".to_owned())
}

/// Where the starts of all replicas rose, what went is not accounted for.
fn front(read: &Read<'_>, findings: &mut Findings) {
    let least = read
        .content
        .replicas
        .iter()
        .map(|one| one.log_start_offset)
        .min();
    if least.is_some_and(|least| least > read.row.log_start_offset) {
        let PartitionRow {
            log_start_offset: start,
            ..
        } = read.row;
        findings.unknown.push(format!(
            "{} begins after {start} on every broker: what went before is not accounted for",
            read.rows.name(read.row)
        ));
    }
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    let replicas =
        |field: &str, change| Fall::evidence(format!("rows[].replicas[].{field}"), change);
    let mut falls = vec![
        Fall::evidence("clusterId", Change::OtherText),
        Fall::evidence("basis.closed.digest", Change::Set("".into())),
        Fall::evidence("basis.closed.dirs", Change::Clear),
        Fall::evidence("basis.closed.dirs[].volume", Change::OtherText),
        Fall::evidence("basis.closed.dirs[].directoryId", Change::OtherText),
        Fall::evidence("basis.closed.extra", Change::Push("t-0".into())),
        Fall::evidence("basis.sealed.revision", Change::Set(0.into())),
        Fall::evidence("asked.firstRequestMs", Change::Set(0.into())),
        Fall::evidence("asked.lastAnswerMs", Change::Set(1.into())),
        Fall::evidence("depth", Change::Set("tail".into())),
        Fall::evidence("unread", Change::Push("t-0".into())),
        Fall::evidence("extra", Change::Push("t-0".into())),
        Fall::evidence("rows", Change::Clear),
        Fall::evidence("rows[].comparedTo", Change::Add(1)),
        Fall::evidence("rows[].replicas", Change::Clear),
        replicas("dir", Change::Add(1000)),
        replicas("topicId", Change::OtherText),
        replicas("logStartOffset", Change::Add(1_000_000_000)),
        Fall::evidence("dirs[].volume", Change::OtherText).of_basis("closed"),
        replicas("logEndOffset", Change::Add(1)).of_basis("closed"),
        replicas("logEndOffset", Change::Add(1))
            .of_basis("sealed")
            .where_still(),
        replicas("bad", Change::Add(1)),
        replicas("readFrom", Change::Add(1_000_000_000)),
        replicas("whole", Change::OtherDigest).of_basis("closed"),
        replicas("digest", Change::OtherDigest).of_basis("sealed"),
        Fall::evidence("rows[].comparedFrom", Change::Add(1)),
        replicas("beyond", Change::Add(1)).of_basis("closed"),
        replicas("firstBad", Change::Set("x".into())).of_basis("closed"),
        replicas("holes", Change::Add(1)).of_basis("closed"),
        replicas("firstHole", Change::Set("x".into())).of_basis("closed"),
        replicas("cleanedTo", Change::Add(1)).of_basis("closed"),
        replicas("cleanerOffset", Change::Add(1)).of_basis("closed"),
        replicas("lastEpoch", Change::Add(1)).of_basis("closed"),
        replicas("openTransactions", Change::Add(1)).of_basis("closed"),
        replicas("digest", Change::OtherDigest).of_basis("closed"),
        replicas("tail.digest", Change::OtherDigest).of_basis("closed"),
        replicas("tail.count", Change::Add(1)).of_basis("closed"),
        replicas("tail.lastOffset", Change::Add(1)).of_basis("closed"),
        replicas("tail.lastTimestampMs", Change::Add(1)).of_basis("closed"),
        replicas("tail.batchEpoch", Change::Add(1)).of_basis("closed"),
        Fall::rows("replicas", Change::Push(99.into())),
        Fall::rows("content", Change::Set(serde_json::Value::Null)).of_basis("closed"),
        Fall::rows("content.replicas", Change::Clear).of_basis("closed"),
        Fall::rows("content.replicas[].whole", Change::OtherDigest).of_basis("closed"),
        Fall::topics_that_stand_still("id", Change::OtherText),
        Fall::still_rows("highWatermark", Change::Add(1)).of_basis("sealed"),
    ];
    falls.extend(directory_falls(""));
    falls.extend(start::falls());
    falls
}
