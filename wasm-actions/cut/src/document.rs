//! The run document: open → sealed → closed, or void. Closed, it is the cut.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bound, Bracket, Claim, ClusterIdentity, Content, Drain, Hot, Outage, Quiesce, Resume, Rows,
    Settings, Snapshot, SourcePoint, Unreachable, canonical_json, sha256_hex,
};

/// The only version that this program writes and reads.
pub const API_VERSION: &str = "slackwater/v1beta1";

/// No document is larger: 10,000 partitions need about 8 MB of plain JSON, so
/// this is room for several times that, and a file of another kind is refused
/// before it is parsed.
pub const MAX_DOCUMENT_BYTES: usize = 64 << 20;

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// The only one.
    Cut,
}

/// How far the run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum State {
    /// Phases are adding to it.
    Open,
    /// A promise: the rows are final, snapshots may follow.
    Sealed,
    /// The verdict.
    Closed {
        /// When. Milliseconds since the Unix epoch.
        at_ms: u64,
    },
    /// Given up; it claims nothing.
    Void {
        /// When. Milliseconds since the Unix epoch.
        at_ms: u64,
        /// Why, in one line.
        reason: String,
    },
}

impl State {
    /// Whether nothing may be added any more.
    pub fn is_final(&self) -> bool {
        matches!(self, State::Closed { .. } | State::Void { .. })
    }

    /// One word.
    pub fn word(&self) -> &'static str {
        match self {
            State::Open => "open",
            State::Sealed => "sealed",
            State::Closed { .. } => "closed",
            State::Void { .. } => "void",
        }
    }
}

/// A component that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComponentUsed {
    /// For example `quiesce-mirror`.
    pub phase: String,
    /// SHA-256 of the component.
    pub sha256: String,
}

/// Something that befell the lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaseEvent {
    /// When. Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// For example `taken`, `released`, `deadline`.
    pub event: String,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cut {
    /// `slackwater/v1beta1`
    pub api_version: String,
    /// `Cut`
    pub kind: Kind,
    /// Of the run that makes it.
    pub run_id: String,
    /// The mirror's name in the configuration.
    pub mirror: String,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// How far it is.
    pub state: State,
    /// What was asked for.
    pub settings: Settings,
    /// The components that took part, in order of their first use.
    pub components: Vec<ComponentUsed>,
    /// What befell the lease.
    pub lease: Vec<LeaseEvent>,
    /// quiesceMirror's section.
    pub quiesce: Option<Quiesce>,
    /// awaitDrain's.
    pub drain: Option<Drain>,
    /// The partitions, from awaitDrain on.
    pub rows: Rows,
    /// snapshotPartitions' section.
    pub snapshot: Option<Snapshot>,
    /// What was seen around the snapshots of a mirror that runs on. Left out
    /// otherwise, so that cuts from before there was this field keep their
    /// digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hot: Option<Hot>,
    /// The last point that the source passed before the mirror stood still. Left out where
    /// none is covered, and in cuts from before there was this field, which keep their
    /// digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<SourcePoint>,
    /// Where hooks are run around each node pool: which have come. Left out otherwise, so
    /// that cuts from before there was this field keep their digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    /// validateHead's closing look.
    pub bracket: Option<Bracket>,
    /// resumeMirror's section.
    pub resume: Option<Resume>,
    /// What was read of the snapshot; `null` until then, or where it was not.
    pub content: Option<Content>,
    /// The claims; empty until it is closed.
    pub claims: Vec<Claim>,
    /// The digest with which it was closed before, where its snapshot was read
    /// again later.
    pub previous: Option<String>,
    /// SHA-256 of the canonical form of all the rest; set when it is closed.
    pub digest: Option<String>,
}

/// Why a document can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// Too large.
    #[error("the document has {0} bytes; no cut has more than {MAX_DOCUMENT_BYTES}")]
    TooLarge(usize),
    /// No JSON, or another shape.
    #[error("the document is not a cut: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another version.
    #[error("the document has apiVersion {0:?}; this program reads {API_VERSION}")]
    Version(String),
    /// The digest is another one.
    #[error("the cut's digest is not that of its content: it was changed")]
    Digest,
    /// A row that refers to nothing.
    #[error("row {row} of the cut names topic {topic}, and there are {topics}")]
    Row {
        /// Position of the row.
        row: usize,
        /// Position that it names.
        topic: u32,
        /// How many topics there are.
        topics: usize,
    },
}

