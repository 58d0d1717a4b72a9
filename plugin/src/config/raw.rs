//! The configuration as it was typed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use slackwater_cut::{ClaimName, ConnectTopics, Pattern, Strategy, Verify};

use super::Span;

/// A mirror, how it is reached, and how it is backed up.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Mirror")]
pub struct RawMirror {
    /// `slackwater/v1beta1`
    pub api_version: String,
    /// `Mirror`
    pub kind: String,
    /// Its name.
    pub metadata: RawMetadata,
    /// Directory of run documents, cuts and the lease. On this machine.
    pub store: PathBuf,
    /// The cluster that is backed up.
    pub mirror: RawCluster,
    /// The clusters that it is fed from.
    pub sources: Vec<RawSource>,
    /// The Connect clusters that run MirrorMaker's connectors.
    pub connect: Vec<RawConnect>,
    /// The brokers' data volumes, all of them.
    pub volumes: Vec<RawVolume>,
    /// How a snapshot is made.
    pub snapshot: RawSnapshot,
    /// `quiesced`: the brokers run while their volumes are cut; `cold`: they
    /// are stopped cleanly, and started again; `hot`: nothing is stopped, and what
    /// comes back is planned and trimmed before it is used. Default: quiesced.
    #[serde(default)]
    pub strategy: Strategy,
    /// How brokers are stopped and started: for strategy `cold`.
    pub cold: Option<RawCold>,
    /// Which topics are protected, and who else writes to them.
    #[serde(default)]
    pub protect: RawProtect,
    /// Times, and what a run may accept.
    #[serde(default)]
    pub limits: RawLimits,
    /// How the snapshot is read after the resume: `full` (every batch), `tail`
    /// (the ends of the logs) or `off`. Default: full.
    pub verify: Option<Verify>,
    /// Claims that a run must prove. Default: still, covers, resumable, and
    /// what `verify` can prove: durable (full and tail), intact (full).
    pub require: Option<Vec<ClaimName>>,
}

/// Who it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawMetadata {
    /// 1 to 64 of `A-Z`, `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
}

/// A Kafka cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawCluster {
    /// `host:port`, separated by commas.
    pub bootstrap: String,
    /// librdkafka's properties, for TLS and SASL.
    #[serde(default)]
    pub properties: BTreeMap<String, RawScalar>,
}

/// A source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawSource {
    /// MirrorMaker's alias of it (`source.cluster.alias`).
    pub alias: String,
    /// `host:port`, separated by commas.
    pub bootstrap: String,
    /// librdkafka's properties, for TLS and SASL.
    #[serde(default)]
    pub properties: BTreeMap<String, RawScalar>,
}

/// A value that may be typed without quotes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawScalar {
    /// `true`
    Bool(bool),
    /// `4000`
    Number(i64),
    /// `PLAIN`
    Text(String),
}

impl RawScalar {
    pub(super) fn into_text(self) -> String {
        match self {
            RawScalar::Bool(value) => value.to_string(),
            RawScalar::Number(value) => value.to_string(),
            RawScalar::Text(value) => value,
        }
    }
}

/// A Connect cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawConnect {
    /// Its name here: how the cut speaks of it. Default: host and port of the
    /// URL.
    pub name: Option<String>,
    /// Of its REST.
    pub url: String,
    /// Its own topics.
    pub topics: ConnectTopics,
    /// Connectors that feed the mirror, where their configuration does not
    /// show it.
    #[serde(default)]
    pub connectors: Vec<String>,
    /// MirrorMaker connectors there that feed another cluster.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// User of HTTP basic authentication.
    pub user: Option<String>,
    /// File that holds his password.
    pub password_file: Option<PathBuf>,
    /// PEM file of certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// For one look's request. Default: 10s.
    pub timeout: Option<Span>,
}

/// A data volume of a broker.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawVolume {
    /// Its name here.
    pub name: String,
    /// `node.id` of the broker that writes to it.
    pub broker: i32,
    /// Where it is mounted here.
    pub path: PathBuf,
    /// A command that flushes it, where it is no local file system.
    pub flush: Option<Vec<String>>,
}

/// How a snapshot is made: exactly one of these.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawSnapshot {
    /// Clones of files that share blocks (XFS, btrfs).
    pub copy: Option<RawCopy>,
    /// Your own commands, for LVM, ZFS, btrfs, an array.
    pub command: Option<RawCommand>,
}

/// How brokers are stopped and started. Each command is a program and its
/// arguments, run once for each broker, all at once; no shell reads it.
/// Placeholder: `{broker}`, the `node.id`. Both must succeed where there is
/// nothing to do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawCold {
    /// Stops one cleanly, and returns when its process has ended:
    /// `[systemctl, stop, kafka]`.
    pub stop: Vec<String>,
    /// Starts one.
    pub start: Vec<String>,
    /// For each command; at most half of the window. Default: 60s.
    pub timeout: Option<Span>,
}

/// The copy driver.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawCopy {
    /// Folder of the snapshots, on the volumes' file system.
    pub into: PathBuf,
}

/// The command driver. Each command is a program and its arguments; no shell
/// reads it. Placeholders: `{run}`, `{volume}`, `{broker}`, `{path}`,
/// `{snapshot}` and, to open and restore, `{target}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawCommand {
    /// What a snapshot is called. Default: `{run}-{volume}`.
    pub snapshot: Option<String>,
    /// Makes one.
    pub create: Vec<String>,
    /// Removes one.
    pub delete: Vec<String>,
    /// Prints those that there are, one a line.
    pub list: Option<Vec<String>>,
    /// Makes the files of one readable.
    pub open: Option<Vec<String>>,
    /// Undoes an open.
    pub close: Option<Vec<String>>,
    /// Puts one into a target.
    pub restore: Option<Vec<String>>,
    /// For each command. Default: 30s.
    pub timeout: Option<Span>,
}

/// Partition classes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawProtect {
    /// Topics that are protected; none: all. `*` stands for anything.
    #[serde(default)]
    pub include: Vec<Pattern>,
    /// Topics that are not.
    #[serde(default)]
    pub exclude: Vec<Pattern>,
    /// Topics that others than MirrorMaker write to.
    #[serde(default)]
    pub own: Vec<Pattern>,
}

/// Times, and what a run may accept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawLimits {
    /// From the first stop until the guard resumes, whatever happens.
    /// Default: 60s; with strategy `cold` 5m.
    pub window: Option<Span>,
    /// How long the stop waits for the mirror to pass the first sample of the
    /// source. Default: 15s.
    pub cover_wait: Option<Span>,
    /// How long a stop may take. Default: 45s.
    pub stop: Option<Span>,
    /// How long the drain may take. Default: 20s.
    pub drain: Option<Span>,
    /// How long the mirror is watched until it has caught up. Default: 5m.
    pub catch_up: Option<Span>,
    /// How long a run may take from the resume to the close. Default: 10m; in
    /// Kubernetes 3h.
    pub close: Option<Span>,
    /// The retention left must be the window times this. Default: 2.
    pub retention_factor: Option<u32>,
    /// Records compared at the end of each partition. Default: 64.
    pub tail_records: Option<u32>,
    /// Whether a source that can't be reached is done without: `covers` and `resumable` are
    /// unproven then. Default: false; around K10's snapshots true.
    pub allow_unreachable_sources: Option<bool>,
}
