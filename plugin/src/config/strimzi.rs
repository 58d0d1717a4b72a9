//! What may be said of a mirror in Strimzi beside what its resources say.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Deserialize;
use slackwater_cut::{ClaimName, ConnectSettings, Settings, Strategy, Verify};
use slackwater_strimzi::InSecret;

use super::check::{API_VERSION, Asked, Wrong, settings, wrong};
use super::raw::{RawLimits, RawProtect};

/// A mirror in Strimzi. Nothing has to be said: what is not is found, or is as
/// its default says.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "StrimziMirror")]
pub struct RawStrimzi {
    /// `slackwater/v1beta1`
    pub api_version: String,
    /// `StrimziMirror`
    pub kind: String,
    /// What feeds it.
    #[serde(default)]
    pub mirror_makers: RawMakers,
    /// Whether the Kafka is paused while the mirror is held, so that its operator
    /// rolls no broker in the middle. Default: true.
    pub pause_kafka: Option<bool>,
    /// How its Kafka is spoken to.
    #[serde(default)]
    pub access: RawAccess,
    /// How a snapshot is made.
    #[serde(default)]
    pub snapshot: RawClass,
    /// What is kept beside a cut, in Slackwater's own namespace, so that a restore
    /// works where the Kafka or its namespace is gone.
    #[serde(default)]
    pub keep: RawKeep,
    /// Which topics are protected, and who else writes to them.
    #[serde(default)]
    pub protect: RawProtect,
    /// Times, and what a run may accept.
    #[serde(default)]
    pub limits: RawLimits,
    /// `quiesced`: the mirror stands still while its volumes are cut; `hot`: nothing is
    /// stopped, and what comes back is planned and trimmed before it is used. Default:
    /// quiesced.
    #[serde(default)]
    pub strategy: Strategy,
    /// How the snapshot is read after the resume: `full` (every batch), `tail`
    /// (the ends of the logs) or `off`. Default: tail.
    pub verify: Option<Verify>,
    /// Claims that a run must prove. Default: still, covers, resumable, and
    /// what `verify` can prove: durable (full and tail), intact (full).
    pub require: Option<Vec<ClaimName>>,
}

/// What feeds a mirror in Strimzi.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawMakers {
    /// Namespaces in which its KafkaMirrorMaker2s may be. Default: the Kafka's.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// `state`: by each connector's `state` in the resource; `pause`: by
    /// Connect's REST, while the resource is paused. Default: `pause` where a
    /// GitOps controller owns a resource, else `state`.
    pub stop_by: Option<StopBy>,
}

/// How a mirror is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StopBy {
    /// By each connector's `state` in the resource.
    State,
    /// By Connect's REST, while the resource is paused.
    Pause,
}

/// How a Kafka is spoken to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawAccess {
    /// The listener. Default: the first that lets the user in, one for clients
    /// in the cluster before others.
    pub listener: Option<String>,
    /// A KafkaUser of the Kafka's namespace. Default: nobody.
    pub user: Option<String>,
    /// Whose certificates are trusted instead of those that the Kafka's status has for
    /// the listener. To be said where that is a certificate of your own without the
    /// one of its authority: then no chain ends in it.
    #[serde(default)]
    pub trusted_certificates: Vec<RawTrusted>,
}

/// Certificates in a Secret of the Kafka's namespace, said as in a KafkaMirrorMaker2.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawTrusted {
    /// The Secret.
    pub secret_name: String,
    /// The key of one, PEM.
    pub certificate: Option<String>,
    /// A pattern of keys, with `*`. Default: all.
    pub pattern: Option<String>,
}

/// How a snapshot is made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawClass {
    /// The VolumeSnapshotClass. Default: that of the volumes' driver.
    pub class: Option<String>,
}

/// What is kept beside a cut.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawKeep {
    /// Whether the Secrets are kept that go with the Kafka: its certificate
    /// authorities and its users' credentials; and those by which its sources are
    /// reached. Default: true.
    pub secrets: Option<bool>,
}

