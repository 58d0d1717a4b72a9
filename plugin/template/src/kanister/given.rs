//! What an ActionSet gives to templates (`pkg/param/param.go`, `TemplateParams`), as far
//! as it is known before it runs.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::{Of, Value};

/// Kinds of which templates have a view of their own, as an ActionSet names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `statefulset`
    StatefulSet,
    /// `deployment`
    Deployment,
    /// `deploymentconfig`
    DeploymentConfig,
    /// `pvc`
    Pvc,
    /// `namespace`
    Namespace,
}

/// The field of each, and its type.
const KINDS: [(Kind, &str, &str); 5] = [
    (Kind::StatefulSet, "StatefulSet", "StatefulSetParams"),
    (Kind::Deployment, "Deployment", "DeploymentParams"),
    (
        Kind::DeploymentConfig,
        "DeploymentConfig",
        "DeploymentConfigParams",
    ),
    (Kind::Pvc, "PVC", "PVCParams"),
    (Kind::Namespace, "Namespace", "NamespaceParams"),
];

impl Kind {
    /// By the kind that stands in an object.
    #[must_use]
    pub fn of_object(kind: &str) -> Option<Self> {
        match kind {
            "PersistentVolumeClaim" => Some(Self::Pvc),
            kind => KINDS
                .iter()
                .find(|(_, field, _)| *field == kind)
                .map(|(known, ..)| *known),
        }
    }
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The object, as it lies in the API server.
    pub object: Json,
    /// What it is, where templates have a view of that.
    pub kind: Option<Kind>,
    /// `options`
    pub options: BTreeMap<String, String>,
    /// `artifacts`: what an earlier action put out.
    pub artifacts: BTreeMap<String, BTreeMap<String, String>>,
    /// What phases put out, where somebody says it.
    pub outputs: BTreeMap<String, BTreeMap<String, String>>,
    /// When the action began, where somebody says it.
    pub time: Option<String>,
}

/// How far the action is.
pub(super) struct At<'a> {
    /// Phases that are done.
    pub(super) phases: &'a [&'a str],
    /// The one that is to run.
    pub(super) own: Option<&'a str>,
    pub(super) deferred: Done,
}

impl At<'_> {
    pub(super) fn before() -> Self {
        Self {
            phases: &[],
            own: None,
            deferred: Done::Not,
        }
    }
}

/// Of `deferPhase`.
#[derive(Clone, Copy)]
pub(super) enum Done {
    Not,
    Runs,
    Is,
}

fn open(path: impl Into<Rc<str>>) -> Value {
    Value::Unknown(path.into())
}

fn texts(of: Of, all: &BTreeMap<String, String>) -> Value {
    let each = all.iter();
    Value::map(of, each.map(|(key, one)| (key.clone(), Value::text(one))))
}

impl Given {
    /// What templates see.
    pub(super) fn root(&self, at: &At<'_>) -> Value {
        let mut fields: BTreeMap<&'static str, Value> = KINDS
            .iter()
            .map(|(kind, field, name)| match self.kind == Some(*kind) {
                true => (*field, self.view(*kind, field, name)),
                false => (*field, Value::NilOf(name)),
            })
            .collect();
        // Those that the ActionSet names, which is not seen here.
        for (field, path) in [
            ("ConfigMaps", ".ConfigMaps"),
            ("Secrets", ".Secrets"),
            ("Profile", ".Profile"),
            ("RepositoryServer", ".RepositoryServer"),
            ("PodOverride", ".PodOverride"),
            ("PodLabels", ".PodLabels"),
            ("PodAnnotations", ".PodAnnotations"),
        ] {
            fields.insert(field, open(path));
        }
        let time = self.time.as_ref();
        fields.insert("Time", time.map_or_else(|| open(".Time"), Value::text));
        fields.insert("Object", Value::of_object(&self.object));
        fields.insert("Options", texts(Of::Text, &self.options));
        fields.insert("ArtifactsIn", self.artifacts());
        fields.insert("Phases", self.phases(at));
        fields.insert("DeferPhase", deferred(at.deferred));
        Value::fields("TemplateParams", fields)
    }

    /// Pods and what belongs to them are looked up when it runs.
    fn view(&self, kind: Kind, field: &str, name: &'static str) -> Value {
        let of = |key: &str| Value::text(self.object["metadata"][key].as_str().unwrap_or_default());
        let own = of("name");
        let namespace = match kind {
            Kind::Namespace => own.clone(),
            _ => of("namespace"),
        };
        let mut fields = vec![("Name", own), ("Namespace", namespace)];
        if !matches!(kind, Kind::Namespace | Kind::Pvc) {
            for what in ["Pods", "Containers", "PersistentVolumeClaims"] {
                fields.push((what, open(format!(".{field}.{what}"))));
            }
        }
        Value::fields(name, fields)
    }

    fn artifacts(&self) -> Value {
        let each = self.artifacts.iter().map(|(name, pairs)| {
            let fields = [
                ("KeyValue", texts(Of::Text, pairs)),
                ("KopiaSnapshot", Value::text("")),
            ];
            (name.clone(), Value::fields("Artifact", fields))
        });
        Value::map(Of::Other, each)
    }

    fn phases(&self, at: &At<'_>) -> Value {
        let done = at.phases.iter().map(|name| {
            let path = format!(".Phases.{name}");
            let output = match self.outputs.get(*name) {
                Some(said) => texts(Of::Any, said),
                None => open(format!("{path}.Output")),
            };
            ((*name).to_owned(), phase(&path, output))
        });
        let own = at.own.map(|name| {
            let none = Value::map(Of::Any, []);
            (name.to_owned(), phase(&format!(".Phases.{name}"), none))
        });
        Value::map(Of::Other, done.chain(own))
    }
}

fn deferred(done: Done) -> Value {
    let path = ".DeferPhase";
    match done {
        Done::Not => Value::NilOf("Phase"),
        Done::Runs => phase(path, Value::map(Of::Any, [])),
        Done::Is => phase(path, open(".DeferPhase.Output")),
    }
}

fn phase(path: &str, output: Value) -> Value {
    Value::fields(
        "Phase",
        [
            ("Output", output),
            ("Secrets", open(format!("{path}.Secrets"))),
            ("ConfigMaps", open(format!("{path}.ConfigMaps"))),
        ],
    )
}
