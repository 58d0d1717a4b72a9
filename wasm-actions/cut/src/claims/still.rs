//! `still`: nothing that MirrorMaker writes moved between the end of the
//! drain and the cut of the last snapshot. A leader may have: see `led_anew`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::{ConnectorRef, ConnectorState, Digest128, Interval};

use super::falls::{Change, Fall};
use super::led_anew::{self, LedAnew};
use super::others::OthersSeen;
use super::volumes::unseen;
use super::{Judgement, name_some};
use crate::{ConnectorSeen, Cut, DrainLook, Moved, Movement, Rows};

/// Equal looks that make a drain: three, so that two fetch rounds of every
/// follower (`replica.fetch.wait.max.ms`, 500 ms) lie between the first and
/// the last.
pub const EQUAL_LOOKS: u32 = 3;

/// From the first of them to the last: two of those rounds, milliseconds.
pub const TWO_FETCH_ROUNDS_MS: u64 = 1_000;

/// One side of the bracket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StillLook {
    /// When the heads were asked.
    pub asked: Interval,
    /// Over topic id, number, leader epoch and high watermark of each row
    /// that may not move.
    pub still: Digest128,
    /// Over topic ids, partition counts and replica sets.
    pub topology: Digest128,
    /// Over the topics' effective configurations.
    pub configurations: Digest128,
    /// When the connectors were asked.
    pub connectors_asked: Interval,
    /// Every connector that feeds the mirror.
    pub connectors: Vec<ConnectorSeen>,
    /// The lease's token.
    pub lease: String,
    /// How often the guard's hold was interrupted by then.
    pub interruptions: u32,
}

/// The evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StillEvidence {
    /// The last look of the drain.
    pub drained: StillLook,
    /// The look after the last snapshot was cut.
    pub closing: StillLook,
    /// The equal looks that ended the drain; the last is that of the rows.
    pub looks: Vec<DrainLook>,
    /// Whether the guard held the mirror at the end of the drain and at the
    /// seal.
    pub held: bool,
    /// The connectors that were found feeding the mirror.
    pub expected: Vec<ConnectorRef>,
    /// Brokers whose volumes were cut.
    pub brokers_cut: Vec<i32>,
    /// Revision of the run document that sealed it, written before the first
    /// snapshot.
    pub sealed_revision: u64,
    /// Revision with which the snapshots were recorded; 0 where none did.
    pub cut_revision: u64,
    /// Revision that was stored when the closing look began: order is by
    /// what was written, never by comparing clocks.
    pub closing_after_revision: u64,
    /// How many volumes were cut.
    pub volumes_cut: u32,
    /// How many of them report an error.
    pub volumes_failed: u32,
    /// How many rows the closing look got an answer for.
    pub answered: u64,
    /// Rows that were not the same: see [`crate::Bracket::moved`].
    pub moved: Vec<Moved>,
    /// Where leaders changed, and the snapshot was read. Left out otherwise, so
    /// that cuts from before there was this field keep their digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_anew: Option<LedAnew>,
    /// Partitions that lie on the volumes and that the cut does not have, as far as
    /// the volumes were read. Left out where there are none, as in cuts from before
    /// it was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// Where others made the snapshots. Left out otherwise, for the same reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<OthersSeen>,
}

