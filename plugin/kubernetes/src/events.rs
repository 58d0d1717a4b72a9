//! Events on the mirror's resources: what `kubectl describe` and `kubectl events`
//! show of a run. They tell; nothing is decided by them, and they go by
//! themselves after an hour (`--event-ttl` of the API server).

use serde_json::json;
use slackwater_store::RunId;
use slackwater_strimzi::{ApiVersion, Meta};

use crate::clock::micro_time;
use crate::labels::{APP, RUN, SLACKWATER};
use crate::place::{Place, Resource, label_value};
use crate::{ApiError, ApiServer};

/// Most bytes of an event's words: with more the API server refuses it
/// (`NoteLengthLimit` of its validation, which says characters and counts bytes).
pub const MOST_NOTE: usize = 1024;

/// What became of a run, in the words that `kubectl describe` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// All connectors are stopped.
    Quiesced,
    /// Nothing is in flight.
    Drained,
    /// The run is sealed.
    Sealed,
    /// All volumes are cut.
    Cut,
    /// The connectors run again.
    Resumed,
    /// The run is given up.
    Voided,
    /// A required claim is refuted.
    Refuted,
    /// A required claim is neither proven nor refuted.
    Unproven,
    /// All that was required is proven.
    Proven,
    /// What its backup holds is there again, and runs.
    Restored,
    /// The volumes from before are there again.
    WentBack,
}

impl Reason {
    /// One word, as events have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Quiesced => "MirrorQuiesced",
            Self::Drained => "MirrorDrained",
            Self::Sealed => "RunSealed",
            Self::Cut => "VolumesCut",
            Self::Resumed => "MirrorResumed",
            Self::Voided => "BackupVoided",
            Self::Refuted => "BackupRefuted",
            Self::Unproven => "BackupUnproven",
            Self::Proven => "BackupProven",
            Self::Restored => "MirrorRestored",
            Self::WentBack => "RestoreUndone",
        }
    }

    /// Whether somebody should look: there are two types of events.
    fn is_warning(self) -> bool {
        matches!(self, Self::Voided | Self::Refuted | Self::Unproven)
    }
}

/// A resource that an event is about.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// A `Kafka`.
    Kafka(&'a Meta),
    /// A `KafkaMirrorMaker2`.
    MirrorMaker(&'a Meta),
}

impl About<'_> {
    fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Kafka(_) => ("Kafka", "kafka"),
            Self::MirrorMaker(_) => ("KafkaMirrorMaker2", "maker"),
        }
    }

    fn meta(&self) -> &Meta {
        match self {
            Self::Kafka(meta) | Self::MirrorMaker(meta) => meta,
        }
    }
}

/// Tells of one run.
#[derive(Clone)]
pub struct Events {
    server: ApiServer,
    version: ApiVersion,
    run: RunId,
}

impl Events {
    /// Nothing is told yet.
    pub fn new(server: ApiServer, version: ApiVersion, run: RunId) -> Self {
        Self {
            server,
            version,
            run,
        }
    }

    /// Tells it, once: a run that says it again, after a crash, says nothing new.
    ///
    /// # Errors
    /// A refusal; no answer. Nobody should fail for it.
    pub fn tell(&self, about: About<'_>, reason: Reason, note: &str) -> Result<(), ApiError> {
        let (kind, short) = about.kind();
        let meta = about.meta();
        let word = reason.word();
        let name = format!(
            "slackwater-{}-{short}-{}-{}",
            self.run,
            meta.name,
            word.to_ascii_lowercase()
        );
        let place = Place::new(Resource::events(), &meta.namespace, &name)?;
        let note = &note[..note.floor_char_boundary(MOST_NOTE)];
        let event = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "namespace": place.namespace,
                "name": place.name,
                "labels": {APP: SLACKWATER, RUN: label_value(self.run.as_str())?},
            },
            "involvedObject": {
                "apiVersion": self.version.to_string(),
                "kind": kind,
                "namespace": meta.namespace,
                "name": meta.name,
                "uid": meta.uid,
            },
            "reason": word,
            "message": note,
            "type": if reason.is_warning() { "Warning" } else { "Normal" },
            "eventTime": micro_time(),
            "firstTimestamp": null,
            "reportingComponent": "slackwater.io/slackwater",
            "reportingInstance": self.run.as_str(),
            "action": word,
        });
        match self.server.create(&place, &event) {
            Err(ApiError::Exists { .. }) => Ok(()),
            told => told.map(drop),
        }
    }
}
