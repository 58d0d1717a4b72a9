//! The Kafka resource: paused and noted on, unpaused, ready; its cluster id, and
//! what holds retention back.

use std::time::Duration;

use serde_json::{Value, json};
use slackwater_restore::{Note, Stage};
use slackwater_strimzi::{Condition, HELD, LISTENERS, PAUSE, PAUSED, POKED, RECONCILIATION_PAUSED};

use super::feeders::RESTORING;
use super::{InPlace, Proven, RestoreError};
use crate::place::{Place, name};

/// The annotation on a Kafka that notes how far a restore of it is.
pub const NOTE: &str = "slackwater.io/restore";

/// What stood in the place of [`DELAY`], as JSON.
pub(super) const DELAY_BEFORE: &str = "slackwater.io/restore-delay-before";

/// How long after its start a broker first looks for what retention deletes
/// (`ServerLogConfigs.LOG_INITIAL_TASK_DELAY_MS_CONFIG`; 30 s by default, whatever
/// the interval between two looks).
pub(super) const DELAY: &str = "log.initial.task.delay.ms";

/// For that long nothing is deleted: as long as heads are shown, and no longer
/// than an afternoon where nobody comes to take it back.
pub(super) const HOLDS_MS: u64 = 4 * 3_600_000;

/// Until an operator has taken up a pause: it may be in the middle of a
/// reconciliation, which has 300 s for what it waits for
/// (`STRIMZI_OPERATION_TIMEOUT_MS`), and was seen to be deaf for longer than 140 s.
pub(super) const TAKEN_UP: Duration = Duration::from_secs(330);

/// For the condition of an earlier pause to clear: 28 to 43 s were seen, and it stays
/// until what that operator is in the middle of is over.
pub(super) const CLEARS: Duration = TAKEN_UP;

/// From the start of the nodes until all are ready: logs that were not closed are
/// read again.
const READY: Duration = Duration::from_secs(1_800);

pub(super) const SEE: &str =
    "see whether the cluster operator runs and what it logs, and do it again";

/// A resource, as far as it is waited for.
pub(super) struct State {
    pub(super) object: Value,
}

impl State {
    /// Whether this condition holds.
    pub(super) fn says(&self, kind: &str) -> bool {
        Condition::is_said(&self.object, kind)
    }

    pub(super) fn says_paused(&self) -> bool {
        self.says(RECONCILIATION_PAUSED)
    }

    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        self.object["metadata"]["annotations"][key].as_str()
    }

    /// As the operator reads it (`Boolean.parseBoolean`).
    pub(super) fn is_paused(&self) -> bool {
        let value = self.annotation(PAUSE);
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether the operator has seen what the resource says now.
    fn is_seen(&self) -> bool {
        let seen = self.object["status"]["observedGeneration"].as_i64();
        let now = self.object["metadata"]["generation"].as_i64();
        seen.is_some() && seen >= now
    }
}

impl InPlace {
    pub(super) fn state(&self, place: &Place) -> Result<Option<State>, RestoreError> {
        let found = self.server.get(place)?;
        Ok(found.map(|object| State { object }))
    }

    fn kafka(&self) -> Result<State, RestoreError> {
        let place = self.kafka_place()?;
        let found = self.state(&place)?;
        found.ok_or_else(|| RestoreError::Unfit {
            place: Box::new(place),
            why: "is gone: see who deletes it".to_owned(),
        })
    }

    pub(super) fn note_of(&self, kafka: &State) -> Result<Option<Note>, RestoreError> {
        let place = self.kafka_place()?;
        let note = kafka.annotation(NOTE).map(str::parse::<Note>);
        note.transpose().map_err(|error| RestoreError::Unfit {
            place: Box::new(place),
            why: format!("has an annotation {NOTE} that can't be read: {error}"),
        })
    }

    fn annotate_kafka(&self, annotations: &Value) -> Result<(), RestoreError> {
        let place = self.kafka_place()?;
        let change = json!({"metadata": {"annotations": annotations}});
        let stored = self.server.merge(&place, &change)?;
        let each = annotations.as_object().into_iter().flatten();
        let differs =
            |(key, value): (&String, &Value)| stored["metadata"]["annotations"][key] != *value;
        match each.into_iter().any(differs) {
            false => Ok(()),
            true => Err(RestoreError::ReadBack(Box::new(place))),
        }
    }