pub(super) fn gather(cut: &Cut) -> Result<StillEvidence, String> {
    let drain = cut.drain.as_ref().ok_or("the drain was not proven")?;
    let snapshot = cut.snapshot.as_ref().ok_or("no snapshot was made")?;
    let bracket = cut.bracket.as_ref().ok_or("there was no closing look")?;
    let quiesce = cut.quiesce.as_ref().ok_or("the mirror was not quiesced")?;
    if snapshot.ended_ms.is_none() {
        return Err("the snapshot was not finished".to_owned());
    }
    let last = drain.looks.last().ok_or("the drain has no look")?;
    Ok(StillEvidence {
        drained: StillLook {
            asked: last.asked,
            still: drain.still,
            topology: drain.topology,
            configurations: drain.configurations,
            connectors_asked: drain.connectors.asked,
            connectors: drain.connectors.connectors.clone(),
            lease: drain.guard.token.clone(),
            interruptions: drain.guard.interruptions,
        },
        closing: StillLook {
            asked: bracket.asked,
            still: bracket.still,
            topology: bracket.topology,
            configurations: bracket.configurations,
            connectors_asked: bracket.connectors.asked,
            connectors: bracket.connectors.connectors.clone(),
            lease: bracket.guard.token.clone(),
            interruptions: bracket.guard.interruptions,
        },
        looks: drain.looks.clone(),
        held: drain.guard.holding && snapshot.guard.holding,
        expected: quiesce
            .connectors
            .iter()
            .map(|prior| prior.connector.clone())
            .collect(),
        brokers_cut: snapshot.volumes.iter().map(|seen| seen.broker).collect(),
        sealed_revision: snapshot.sealed_revision,
        cut_revision: snapshot.cut_revision.unwrap_or(0),
        closing_after_revision: bracket.began_after_revision,
        volumes_cut: count(snapshot.volumes.iter()),
        volumes_failed: count(snapshot.volumes.iter().filter(|seen| seen.error.is_some())),
        answered: bracket.answered,
        moved: bracket.moved.clone(),
        led_anew: LedAnew::gather(cut, &bracket.moved),
        unseen: cut
            .content
            .as_ref()
            .map_or_else(Vec::new, |content| content.extra.clone()),
        others: OthersSeen::gather(cut),
    })
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

impl StillEvidence {
    pub(super) fn judge(&self, rows: &Rows) -> Judgement {
        let examined = rows.still_rows().count() as u64;
        if self.answered < examined && self.ends_that_moved(rows).next().is_none() {
            return Judgement::unproven(
                examined,
                format!(
                    "the closing look has an answer for {} of {examined} partitions",
                    self.answered
                ),
            );
        }
        match self.contradiction(rows, examined) {
            Some(reason) => Judgement::refuted(examined, reason),
            None => match self
                .doubt_of_others()
                .or_else(|| self.doubt(rows, examined))
            {
                Some(reason) => Judgement::unproven(examined, reason),
                None => Judgement::proven(examined, self.stood_still(examined)),
            },
        }
    }

    /// Whether it is unproven because other brokers lead by now, and for nothing else.
    pub(super) fn wants_snapshots_alone(&self, rows: &Rows) -> bool {
        let examined = rows.still_rows().count() as u64;
        let mut moved = self.moved.iter();
        examined > 0
            && self.led_anew.is_none()
            && !self.moved.is_empty()
            && moved.all(|one| matches!(one.change, Movement::LeaderEpoch { .. }))
            && self.contradiction(rows, examined).is_none()
            && self.doubt_of_others().is_none()
            && self.doubt_but_of_leaders(rows, examined).is_none()
    }

    fn stood_still(&self, examined: u64) -> String {
        let partitions = |moved: Vec<&Moved>| {
            let each: BTreeSet<_> = moved.iter().map(|one| &one.partition).collect();
            each.len()
        };
        let ended = |one: &&Moved| matches!(one.change, Movement::HighWatermark { .. });
        let all = partitions(self.moved.iter().collect());
        let grew = partitions(self.moved.iter().filter(ended).collect());
        let stood = format!("{examined} partitions stood still from the drain to the");
        match (all, grew) {
            (0, _) => format!("{stood} closing look"),
            (n, 0) => format!(
                "{stood} closing look; {n} have another leader, and are in the snapshot as they \
                 were"
            ),
            (n, grew) => format!(
                "{stood} cut of the stopped brokers' volumes; since then {n} have another leader \
                 and {grew} went on"
            ),
        }
    }

    /// In the window, and not after the volumes were cut at rest, as far as those are
    /// known.
    fn ends_that_moved(&self, rows: &Rows) -> impl Iterator<Item = &Moved> {
        let after = |moved: &Moved| {
            let read = self.led_anew.as_ref();
            read.is_some_and(|read| {
                read.went_on_after_the_cut(moved, rows) || read.may_have_gone_on(moved)
            })
        };
        let ends = move |moved: &&Moved| {
            matches!(moved.change, Movement::HighWatermark { .. }) && !after(moved)
        };
        self.moved.iter().filter(ends)
    }

    /// What shows the contrary.
    fn contradiction(&self, rows: &Rows, examined: u64) -> Option<String> {
        if let Some(ran) = self.not_stopped(|seen| !is_between_workers(seen)) {
            return Some(ran);
        }
        let really: Vec<String> = self
            .ends_that_moved(rows)
            .map(|moved| format!("{} ({})", moved.partition, moved.change))
            .collect();
        if !really.is_empty() {
            return Some(format!("moved in the window: {}", name_some(&really)));
        }
        if self.drained.topology != self.closing.topology {
            return Some("topics, partitions or replica sets changed in the window".to_owned());
        }
        if self.drained.configurations != self.closing.configurations {
            return Some("a topic's configuration changed in the window".to_owned());
        }
        (self.volumes_failed > 0).then(|| {
            format!(
                "{} of {} snapshots failed; {examined} partitions",
                self.volumes_failed, self.volumes_cut
            )
        })
    }

    fn doubt_of_others(&self) -> Option<String> {
        self.others.as_ref().and_then(OthersSeen::doubt)
    }

    /// The first connector that was not stopped and is `such`, and when.
    fn not_stopped(&self, such: impl Fn(&ConnectorSeen) -> bool) -> Option<String> {
        let looks = [
            (&self.drained, "at the end of the drain"),
            (&self.closing, "at the closing look"),
        ];
        looks.into_iter().find_map(|(look, when)| {
            let mut each = look.connectors.iter();
            let seen = each.find(|seen| {
                (seen.state != ConnectorState::Stopped || seen.tasks > 0) && such(seen)
            })?;
            let (name, state, tasks) = (&seen.connector, &seen.state, seen.tasks);
            Some(format!("{name} was {state} with {tasks} tasks {when}"))
        })
    }

    /// What is missing.
    fn doubt(&self, rows: &Rows, examined: u64) -> Option<String> {
        self.doubt_but_of_leaders(rows, examined)
            .or_else(|| self.doubt_of_leaders(rows))
            .or_else(|| unseen(&self.unseen))
    }

    fn doubt_but_of_leaders(&self, rows: &Rows, examined: u64) -> Option<String> {
        let names = |look: &StillLook| {
            let mut names: Vec<_> = look
                .connectors
                .iter()
                .map(|seen| seen.connector.clone())
                .collect();
            names.sort();
            names
        };
        let mut expected = self.expected.clone();
        expected.sort();
        let first_asked = self
            .looks
            .first()
            .map_or(u64::MAX, |look| look.asked.first_request_ms);
        let held_apart = self
            .drained
            .asked
            .last_answer_ms
            .saturating_sub(first_asked);
        let unsettled =
            |look: &DrainLook| look.out_of_sync + look.open_transactions + look.unanswered > 0;
        let other = |look: &DrainLook| {
            (look.still, look.topology) != (self.drained.still, self.drained.topology)
        };
        let open = rows
            .still_rows()
            .find(|row| row.last_stable_offset != row.high_watermark);
        let no_epoch = rows.still_rows().find(|row| row.leader_epoch.is_none());
        let uncut = rows
            .partitions
            .iter()
            .flat_map(|row| &row.replicas)
            .any(|broker| !self.brokers_cut.contains(broker));
        let well_formed = |look: &StillLook| {
            look.asked.is_well_formed() && look.connectors_asked.is_well_formed()
        };
        let doubts = [
            (
                self.drained.connectors.is_empty(),
                "no connector was looked at",
            ),
            (
                names(&self.drained) != names(&self.closing),
                "the closing look saw other connectors",
            ),
            (
                names(&self.drained) != expected,
                "the drain saw other connectors than were found",
            ),
            (
                uncut,
                "a broker that holds replicas has no volume in the snapshot",
            ),
            (
                self.looks.len() < EQUAL_LOOKS as usize,
                "the drain had too few equal looks",
            ),
            (
                self.looks.iter().any(|look| !look.asked.is_well_formed()),
                "a look of the drain has no time",
            ),
            (
                self.looks.iter().any(other),
                "the drain's looks were not equal",
            ),
            (
                self.looks.iter().any(unsettled),
                "a look of the drain was not settled",
            ),
            (
                self.looks
                    .last()
                    .is_none_or(|look| look.asked != self.drained.asked),
                "the rows are not those of the drain's last look",
            ),
            (open.is_some(), "a transaction was open at the cut"),
            (
                no_epoch.is_some(),
                "the leader epoch of a partition is not known",
            ),
            (!self.held, "the guard did not hold the mirror"),
            (
                held_apart < TWO_FETCH_ROUNDS_MS,
                "the equal looks were too close together",
            ),
            (
                !well_formed(&self.drained) || !well_formed(&self.closing),
                "a look has no time",
            ),
            (self.drained.lease.is_empty(), "no lease was held"),
            (
                self.drained.lease != self.closing.lease,
                "the lease changed hands in the window",
            ),
            (
                self.drained.interruptions + self.closing.interruptions > 0,
                "the guard's hold was interrupted",
            ),
            (self.volumes_cut == 0, "no volume was cut"),
            (self.sealed_revision == 0, "the run was not sealed"),
            (
                self.cut_revision <= self.sealed_revision
                    || self.closing_after_revision < self.cut_revision,
                "the closing look began before the snapshots were recorded",
            ),
            (
                self.answered != examined,
                "the closing look has not an answer for each partition",
            ),
            (
                self.drained.still != rows.still_digest(),
                "the drain's look is not that of the rows",
            ),
            (
                self.drained.topology != rows.topology_digest(),
                "the drain's topology is not that of the rows",
            ),
            (
                self.drained.configurations != rows.config_digest(),
                "the drain's configurations are not those of the rows",
            ),
            (
                led_anew::still_digest(&self.moved, rows) != self.closing.still,
                "the closing look differs",
            ),
        ];
        doubts
            .into_iter()
            .find(|(doubtful, _)| *doubtful)
            .map(|(_, why)| why.to_owned())
            .or_else(|| self.not_stopped(|_| true))
    }

    fn doubt_of_leaders(&self, rows: &Rows) -> Option<String> {
        const UNREAD: &str =
            "a leader changed in the window; only the snapshot can tell what it left";
        match &self.led_anew {
            _ if self.moved.is_empty() => None,
            None => Some(UNREAD.to_owned()),
            Some(led_anew) => led_anew.doubt(&self.moved, rows),
        }
    }
}

/// A worker has given it up and none has it yet. It does not run, but nothing
/// says either that it is stopped.
fn is_between_workers(seen: &ConnectorSeen) -> bool {
    seen.state == ConnectorState::Unassigned && seen.tasks == 0
}

/// Changes that must make it fall.
pub(super) fn falls() -> Vec<Fall> {
    let look = |side: &'static str| {
        [
            ("asked.firstRequestMs", Change::Set(0.into())),
            ("asked.lastAnswerMs", Change::Set(1.into())),
            ("still", Change::OtherDigest),
            ("topology", Change::OtherDigest),
            ("configurations", Change::OtherDigest),
            ("connectorsAsked.firstRequestMs", Change::Set(0.into())),
            ("connectorsAsked.lastAnswerMs", Change::Set(1.into())),
            ("connectors[].connector.connect", Change::OtherText),
            ("connectors[].connector.name", Change::OtherText),
            ("connectors[].state", Change::Set("paused".into())),
            ("connectors[].state", Change::Set("unassigned".into())),
            ("connectors[].tasks", Change::Add(1)),
            ("lease", Change::OtherText),
            ("interruptions", Change::Add(1)),
        ]
        .map(|(field, change)| Fall::evidence(format!("{side}.{field}"), change))
    };
    let moved = |change: serde_json::Value| {
        let partition = serde_json::json!({"topic": "t", "partition": 0});
        let moved = serde_json::json!({"partition": partition, "change": change});
        Fall::evidence("moved", Change::Push(moved))
    };
    let mut falls: Vec<Fall> = look("drained").into_iter().chain(look("closing")).collect();
    falls.extend([
        Fall::evidence("looks", Change::Clear),
        Fall::evidence(
            "looks[].asked.firstRequestMs",
            Change::Set(u64::from(u32::MAX).pow(2).into()),
        ),
        Fall::evidence("looks[].asked.lastAnswerMs", Change::Set(1.into())),
        Fall::evidence("looks[].still", Change::OtherDigest),
        Fall::evidence("looks[].topology", Change::OtherDigest),
        Fall::evidence("looks[].outOfSync", Change::Add(1)),
        Fall::evidence("looks[].openTransactions", Change::Add(1)),
        Fall::evidence("looks[].unanswered", Change::Add(1)),
        Fall::evidence("held", Change::Set(false.into())),
        Fall::evidence("expected[].connect", Change::OtherText),
        Fall::evidence("expected[].name", Change::OtherText),
        Fall::evidence("brokersCut[]", Change::Set(999.into())),
        Fall::evidence("sealedRevision", Change::Set(0.into())),
        Fall::evidence("cutRevision", Change::Set(0.into())),
        Fall::evidence("closingAfterRevision", Change::Add(-3)),
        Fall::evidence("volumesCut", Change::Set(0.into())),
        Fall::evidence("volumesFailed", Change::Add(1)),
        Fall::evidence("answered", Change::Add(-1)),
        Fall::evidence("unseen", Change::Push("t-0".into())).left_out_where_empty(),
        moved(serde_json::json!({"highWatermark": {"was": 1, "is": 2}})),
        moved(serde_json::json!({"leaderEpoch": {"was": 1, "is": 2}})),
        moved("noAnswer".into()),
        Fall::still_rows("topic", Change::Set(0.into())),
        Fall::still_rows("partition", Change::Add(1_000)),
        Fall::still_rows("highWatermark", Change::Add(1)),
        Fall::still_rows("leaderEpoch", Change::Add(1)),
        Fall::still_rows("lastStableOffset", Change::Add(-1)).where_positive(),
        Fall::still_rows("replicas", Change::Push(99.into())),
        Fall::topics_that_stand_still("id", Change::OtherText),
        Fall::topics_that_stand_still("config", Change::OtherDigest),
        Fall::topics_that_stand_still("partitions", Change::Add(1)),
    ]);
    falls.extend(led_anew::falls());
    falls
}