impl Cut {
    /// A new, open run.
    pub fn open(run_id: String, mirror: String, created_ms: u64, settings: Settings) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: Kind::Cut,
            run_id,
            mirror,
            created_ms,
            state: State::Open,
            settings,
            components: Vec::new(),
            lease: Vec::new(),
            quiesce: None,
            drain: None,
            rows: Rows::default(),
            snapshot: None,
            hot: None,
            point: None,
            bound: None,
            bracket: None,
            resume: None,
            content: None,
            claims: Vec::new(),
            previous: None,
            digest: None,
        }
    }

    /// Reads a document and checks what its shape can't say.
    pub fn parse(text: &str) -> Result<Self, CutError> {
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(CutError::TooLarge(text.len()));
        }
        let cut: Cut = serde_json::from_str(text)?;
        if cut.api_version != API_VERSION {
            return Err(CutError::Version(cut.api_version));
        }
        let topics = cut.rows.topics.len();
        for (row, partition) in cut.rows.partitions.iter().enumerate() {
            if partition.topic as usize >= topics {
                return Err(CutError::Row {
                    row,
                    topic: partition.topic,
                    topics,
                });
            }
        }
        Ok(cut)
    }

    /// Reads a document that others rest on: where it is closed, its digest
    /// must hold.
    ///
    /// # Errors
    /// See [`CutError`].
    pub fn trusted(text: &str) -> Result<Self, CutError> {
        let cut = Self::parse(text)?;
        let closed = matches!(cut.state, State::Closed { .. });
        if closed && !crate::digest_holds(text)? {
            return Err(CutError::Digest);
        }
        Ok(cut)
    }

    /// The mirror, where it was asked for already.
    pub fn mirror_cluster(&self) -> Option<&ClusterIdentity> {
        let clusters = &self.quiesce.as_ref()?.clusters;
        clusters.iter().find(|one| one.alias.is_none())
    }

    /// Sources that the run did without: those that it found so, and those that were gone
    /// when it held the mirror.
    pub fn unreachable(&self) -> impl Iterator<Item = &Unreachable> {
        let found = self.quiesce.iter().flat_map(|one| &one.unreachable);
        let later = self.drain.iter().flat_map(|one| &one.unreachable);
        found.chain(later)
    }

    /// What a copy of a source's topic is called: as its connector has it, or as the other
    /// copies of that source are. Where neither is known, what it may be called by
    /// MirrorMaker's two policies.
    pub fn copies_named(&self, alias: &str, topic: &str) -> Vec<String> {
        let connectors = self.quiesce.iter().flat_map(|one| &one.connectors);
        let mut copying = connectors.filter(|one| one.copies && one.source_alias == alias);
        let by_connector = copying.find_map(|one| one.copy_prefix.as_deref());
        let mut prefixes = self.rows.topics.iter().filter_map(|row| {
            let source = row.source.as_ref().filter(|one| one.alias == alias)?;
            row.name.strip_suffix(source.topic.as_str())
        });
        match by_connector.or_else(|| prefixes.next()) {
            Some(prefix) => vec![format!("{prefix}{topic}")],
            None => vec![format!("{alias}.{topic}"), topic.to_owned()],
        }
    }

    /// The mirror's `cluster.id`; empty where it was not asked yet.
    pub fn mirror_cluster_id(&self) -> &str {
        self.mirror_cluster()
            .map_or("", |cluster| cluster.cluster_id.as_str())
    }

    /// The brokers' stop and start, where the run has asked for a stop.
    pub fn outage(&self) -> Option<&Outage> {
        self.snapshot.as_ref()?.outage.as_ref()
    }

    /// The same, to be changed.
    pub fn outage_mut(&mut self) -> Option<&mut Outage> {
        self.snapshot.as_mut()?.outage.as_mut()
    }

    /// Adds a claim of a restore to a copy of the cut, in place of an earlier
    /// one of that name.
    pub fn add_claim(&mut self, claim: Claim) {
        self.claims.retain(|other| other.name != claim.name);
        self.claims.push(claim);
        self.digest = None;
        self.digest = self.compute_digest().ok();
    }

    /// Takes back what restores have shown, before another one begins. Whether there
    /// was anything.
    pub fn forget_restores(&mut self) -> bool {
        let before = self.claims.len();
        let of_restore = |claim: &Claim| claim.name.is_of_a_restore();
        self.claims.retain(|claim| !of_restore(claim));
        let any = self.claims.len() != before;
        if any {
            self.digest = None;
            // Of a seal there was none.
            let closed = matches!(self.state, State::Closed { .. });
            self.digest = closed.then(|| self.compute_digest().ok()).flatten();
        }
        any
    }

    /// The canonical form.
    pub fn to_canonical(&self) -> Result<String, CutError> {
        Ok(canonical_json(self)?)
    }

    /// SHA-256 of the canonical form of all but the digest.
    pub fn compute_digest(&self) -> Result<String, CutError> {
        let mut bare = self.clone();
        bare.digest = None;
        Ok(sha256_hex(bare.to_canonical()?.as_bytes()))
    }

    /// The window: from before the first stop to the first new record on the
    /// mirror, or to all running where nothing was pending. Milliseconds.
    pub fn window_ms(&self) -> Option<u64> {
        let stop = self.quiesce.as_ref()?.stop_started_ms?;
        let resume = self.resume.as_ref()?;
        let end = resume.first_record_ms.or(resume.running_ms)?;
        Some(end.saturating_sub(stop))
    }
}
