//! What an ActionSet asks for (pkg/apis/cr/v1alpha1/types.go:89-123, `ActionSpec`), what
//! templates see of it (pkg/param/param.go:184-266, `New`), and how `kanctl` makes one of a
//! parent (pkg/kanctl/actionset.go:219-288, `ChildActionSet`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::StandInError;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The object, as it stands there; null where there is none any more.
    pub object: Value,
    /// `options`
    pub options: BTreeMap<String, String>,
    /// `artifacts`
    pub artifacts: Map<String, Value>,
}

impl Ask {
    /// What `--from` makes of one whose ActionSet has this status: its artifacts, its
    /// options under those that are said now (pkg/kanctl/actionset.go:676-686), and its
    /// object unless another is said.
    ///
    /// # Errors
    /// The parent is not complete.
    pub fn child(&self, status: &Value, said: Self) -> Result<Self, StandInError> {
        if status["state"] != "complete" {
            let why = "the parent ActionSet is not complete".to_owned();
            return Err(StandInError::Kanctl(why));
        }
        let artifacts = status["actions"][0]["artifacts"].as_object();
        let mut options = self.options.clone();
        options.extend(said.options);
        Ok(Self {
            object: match said.object {
                Value::Null => self.object.clone(),
                object => object,
            },
            options,
            artifacts: artifacts.cloned().unwrap_or_default(),
        })
    }

    /// As templates see it, after phases that put these out; what a deferPhase does is
    /// none of theirs.
    pub(super) fn params(&self, outputs: &Map<String, Value>, deferred: &Value) -> Value {
        let artifacts: Map<String, Value> = self
            .artifacts
            .iter()
            .map(|(name, one)| (name.clone(), json!({"KeyValue": one["keyValue"]})))
            .collect();
        let name = &self.object["metadata"]["name"];
        // What is empty is not there: the API server keeps none of it.
        let some = |is_empty: bool, value: Value| match is_empty {
            true => Value::Null,
            false => value,
        };
        json!({
            "Object": self.object,
            // (pkg/param/param.go:247-251: both are the namespace that the ActionSet's
            // reference says, which `kanctl` has be the object's name.)
            "Namespace": match self.object["kind"] == "Namespace" {
                true => json!({"Name": name, "Namespace": name}),
                false => Value::Null,
            },
            "Options": some(self.options.is_empty(), json!(self.options)),
            "ArtifactsIn": some(artifacts.is_empty(), artifacts.clone().into()),
            "Phases": outputs,
            "DeferPhase": deferred,
            "Time": "2026-01-02T03:04:05.678901234Z",
        })
    }
}