    /// A pause of somebody else's becomes ours: the restore ends with a Kafka that
    /// runs. A stage is noted where one is given; else what is noted stays, and where
    /// nothing is it is the first.
    pub(super) fn pause_kafka(&self, stage: Option<Stage>) -> Result<(), RestoreError> {
        let kafka = self.kafka()?;
        if !kafka.is_paused() && kafka.says_paused() {
            // Of a pause that is over: it would be taken for ours.
            self.until(
                || "the condition ReconciliationPaused of the Kafka does not clear".to_owned(),
                CLEARS,
                SEE,
                || Ok(!self.kafka()?.says_paused()),
            )?;
        }
        let note = self.note_or_fresh(&kafka)?;
        self.pause_noting(&Note {
            stage: stage.unwrap_or(note.stage),
            ..note
        })
    }

    /// What is noted on it; where nothing is, the first, with what feeds it.
    fn note_or_fresh(&self, kafka: &State) -> Result<Note, RestoreError> {
        if let Some(note) = self.note_of(kafka)? {
            return Ok(note);
        }
        Ok(Note {
            feeders: self.feeder_names(Some(kafka), None)?.into_iter().collect(),
            // It waits since others have restored it: so are its claims theirs.
            on_claims: kafka.annotation(RESTORING).is_some(),
            ..self.fresh(Stage::Volumes)
        })
    }

    fn pause_noting(&self, note: &Note) -> Result<(), RestoreError> {
        self.annotate_kafka(&json!({PAUSE: "true", NOTE: note.to_string()}))?;
        self.until(
            || "the operator has not taken up the pause of the Kafka".to_owned(),
            TAKEN_UP,
            SEE,
            || Ok(self.kafka()?.says_paused()),
        )
    }

    /// What was kept when it went aside is from before this restore. The note goes
    /// last: until then all of it is done again.
    pub(super) fn take_over(&self) -> Result<(), RestoreError> {
        self.hand_over_kept_volumes()?;
        let kafka = self.kafka()?;
        let note = self.note_or_fresh(&kafka)?;
        self.pause_noting(&Note {
            run: self.target.run.clone(),
            stage: Stage::Volumes,
            on_claims: true,
            ..note
        })
    }

    fn fresh(&self, stage: Stage) -> Note {
        Note {
            run: self.target.run.clone(),
            stage,
            holds_retention: false,
            feeders: Vec::new(),
            is_made: false,
            on_claims: false,
            shown_on: String::new(),
        }
    }

    /// The next stage, noted.
    fn stage(&self, stage: Stage) -> Result<(), RestoreError> {
        let kafka = self.kafka()?;
        let note = self.note_of(&kafka)?;
        let note = note.unwrap_or_else(|| self.fresh(stage));
        let note = Note { stage, ..note };
        self.annotate_kafka(&json!({NOTE: note.to_string()}))
    }

    pub(super) fn stage_volumes_proven(&self, proven: &Proven) -> Result<(), RestoreError> {
        let place = self.kafka_place()?;
        let Some(kafka) = self.state(&place)? else {
            // It is made with the note.
            return Ok(());
        };
        let note = self.note_of(&kafka)?;
        let mut note = note.unwrap_or_else(|| self.fresh(Stage::Volumes));
        note.stage = Stage::VolumesProven;
        note.shown_on.clone_from(&proven.shown_on);
        let before = &kafka.object["spec"]["kafka"]["config"][DELAY];
        // Each change of it has the brokers rolled once more.
        let is_held = note.holds_retention || holds_as_long(before);
        if !proven.retention_would_delete || is_held {
            return self.annotate_kafka(&json!({NOTE: note.to_string()}));
        }
        note.holds_retention = true;
        let before = before.to_string();
        let change = json!({
            "metadata": {"annotations": {NOTE: note.to_string(), DELAY_BEFORE: before}},
            "spec": {"kafka": {"config": {DELAY: HOLDS_MS}}},
        });
        let stored = self.server.merge(&place, &change)?;
        match stored["spec"]["kafka"]["config"][DELAY] == HOLDS_MS {
            true => Ok(()),
            false => Err(RestoreError::ReadBack(Box::new(place))),
        }
    }