/// The same, checked.
#[derive(Debug, Clone)]
pub struct StrimziOptions {
    /// Where its KafkaMirrorMaker2s may be; none: where the Kafka is.
    pub namespaces: Vec<String>,
    /// How it is stopped, if that was said.
    pub stop_by: Option<StopBy>,
    /// Whether the Kafka is paused while the mirror is held.
    pub pauses_kafka: bool,
    /// The listener, if that was said.
    pub listener: Option<String>,
    /// The KafkaUser.
    pub user: Option<String>,
    /// Whose certificates are trusted, if that was said.
    pub trusted: Vec<InSecret>,
    /// The VolumeSnapshotClass, if that was said.
    pub class: Option<String>,
    /// Whether Secrets are kept beside a cut.
    pub keeps_secrets: bool,
    /// What a run is asked to do. Its Connects are found later.
    pub settings: Settings,
    /// Whether it says by itself what a run has to prove.
    pub names_required: bool,
    /// How long a run may take from the resume to the close, ms.
    pub close_ms: u64,
    /// Whether it was said that no source is done without.
    pub needs_its_sources: bool,
}

impl StrimziOptions {
    /// Where nothing was said.
    ///
    /// # Errors
    /// None: the defaults are good.
    pub fn defaults() -> Result<Self, Wrong> {
        Self::check(RawStrimzi {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            mirror_makers: RawMakers::default(),
            pause_kafka: None,
            access: RawAccess::default(),
            snapshot: RawClass::default(),
            keep: RawKeep::default(),
            protect: RawProtect::default(),
            limits: RawLimits::default(),
            strategy: Strategy::default(),
            verify: None,
            require: None,
        })
    }

    pub(super) fn check(raw: RawStrimzi) -> Result<Self, Wrong> {
        if raw.api_version != API_VERSION {
            let why = format!("{:?} is not {API_VERSION}", raw.api_version);
            return Err(wrong("apiVersion", why));
        }
        if raw.kind != KIND {
            return Err(wrong("kind", format!("{:?} is not {KIND}", raw.kind)));
        }
        let close_ms = raw.limits.close.map_or(CLOSE_MS, super::Span::as_ms);
        if !CLOSES_MS.contains(&close_ms) {
            return Err(wrong(
                "limits.close",
                "is not between 10 s and 11 h".to_owned(),
            ));
        }
        if raw.strategy == Strategy::Cold {
            let why = "cold is not there under an operator, which starts what is stopped";
            return Err(wrong("strategy", why));
        }
        let needs_its_sources = raw.limits.allow_unreachable_sources == Some(false);
        let names_required = raw.require.is_some();
        let asked = Asked {
            strategy: raw.strategy,
            limits: &raw.limits,
            protect: raw.protect,
            verify: Some(raw.verify.unwrap_or(Verify::Tail)),
            require: raw.require,
        };
        Ok(Self {
            settings: settings(asked, Vec::new())?,
            names_required,
            namespaces: raw.mirror_makers.namespaces,
            stop_by: raw.mirror_makers.stop_by,
            pauses_kafka: raw.pause_kafka.unwrap_or(true),
            listener: raw.access.listener,
            user: raw.access.user,
            trusted: raw
                .access
                .trusted_certificates
                .into_iter()
                .map(|one| InSecret::trusted(one.secret_name, one.certificate, one.pattern))
                .collect(),
            class: raw.snapshot.class,
            keeps_secrets: raw.keep.secrets.unwrap_or(true),
            close_ms,
            needs_its_sources,
        })
    }

    /// With the Connects that were found.
    #[must_use]
    pub fn settings(&self, connects: Vec<ConnectSettings>) -> Settings {
        Settings {
            connects,
            ..self.settings.clone()
        }
    }
}

/// A driver may upload before a snapshot can be read: the mirror runs meanwhile.
const CLOSE_MS: u64 = 3 * 3_600_000;

/// Below what the blueprint gives the pod of validateHead, and what a reader is given
/// (12 h): ended by these, it could not say why.
const CLOSES_MS: RangeInclusive<u64> = 10_000..=11 * 3_600_000;

const KIND: &str = "StrimziMirror";
