//! What every resource has: who it is, and who keeps his hands on it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::StrimziError;

/// The annotation that has the operator leave a resource alone
/// (`ResourceAnnotations.ANNO_STRIMZI_IO_PAUSE_RECONCILIATION`).
pub const PAUSE: &str = "strimzi.io/pause-reconciliation";

/// The annotation that notes, while a mirror is held, what stood at each connector
/// before: `{"NAME": "running", "NAME": null}`.
pub const PRIOR: &str = "slackwater.io/prior-states";

/// The annotation that notes that a pause is ours.
pub const PAUSED: &str = "slackwater.io/paused";

/// The annotation that notes for which Kafka a resource is held, and how:
/// `state NAMESPACE/NAME`, or `pause NAMESPACE/NAME`. Whoever lets it go needs to
/// know nothing else: not the Kafka, nor Connect, nor the run.
pub const HELD: &str = "slackwater.io/held";

/// The annotation of a Kafka that is paused for the time of a hold: its
/// `status.listeners` as they were, which its operator drops meanwhile.
pub const LISTENERS: &str = "slackwater.io/listeners";

/// The annotation that is changed to have the operator look: any event of a resource
/// is one to reconcile (`AbstractOperator`).
pub const POKED: &str = "slackwater.io/poked-ms";

/// The labels that Strimzi puts on what it makes of a component (`Labels`), to select
/// it by: those of an entity operator are of the same cluster and kind, and have
/// another name.
pub fn component(cluster: &str, kind: &str, name: &str) -> String {
    format!("strimzi.io/cluster={cluster},strimzi.io/kind={kind},strimzi.io/name={name}")
}

/// Labels and annotations by which a GitOps controller knows what is its own:
/// it puts back what others change in `spec`. (Argo CD's tracking annotation and
/// label; Flux's label, for kustomizations and Helm releases.)
pub const GIT_OPS: [(&str, &str); 4] = [
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
];

/// As it is read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawMeta {
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// How a resource is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldBy {
    /// By what it says of its connectors.
    State,
    /// By what Connect was told, while its operator leaves it alone.
    Pause,
}

/// That a resource is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held<'a> {
    /// How.
    pub by: HeldBy,
    /// For which Kafka: `NAMESPACE/NAME`.
    pub kafka: &'a str,
}

impl std::fmt::Display for Held<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = match self.by {
            HeldBy::State => "state",
            HeldBy::Pause => "pause",
        };
        write!(f, "{by} {}", self.kafka)
    }
}

/// Who it is, and the state of it that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Where it is.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
    /// Another one for another object of the same name.
    pub uid: String,
    /// Another one after each change.
    pub resource_version: String,
    /// Another one after each change of `spec`.
    pub generation: i64,
    annotations: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

impl RawMeta {
    /// Namespace and name, for a message.
    pub(crate) fn words(&self) -> String {
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        format!("{}/{}", or(&self.namespace), or(&self.name))
    }

    /// Checked: an object of the API server has all of these.
    pub(crate) fn check(self) -> Result<Meta, String> {
        let there = |text: Option<String>, what: &str| {
            text.filter(|text| !text.is_empty())
                .ok_or_else(|| format!("metadata.{what} is missing"))
        };
        Ok(Meta {
            namespace: there(self.namespace, "namespace")?,
            name: there(self.name, "name")?,
            uid: there(self.uid, "uid")?,
            resource_version: there(self.resource_version, "resourceVersion")?,
            generation: self.generation.ok_or("metadata.generation is missing")?,
            annotations: self.annotations,
            labels: self.labels,
        })
    }
}

impl Meta {
    /// Of an object as the API server gave it, whatever else stands in it.
    ///
    /// # Errors
    /// It lacks what every object has.
    pub fn read(kind: &'static str, object: &serde_json::Value) -> Result<Self, StrimziError> {
        let raw = RawMeta::deserialize(&object["metadata"]).map_err(|error| error.to_string());
        let checked = raw.and_then(RawMeta::check);
        checked.map_err(|why| StrimziError::Malformed {
            kind,
            name: object["metadata"]["name"]
                .as_str()
                .unwrap_or("?")
                .to_owned(),
            why,
        })
    }

    /// Whether the operator leaves it alone. The annotation counts, not the
    /// condition `ReconciliationPaused`: that stays True for half a minute after
    /// the annotation is gone. (The operator reads it as Java's `parseBoolean`
    /// does: `Annotations.isReconciliationPausedWithAnnotation`.)
    pub fn is_paused(&self) -> bool {
        let value = self.annotations.get(PAUSE);
        value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    /// For which Kafka it is held, and how, as it is noted on it.
    pub fn held(&self) -> Option<Held<'_>> {
        let (by, kafka) = self.annotation(HELD)?.split_once(' ')?;
        let by = match by {
            "state" => HeldBy::State,
            "pause" => HeldBy::Pause,
            _ => return None,
        };
        Some(Held { by, kafka })
    }

    pub(crate) fn has_annotations(&self) -> bool {
        !self.annotations.is_empty()
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// The GitOps controller that owns it, where one shows that it does.
    pub fn git_ops(&self) -> Option<&'static str> {
        GIT_OPS.iter().find_map(|(key, who)| {
            let there = self.annotations.contains_key(*key) || self.labels.contains_key(*key);
            there.then_some(*who)
        })
    }
}

impl std::fmt::Display for Meta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
