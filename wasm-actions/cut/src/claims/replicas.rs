//! What `durable`, `intact` and `restored` ask alike of the replicas that were
//! read: which there should be, where they end, whether they are whole and
//! agree.

use slackwater_ports::{Digest128, LogDirSeen, ReplicaRead};

use super::falls::{Change, Fall};
use crate::content::outliers;
use crate::{Class, PartitionRow, RangeRead, RowContent, Rows, Tail};

/// What was found: contradictions refute, gaps leave unproven.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) contrary: Vec<String>,
    pub(super) unknown: Vec<String>,
    /// Replicas that were looked at.
    pub(super) examined: u64,
}

/// A row with what was read of it.
pub(super) struct Read<'a> {
    pub(super) rows: &'a Rows,
    pub(super) row: &'a PartitionRow,
    pub(super) content: &'a RowContent,
    pub(super) dirs: &'a [LogDirSeen],
    /// Something could not be read, so that what is missing may be there.
    pub(super) unread: bool,
}

impl Read<'_> {
    fn broker(&self, dir: u32) -> Option<i32> {
        self.dirs.get(dir as usize).map(|dir| dir.broker)
    }

    pub(super) fn on(&self, dir: u32) -> String {
        let name = self.rows.name(self.row);
        match self.broker(dir) {
            Some(broker) => format!("{name} on broker {broker}"),
            None => format!("{name} on an unknown broker"),
        }
    }

    /// Every assigned broker has one replica, of this topic.
    pub(super) fn are_there(&self, findings: &mut Findings) {
        findings.examined += self.content.replicas.len() as u64;
        let topic = self.rows.topic(self.row);
        for broker in &self.row.replicas {
            let of_broker = |one: &&ReplicaRead| self.broker(one.dir) == Some(*broker);
            let count = self.content.replicas.iter().filter(of_broker).count();
            let name = self.rows.name(self.row);
            match count {
                1 => {}
                0 if self.unread => {
                    findings
                        .unknown
                        .push(format!("{name} on broker {broker} was not read"));
                }
                0 => findings
                    .contrary
                    .push(format!("{name} is not on broker {broker}")),
                n => findings
                    .contrary
                    .push(format!("{name} is {n} times on broker {broker}")),
            }
        }
        for replica in &self.content.replicas {
            if self
                .broker(replica.dir)
                .is_none_or(|id| !self.row.replicas.contains(&id))
            {
                findings
                    .contrary
                    .push(format!("{} is not assigned there", self.on(replica.dir)));
            }
            match &replica.topic_id {
                Some(id) if *id == topic.id => {}
                Some(id) => findings.contrary.push(format!(
                    "{} has topic id {id}, not {}",
                    self.on(replica.dir),
                    topic.id
                )),
                None => findings
                    .unknown
                    .push(format!("{} has no topic id", self.on(replica.dir))),
            }
        }
    }

    /// Each begins where its leader did at the closing look, or what it lacks
    /// is what retention may take: replicas delete each by itself, from the
    /// front (`UnifiedLog.deleteOldSegments`).
    pub(super) fn have_their_fronts(&self, cut_ms: u64, findings: &mut Findings) {
        let name = self.rows.name(self.row);
        let Some(closing) = self.row.closing_log_start_offset else {
            let unanswered = format!("{name} gave no log start at the closing look");
            findings.unknown.push(unanswered);
            return;
        };
        let replicas = &self.content.replicas;
        if replicas.iter().all(|one| one.log_start_offset > closing) && !replicas.is_empty() {
            findings.unknown.push(format!(
                "{name} begins after {closing} on every broker: what went before is not accounted \
                 for"
            ));
            return;
        }
        let topic = self.rows.topic(self.row);
        let deletes = topic.retention_ms.is_some() || topic.retention_bytes.is_some();
        for replica in replicas.iter().filter(|one| one.log_start_offset > closing) {
            if self.retention_took(replica, cut_ms) {
                continue;
            }
            let what = format!(
                "{} begins at {}, its leader began at {closing}",
                self.on(replica.dir),
                replica.log_start_offset
            );
            if deletes {
                let why = format!("{what}: nothing shows that retention took what lay before");
                findings.unknown.push(why);
            } else {
                findings.contrary.push(what);
            }
        }
    }

    /// By size: what is left is as large as retention leaves it. By age: what
    /// lay there was old enough when the volumes were cut.
    fn retention_took(&self, replica: &ReplicaRead, cut_ms: u64) -> bool {
        let topic = self.rows.topic(self.row);
        let by_size = topic
            .retention_bytes
            .is_some_and(|keeps| replica.bytes >= keeps);
        let front = self.content.front.filter(|front| {
            let starts = || self.content.replicas.iter().map(|one| one.log_start_offset);
            starts().min() == Some(front.from) && starts().max() == Some(front.until)
        });
        let newest = front.and_then(|front| u64::try_from(front.newest_ms?).ok());
        let by_age = topic
            .retention_ms
            .zip(newest)
            .is_some_and(|(keeps, newest)| newest > 0 && newest.saturating_add(keeps) < cut_ms);
        by_size || by_age
    }

    /// Each ends where the cut does, with the records that a client saw.
    pub(super) fn end_at_the_cut(&self, findings: &mut Findings) {
        for replica in &self.content.replicas {
            let on = self.on(replica.dir);
            let end = self.row.high_watermark;
            if replica.log_end_offset > end {
                findings.contrary.push(format!(
                    "{on} holds {} records above the high watermark (offsets {end} to {})",
                    replica.beyond, replica.log_end_offset
                ));
            } else if replica.log_end_offset < end {
                findings.contrary.push(format!(
                    "{on} ends at {}, {} before the cut",
                    replica.log_end_offset,
                    end - replica.log_end_offset
                ));
            }
            if replica.log_end_offset == end && replica.beyond > 0 {
                findings.unknown.push(format!("{on} contradicts itself"));
            }
            if replica.open_transactions > 0 {
                findings.contrary.push(format!(
                    "{on} has {} open transactions",
                    replica.open_transactions
                ));
            }
            if let (Some(last), Some(leader)) = (replica.last_epoch, self.row.leader_epoch)
                && last > leader
            {
                findings.contrary.push(format!(
                    "{on} ends in a batch of leader epoch {last}, and its leader's was {leader}"
                ));
            }
            match (&replica.tail, replica.log_end_offset >= end) {
                (None, true) => findings
                    .unknown
                    .push(format!("the last records of {on} could not be read")),
                (Some(tail), true) if !self.same_tail(tail, replica) => findings.contrary.push(
                    format!("{on} has other last records than the mirror showed"),
                ),
                _ => {}
            }
        }
    }

    /// What the cleaner or retention took away since is no difference: the
    /// last record stays.
    fn same_tail(&self, seen: &slackwater_ports::TailRead, replica: &ReplicaRead) -> bool {
        let Some(tail) = &self.row.tail else {
            return seen.count == 0 && seen.digest == Digest128::of([]);
        };
        let same_last = |tail: &Tail| {
            seen.last_offset == tail.last_offset
                && seen.last_timestamp_ms == tail.last_timestamp_ms
                && seen.batch_epoch == tail.batch_epoch
        };
        if seen.count == tail.count && seen.digest == tail.digest {
            return same_last(tail);
        }
        let retention =
            replica.log_start_offset > self.row.log_start_offset && seen.count < tail.count;
        if retention && replica.log_start_offset > tail.last_offset {
            return true;
        }
        let thinned = self.rows.topic(self.row).compacted && replica.cleaned_to > 0;
        (retention || thinned) && same_last(tail)
    }

    /// Every batch is what it says, and none is missing.
    pub(super) fn are_whole(&self, findings: &mut Findings) {
        let cleaned = self.rows.topic(self.row).compacted
            || self
                .content
                .replicas
                .iter()
                .any(|one| one.cleaner_offset > 0);
        let alike = self
            .content
            .replicas
            .iter()
            .all(|one| one.holes == self.content.replicas[0].holes);
        let cleaners = self.content.replicas.iter().map(|one| one.cleaner_offset);
        let cleaned_to = cleaners.max().unwrap_or(0);
        for replica in &self.content.replicas {
            let on = self.on(replica.dir);
            if cleaned && replica.cleaned_to > cleaned_to {
                findings.unknown.push(format!(
                    "{on} lacks records below offset {}, and no cleaner got further than \
                     {cleaned_to}",
                    replica.cleaned_to
                ));
            } else if cleaned && replica.holes > 0 && self.content.replicas.len() == 1 {
                findings.unknown.push(format!(
                    "{on} is compacted and has no other replica: what was lost can't be told from \
                     what was cleaned"
                ));
            }
            if replica.bad > 0 {
                let first = replica.first_bad.as_deref().unwrap_or("no position known");
                findings.contrary.push(format!(
                    "{on} has {} bad batches, the first: {first}",
                    replica.bad
                ));
            }
            if replica.holes > 0 && !cleaned {
                let first = replica.first_hole.as_deref().unwrap_or("no offsets known");
                let what = format!("{on} lacks offsets {first}");
                if alike && replica.bad == 0 {
                    findings.unknown.push(format!(
                        "{what}, as all its replicas do: compacted once, or lost"
                    ));
                } else {
                    findings.contrary.push(what);
                }
            }
            if replica.read_from > replica.log_start_offset {
                findings.unknown.push(format!(
                    "{on} was read from offset {}, and begins at {}",
                    replica.read_from, replica.log_start_offset
                ));
            }
        }
    }

    /// All replicas hold the same from the greatest of their starts on.
    pub(super) fn agree(&self, findings: &mut Findings) {
        let replicas = &self.content.replicas;
        let name = self.rows.name(self.row);
        let greatest = replicas
            .iter()
            .map(|one| one.log_start_offset)
            .max()
            .unwrap_or(0);
        let moves = self.rows.topic(self.row).class == Class::Own;
        let wanted = (!moves).then_some(self.row.high_watermark);
        if self.content.compared_from != greatest || self.content.compared_to != wanted {
            findings.unknown.push(format!(
                "{name} was compared from {} to {:?}, not from {greatest} to {wanted:?}",
                self.content.compared_from, self.content.compared_to
            ));
            return;
        }
        let digests: Vec<_> = replicas.iter().map(|one| (one.dir, one.digest)).collect();
        let differing = outliers(&digests);
        if differing.is_empty() {
            return;
        }
        match &self.content.range {
            None => self.differ(&differing, "other batches than most", findings),
            Some(range) => self.agree_in(range, findings),
        }
    }

    fn agree_in(&self, range: &crate::RowRange, findings: &mut Findings) {
        let replicas = &self.content.replicas;
        let name = self.rows.name(self.row);
        let cleaned = replicas
            .iter()
            .map(|one| one.cleaned_to.max(one.cleaner_offset))
            .max()
            .unwrap_or(0);
        let least_end = replicas
            .iter()
            .map(|one| one.log_end_offset)
            .min()
            .unwrap_or(0);
        let from = self.content.compared_from.max(cleaned);
        let until = self.content.compared_to.unwrap_or(u64::MAX).min(least_end);
        let read: Vec<u32> = range.replicas.iter().map(|one| one.dir).collect();
        let wanted: Vec<u32> = replicas.iter().map(|one| one.dir).collect();
        if (range.from, read) != (from, wanted) || range.until != until.max(from) {
            findings
                .unknown
                .push(format!("{name} was not read a second time as it had to be"));
            return;
        }
        let batches: Vec<_> = range
            .replicas
            .iter()
            .map(|one| (one.dir, one.batches))
            .collect();
        if batches.iter().any(|(_, digest)| digest.is_none()) {
            findings
                .unknown
                .push(format!("{name} could not be read a second time"));
            return;
        }
        let differing = outliers(&batches);
        if !differing.is_empty() {
            // Of what nobody holds still one broker may have led, and another one since: what
            // the first had not given away yet it cuts off when it starts.
            let epoch = |dir: u32| replicas.iter().find(|one| one.dir == dir)?.last_epoch;
            let most = |dir: &&RangeRead| !differing.contains(&dir.dir);
            let of_most = range
                .replicas
                .iter()
                .find(most)
                .and_then(|one| epoch(one.dir));
            let moves = self.rows.topic(self.row).class == Class::Own;
            if moves && differing.iter().all(|dir| epoch(*dir) != of_most) {
                findings.unknown.push(format!(
                    "{} ends as no other replica does, led by another broker than they: that what \
                     differs goes when its broker starts is not shown",
                    self.on(differing[0])
                ));
                return;
            }
            self.differ(&differing, "other batches than most", findings);
            return;
        }
        if cleaned <= self.content.compared_from {
            return;
        }
        let live: Vec<_> = range
            .replicas
            .iter()
            .map(|one| (one.dir, one.live.map(|live| (live.keys, live.sum))))
            .collect();
        if live.iter().any(|(_, live)| live.is_none()) {
            findings
                .unknown
                .push(format!("the live keys of {name} could not be read"));
            return;
        }
        let differing = outliers(&live);
        self.differ(
            &differing,
            "other last values of its keys than most",
            findings,
        );
    }

    fn differ(&self, dirs: &[u32], what: &str, findings: &mut Findings) {
        for dir in dirs {
            findings
                .contrary
                .push(format!("{} has {what} of its replicas", self.on(*dir)));
        }
    }
}

