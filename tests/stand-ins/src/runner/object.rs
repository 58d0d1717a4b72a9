//! `ObjectReference` (pkg/apis/cr/v1alpha1/types.go:64-80), and an object's place in the API
//! as client-go's dynamic client makes it of that (dynamic/simple.go:343-362): a namespace
//! that is given is in it, whether or not the resource has any, and one that is not given is
//! not.

use serde_json::{Map, Value, json};

use super::Kubectl;
use super::functions::text;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct ObjectReference {
    pub(super) api_version: String,
    pub(super) group: String,
    pub(super) resource: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
}

impl ObjectReference {
    /// Of arguments.
    pub(super) fn of(value: &Value) -> Self {
        Self {
            api_version: text(value, "apiVersion"),
            group: text(value, "group"),
            resource: text(value, "resource"),
            kind: text(value, "kind"),
            name: text(value, "name"),
            namespace: text(value, "namespace"),
        }
    }

    /// As a phase puts it out (pkg/function/kubeops.go:95-104).
    pub(super) fn outputs(&self) -> Map<String, Value> {
        let mut outputs = Map::new();
        for (key, value) in [
            ("apiVersion", &self.api_version),
            ("group", &self.group),
            ("resource", &self.resource),
            ("kind", &self.kind),
            ("name", &self.name),
        ] {
            outputs.insert(key.to_owned(), json!(value));
        }
        if !self.namespace.is_empty() {
            outputs.insert("namespace".to_owned(), json!(self.namespace));
        }
        outputs
    }

    /// Where it is.
    pub(super) fn path(&self) -> String {
        let version = version_path(&self.group, &self.api_version);
        let (resource, name) = (&self.resource, &self.name);
        match self.namespace.as_str() {
            "" => format!("{version}/{resource}/{name}"),
            space => format!("{version}/namespaces/{space}/{resource}/{name}"),
        }
    }

    /// As kubectl takes it.
    pub(super) fn words(&self) -> String {
        format!("{}.{}.{}", self.resource, self.api_version, self.group)
    }

    /// It, as it stands there (pkg/function/wait.go:224-230).
    pub(super) fn get(&self, kubectl: Kubectl<'_>) -> Result<Value, String> {
        let text = kubectl(&["get", "--raw", &self.path()], None)?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
}

/// Where a version of a group is.
pub(super) fn version_path(group: &str, version: &str) -> String {
    match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_namespace_that_was_given_and_no_other() {
        let mut map = ObjectReference::of(
            &json!({"apiVersion": "v1", "resource": "configmaps", "name": "one", "namespace": "here"}),
        );
        assert_eq!(map.path(), "/api/v1/namespaces/here/configmaps/one");
        map.namespace = String::new();
        map.group = "apps".to_owned();
        assert_eq!(map.path(), "/apis/apps/v1/configmaps/one");
    }
}
