//! `durable`: what was acknowledged, and only that, is in the snapshot. Read
//! from the snapshot: a client sees the high watermark, and when a follower's
//! fetcher hangs, the leader's log goes on alone above it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::{Interval, LogDirSeen, MetadataSeen};

use super::falls::{Change, Fall};
use super::others::OthersSeen;
use super::replicas::{Findings, Read, end_falls, front_falls, replica_falls};
use super::volumes::{
    SnapshotHandle, directories, directory_falls, handles, opened, opened_falls, tiered, unseen,
};
use super::{Judgement, name_some, start};
use crate::{Cut, Rows, Transactions};

/// The evidence, beside what was read of each replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DurableEvidence {
    /// The mirror's `cluster.id`.
    pub cluster_id: String,
    /// When the snapshot was listed.
    pub asked: Interval,
    /// When the last volume was cut: what retention can have deleted by then.
    /// Milliseconds since the Unix epoch.
    pub last_cut_ms: u64,
    /// Before the first stop. Milliseconds since the Unix epoch.
    pub stop_started_ms: u64,
    /// The revision that sealed the run; 0 where none did.
    pub sealed_revision: u64,
    /// Each volume's flush, after the seal.
    pub flushed: Vec<FlushSeen>,
    /// The broker's process on each volume.
    pub processes: Vec<ProcessPair>,
    /// The snapshots of the run.
    pub snapshots: Vec<SnapshotHandle>,
    /// The log directories that were read.
    pub dirs: Vec<LogDirSeen>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// What the coordinators would go on with.
    pub transactions: Transactions,
    /// The metadata logs.
    pub metadata: Vec<MetadataSeen>,
    /// Partitions that lie on the volumes and that the cut does not have. Left out
    /// where there are none, as in cuts from before it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// Where others made the snapshots. Left out otherwise, as in cuts from before there
    /// was this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<OthersSeen>,
}

/// What became of one volume's flush.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlushSeen {
    /// Which volume.
    pub volume: String,
    /// When the descriptor that was flushed was opened; `null` where a command
    /// flushed. Milliseconds since the Unix epoch.
    pub opened_ms: Option<u64>,
    /// Whether it failed.
    pub failed: bool,
}

/// Which process a broker was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProcessPair {
    /// Which volume it writes to.
    pub volume: String,
    /// At the end of the drain.
    pub drained: Option<String>,
    /// At the closing look.
    pub closing: Option<String>,
}

pub(super) fn gather(cut: &Cut) -> Result<DurableEvidence, String> {
    let content = super::content(cut)?;
    let quiesce = cut.quiesce.as_ref().ok_or("the mirror was not quiesced")?;
    let drain = cut.drain.as_ref().ok_or("the drain was not proven")?;
    let bracket = cut.bracket.as_ref().ok_or("there was no closing look")?;
    let snapshot = cut.snapshot.as_ref().ok_or("there is no snapshot")?;
    let processes = drain
        .broker_processes
        .iter()
        .map(|seen| ProcessPair {
            volume: seen.volume.clone(),
            drained: seen.identity.clone(),
            closing: bracket
                .broker_processes
                .iter()
                .find(|other| other.volume == seen.volume)
                .and_then(|other| other.identity.clone()),
        })
        .collect();
    Ok(DurableEvidence {
        cluster_id: cut.mirror_cluster_id().to_owned(),
        asked: content.asked,
        last_cut_ms: super::last_cut_ms(cut),
        stop_started_ms: quiesce.stop_started_ms.unwrap_or(0),
        sealed_revision: snapshot.sealed_revision,
        flushed: snapshot
            .flushed
            .iter()
            .map(|one| FlushSeen {
                volume: one.volume.clone(),
                opened_ms: one.opened_ms,
                failed: one.error.is_some(),
            })
            .collect(),
        processes,
        snapshots: handles(cut),
        dirs: content.dirs.clone(),
        unread: content.unread.clone(),
        transactions: content.transactions.clone(),
        metadata: content.metadata.clone(),
        unseen: content.extra.clone(),
        others: OthersSeen::gather(cut),
    })
}