/// Changes of what [`Read::are_there`] looks at.
pub(super) fn replica_falls(rows: impl Fn(&str, Change) -> Fall) -> Vec<Fall> {
    vec![
        rows("content", Change::Set(serde_json::Value::Null)),
        rows("content.replicas", Change::Clear),
        rows("content.replicas[].dir", Change::Add(1000)),
        rows("content.replicas[].topicId", Change::OtherText),
        rows(
            "content.replicas[].topicId",
            Change::Set(serde_json::Value::Null),
        ),
        rows("replicas", Change::Push(99.into())),
        Fall::topics_that_stand_still("id", Change::OtherText),
    ]
}

/// Changes of what [`Read::end_at_the_cut`] looks at.
pub(super) fn end_falls(rows: impl Fn(&str, Change) -> Fall) -> Vec<Fall> {
    let null = || Change::Set(serde_json::Value::Null);
    let mut falls = vec![
        rows("highWatermark", Change::Add(1)),
        rows("content.replicas[].logEndOffset", Change::Add(1)),
        rows("content.replicas[].logEndOffset", Change::Add(-1)).where_positive(),
        rows("content.replicas[].beyond", Change::Add(1)),
        rows("content.replicas[].openTransactions", Change::Add(1)),
        rows("content.replicas[].lastEpoch", Change::Add(1_000)),
        rows("content.replicas[].tail", null()),
    ];
    for side in ["tail", "content.replicas[].tail"] {
        falls.extend([
            rows(&format!("{side}.count"), Change::Add(1)).where_not_compacted(),
            rows(&format!("{side}.digest"), Change::OtherDigest).where_not_compacted(),
        ]);
    }
    // Where there is no last record these say nothing.
    for side in ["tail", "content.replicas[].tail"] {
        falls.extend([
            rows(&format!("{side}.lastOffset"), Change::Add(1)).where_positive(),
            rows(&format!("{side}.lastTimestampMs"), Change::Add(1)).where_positive(),
            rows(&format!("{side}.batchEpoch"), Change::Add(1)),
        ]);
    }
    falls
}

