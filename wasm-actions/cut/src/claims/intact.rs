//! `intact`: the content is whole, not only its head. Every batch of every
//! replica was read, is what it says, follows the one before it, and is the
//! same on all replicas.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::{ContentDepth, Interval, LogDirSeen};

use super::falls::{Change, Fall};
use super::replicas::{Findings, Read, front_falls, replica_falls, whole_falls};
use super::volumes::{
    SnapshotHandle, directories, directory_falls, handles, opened, opened_falls, tiered, unseen,
};
use super::{Judgement, name_some};
use crate::{Class, Cut, Rows, Strategy};

/// The evidence, beside what was read of each replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntactEvidence {
    /// The mirror's `cluster.id`.
    pub cluster_id: String,
    /// When the snapshot was listed.
    pub asked: Interval,
    /// When the last volume was cut: what retention can have deleted by then.
    /// Milliseconds since the Unix epoch.
    pub last_cut_ms: u64,
    /// How much was read.
    pub depth: ContentDepth,
    /// The snapshots of the run.
    pub snapshots: Vec<SnapshotHandle>,
    /// The log directories that were read.
    pub dirs: Vec<LogDirSeen>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// Partitions that lie on the volumes and that the cut does not have. Left out
    /// where there are none, as in cuts from before it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// Whether the mirror ran on: then no other claim says that what was acknowledged
    /// before the flush is there. Left out where it did not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hot: bool,
}

pub(super) fn gather(cut: &Cut) -> Result<IntactEvidence, String> {
    let content = super::content(cut)?;
    Ok(IntactEvidence {
        cluster_id: cut.mirror_cluster_id().to_owned(),
        asked: content.asked,
        last_cut_ms: super::last_cut_ms(cut),
        depth: content.depth,
        snapshots: handles(cut),
        dirs: content.dirs.clone(),
        unread: content.unread.clone(),
        unseen: content.extra.clone(),
        hot: cut.settings.strategy == Strategy::Hot,
    })
}

impl IntactEvidence {
    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let mut findings = Findings::default();
        directories(&self.dirs, &self.cluster_id, &mut findings);
        opened(&self.dirs, &self.snapshots, &mut findings);
        tiered(rows.topics.iter(), &mut findings);
        for row in &rows.partitions {
            let Some(content) = &row.content else {
                findings
                    .unknown
                    .push(format!("{} was not read", rows.name(row)));
                continue;
            };
            let read = Read {
                rows,
                row,
                content,
                dirs: &self.dirs,
                unread: !self.unread.is_empty(),
            };
            read.are_there(&mut findings);
            if self.hot && rows.topic(row).class != Class::Own {
                let ends = content.replicas.iter().map(|one| one.log_end_offset);
                if ends.min().is_none_or(|end| end < row.high_watermark) {
                    let name = rows.name(row);
                    findings.unknown.push(format!(
                        "a copy of {name} ends before {}, which was acknowledged before the flush",
                        row.high_watermark
                    ));
                }
            }
            read.have_their_fronts(self.last_cut_ms, &mut findings);
            read.are_whole(&mut findings);
            if self.depth == ContentDepth::Full {
                read.agree(&mut findings);
            }
        }
        let examined = findings.examined;
        if !findings.contrary.is_empty() {
            return Judgement::refuted(examined, name_some(&findings.contrary));
        }
        if self.depth != ContentDepth::Full {
            return Judgement::unproven(examined, "only the ends of the logs were read");
        }
        findings.unknown = [self.unread.clone(), findings.unknown].concat();
        findings.unknown.extend(unseen(&self.unseen));
        if self.last_cut_ms == 0 {
            let untimed = "the snapshots have no time".to_owned();
            findings.unknown.push(untimed);
        }
        if !self.asked.is_well_formed() {
            findings.unknown.push("the reading has no time".to_owned());
        }
        if !findings.unknown.is_empty() {
            return Judgement::unproven(examined, name_some(&findings.unknown));
        }
        Judgement::proven(
            examined,
            format!(
                "every batch of {examined} replicas of {} partitions is what it says, and all \
                 replicas agree",
                rows.partitions.len()
            ),
        )
    }
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    let mut falls = vec![
        Fall::evidence("clusterId", Change::OtherText),
        Fall::evidence("asked.firstRequestMs", Change::Set(0.into())),
        Fall::evidence("asked.lastAnswerMs", Change::Set(1.into())),
        Fall::evidence("lastCutMs", Change::Set(0.into())),
        Fall::evidence("depth", Change::Set("tail".into())),
        Fall::evidence("unread", Change::Push("t-0".into())),
        Fall::evidence("unseen", Change::Push("t-0".into())).left_out_where_empty(),
        Fall::still_rows("content.comparedTo", Change::Add(1)),
        Fall::still_rows("content.replicas[].holes", Change::Add(1)).where_not_compacted(),
    ];
    falls.extend(directory_falls(""));
    falls.extend(opened_falls(""));
    falls.extend(replica_falls(Fall::rows));
    falls.extend(whole_falls(Fall::rows));
    falls.extend(front_falls(Fall::rows));
    falls
}