impl DurableEvidence {
    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let mut findings = Findings::default();
        directories(&self.dirs, &self.cluster_id, &mut findings);
        opened(&self.dirs, &self.snapshots, &mut findings);
        tiered(rows.still_topics(), &mut findings);
        for row in rows.still_rows() {
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
            read.have_their_fronts(self.last_cut_ms, &mut findings);
            read.end_at_the_cut(&mut findings);
        }
        start::transactions(&self.transactions, rows, &mut findings);
        start::metadata(&self.metadata, &self.dirs, rows, &mut findings);
        findings.unknown.extend(unseen(&self.unseen));
        let examined = findings.examined;
        if !findings.contrary.is_empty() {
            return Judgement::refuted(examined, name_some(&findings.contrary));
        }
        // What could not be read comes first: the rest follows from it.
        let doubts = [self.unread.clone(), findings.unknown, self.doubts()];
        findings.unknown = doubts.concat();
        if !findings.unknown.is_empty() {
            return Judgement::unproven(examined, name_some(&findings.unknown));
        }
        Judgement::proven(
            examined,
            format!(
                "{examined} replicas of {} partitions end at the cut, with its last records",
                rows.still_rows().count()
            ),
        )
    }

    /// What is missing around what was read.
    fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let mut doubt = |doubtful: bool, why: String| {
            if doubtful {
                doubts.push(why);
            }
        };
        doubt(
            !self.asked.is_well_formed(),
            "the reading has no time".to_owned(),
        );
        doubt(
            self.last_cut_ms == 0,
            "the snapshots have no time".to_owned(),
        );
        doubt(
            self.sealed_revision == 0,
            "the run was not sealed".to_owned(),
        );
        doubt(self.stop_started_ms == 0, "the stop has no time".to_owned());
        let others = self.others.as_ref().and_then(OthersSeen::doubt);
        doubt(others.is_some(), others.unwrap_or_default());
        let volumes: BTreeSet<&str> = self.dirs.iter().map(|dir| dir.volume.as_str()).collect();
        for volume in volumes {
            let flush = self.flushed.iter().find(|one| one.volume == volume);
            doubt(flush.is_none(), format!("volume {volume} was not flushed"));
            if let Some(flush) = flush {
                doubt(flush.failed, format!("the flush of volume {volume} failed"));
                doubt(
                    flush.opened_ms.is_some_and(|at| at > self.stop_started_ms),
                    format!(
                        "volume {volume} was opened after the stop: its flush hides older errors"
                    ),
                );
            }
            let pair = self.processes.iter().find(|one| one.volume == volume);
            let same = pair.is_some_and(|one| one.drained.is_some() && one.drained == one.closing);
            // A broker that stopped cleanly had flushed its logs itself, and
            // wrote nothing more: the marker goes when one starts.
            let mut dirs = self.dirs.iter().filter(|dir| dir.volume == volume);
            let at_rest = dirs.all(|dir| dir.clean_shutdown);
            doubt(
                !same && !at_rest,
                format!(
                    "the broker on volume {volume} is not known to be the same process at both \
                     looks, and had not stopped cleanly when it was cut"
                ),
            );
        }
        doubts
    }
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    let mut falls = vec![
        Fall::evidence("clusterId", Change::OtherText),
        Fall::evidence("asked.firstRequestMs", Change::Set(0.into())),
        Fall::evidence("asked.lastAnswerMs", Change::Set(1.into())),
        Fall::evidence("lastCutMs", Change::Set(0.into())),
        Fall::evidence("stopStartedMs", Change::Set(0.into())),
        Fall::evidence("sealedRevision", Change::Set(0.into())),
        Fall::evidence("flushed", Change::Clear),
        Fall::evidence("flushed[].volume", Change::OtherText),
        Fall::evidence("flushed[].openedMs", Change::Set(u64::MAX.into())),
        Fall::evidence("flushed[].failed", Change::Set(true.into())),
        Fall::evidence("dirs[].volume", Change::OtherText),
        Fall::evidence("dirs[].cleanShutdown", Change::Set(false.into())),
        Fall::evidence("processes", Change::Clear).where_not_at_rest(),
        Fall::evidence("processes[].volume", Change::OtherText).where_not_at_rest(),
        Fall::evidence("processes[].drained", Change::OtherText).where_not_at_rest(),
        Fall::evidence("processes[].drained", Change::Set(serde_json::Value::Null))
            .where_not_at_rest(),
        Fall::evidence("processes[].closing", Change::OtherText).where_not_at_rest(),
        Fall::evidence("unread", Change::Push("t-0".into())),
        Fall::evidence("unseen", Change::Push("t-0".into())).left_out_where_empty(),
    ];
    falls.extend(start::falls());
    falls.extend(directory_falls(""));
    falls.extend(opened_falls(""));
    falls.extend(replica_falls(Fall::still_rows));
    falls.extend(end_falls(Fall::still_rows));
    falls.extend(front_falls(Fall::still_rows));
    falls
}