/// Changes of what [`Read::have_their_fronts`] looks at.
pub(super) fn front_falls(rows: impl Fn(&str, Change) -> Fall) -> Vec<Fall> {
    vec![
        rows(
            "closingLogStartOffset",
            Change::Set(serde_json::Value::Null),
        ),
        rows(
            "content.replicas[].logStartOffset",
            Change::Add(1_000_000_000),
        ),
    ]
}

/// Changes of what [`Read::are_whole`] and [`Read::agree`] look at.
pub(super) fn whole_falls(rows: impl Fn(&str, Change) -> Fall) -> Vec<Fall> {
    vec![
        rows("content.comparedFrom", Change::Add(1)),
        rows("content.replicas[].bad", Change::Add(1)),
        rows("content.replicas[].readFrom", Change::Add(1_000_000_000)),
        rows("content.replicas[].cleanedTo", Change::Add(1_000_000_000)).where_compacted(),
        rows("content.replicas[].digest", Change::OtherDigest),
        rows(
            "content.replicas[].logStartOffset",
            Change::Add(1_000_000_000),
        ),
        rows("content.range.from", Change::Add(1)),
        rows("content.range.until", Change::Add(1)),
        rows("content.range.replicas", Change::Clear),
        rows("content.range.replicas[].batches", Change::OtherDigest),
        rows("content.range.replicas[].live.keys", Change::Add(1)),
        rows("content.range.replicas[].live.sum", Change::OtherDigest),
    ]
}