    /// In one write: a note that says that it is let go is not there before.
    pub(super) fn let_retention_go(&self) -> Result<(), RestoreError> {
        let kafka = self.kafka()?;
        let note = self.note_of(&kafka)?;
        let note = note.map(|note| {
            let note = Note {
                holds_retention: false,
                ..note
            };
            note.to_string()
        });
        let before = kafka.annotation(DELAY_BEFORE);
        let before = before.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let change = json!({
            "metadata": {"annotations": {NOTE: note, DELAY_BEFORE: null}},
            "spec": {"kafka": {"config": {DELAY: before}}},
        });
        self.server.merge(&self.kafka_place()?, &change)?;
        Ok(())
    }

    /// Notes that the heads are shown.
    ///
    /// # Errors
    /// It can't be noted.
    pub fn note_heads_proven(&self) -> Result<(), RestoreError> {
        self.stage(Stage::HeadsProven)
    }

    pub(super) fn note_is_back(&self) -> Result<(), RestoreError> {
        self.stage(Stage::IsBack)
    }

    /// Without the notes with which others may have restored it: of a hold, and that it
    /// waits.
    pub(super) fn start_nodes(&self) -> Result<(), RestoreError> {
        let mut notes = json!({PAUSE: null});
        for key in [PAUSED, HELD, LISTENERS, RESTORING, POKED] {
            notes[key] = Value::Null;
        }
        self.annotate_kafka(&notes)
    }

    pub(super) fn forget_kafka(&self) -> Result<(), RestoreError> {
        self.annotate_kafka(&json!({NOTE: null, DELAY_BEFORE: null}))
    }

    /// The last thing that is written before the operator looks after it again: what
    /// is written before it has looked once, it writes over.
    pub(super) fn give_cluster_id(&self) -> Result<(), RestoreError> {
        let place = self.kafka_place()?;
        let id = &self.target.cluster_id;
        let stored = self
            .server
            .merge_status(&place, &json!({"clusterId": id}))?;
        match stored["status"]["clusterId"] == id.as_str() {
            true => Ok(()),
            false => Err(RestoreError::ReadBack(Box::new(place))),
        }
    }

    /// Whether the operator says so of what the resource says now, and each set has
    /// all its pods.
    pub(super) fn is_ready(&self, kafka: &State) -> Result<bool, RestoreError> {
        let said = kafka.says("Ready") && !kafka.says_paused();
        if kafka.is_paused() || !said || !kafka.is_seen() {
            return Ok(false);
        }
        let sets = self.sets_of_kafka()?;
        let whole = |set: &Value| {
            let count = set["spec"]["pods"].as_array().map(Vec::len);
            let status = &set["status"];
            ["pods", "readyPods", "currentPods"]
                .iter()
                .all(|key| status[key].as_u64() == count.map(|count| count as u64))
        };
        Ok(!sets.is_empty() && sets.iter().all(whole))
    }

    pub(super) fn await_ready(&self) -> Result<(), RestoreError> {
        let what = || {
            let pods = self.pods_of_kafka().unwrap_or_default();
            let waits = pods.iter().filter(|pod| !is_ready_pod(pod)).map(name);
            let waits: Vec<String> = waits.collect();
            format!("the Kafka is not ready (not ready: {})", waits.join(", "))
        };
        self.until(what, READY, SEE, || {
            self.is_still_apart()?;
            self.is_ready(&self.kafka()?)
        })
    }
}

/// Whether what stands there, as a number or as a text, holds as long as ours.
pub(super) fn holds_as_long(delay: &Value) -> bool {
    let written = delay.as_str().and_then(|text| text.trim().parse().ok());
    delay.as_u64().or(written) >= Some(HOLDS_MS)
}

fn is_ready_pod(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let mut each = conditions.into_iter().flatten();
    each.any(|one| one["type"] == "Ready" && one["status"] == "True")
}
