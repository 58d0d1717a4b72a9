//! What an object is, and where. Makes paths; asks nobody.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::ApiError;

/// A kind of object, as it stands in paths and in RBAC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    pub(crate) group: Cow<'static, str>,
    version: String,
    pub(crate) plural: Cow<'static, str>,
}

impl Resource {
    /// `ConfigMap`
    pub fn config_maps() -> Self {
        Self::new("", "v1", "configmaps")
    }

    /// Strimzi's `Kafka`, in a version that the API server serves.
    pub fn kafkas(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkas")
    }

    /// Strimzi's `KafkaMirrorMaker2`.
    pub fn mirror_makers(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkamirrormaker2s")
    }

    pub(crate) fn node_pools(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkanodepools")
    }

    pub(crate) fn users(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkausers")
    }

    pub(crate) fn topics(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkatopics")
    }

    pub(crate) fn connectors(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkaconnectors")
    }

    pub(crate) fn connects(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkaconnects")
    }

    pub(crate) fn rebalances(version: slackwater_strimzi::ApiVersion) -> Self {
        Self::new(STRIMZI, version.as_str(), "kafkarebalances")
    }

    pub(crate) fn secrets() -> Self {
        Self::new("", "v1", "secrets")
    }

    /// `Pod`
    pub fn pods() -> Self {
        Self::new("", "v1", "pods")
    }

    /// Of the whole cluster.
    pub fn namespaces() -> Self {
        Self::new("", "v1", "namespaces")
    }

    pub(crate) fn network_policies() -> Self {
        Self::new("networking.k8s.io", "v1", "networkpolicies")
    }

    pub(crate) fn events() -> Self {
        Self::new("", "v1", "events")
    }

    pub(crate) fn leases() -> Self {
        Self::new("coordination.k8s.io", "v1", "leases")
    }

    /// Strimzi's own, of a group and versions of their own.
    pub(crate) fn pod_sets(version: &str) -> Self {
        Self::new(POD_SETS, version, "strimzipodsets")
    }

    pub(crate) fn quotas() -> Self {
        Self::new("", "v1", "resourcequotas")
    }

    pub(crate) fn limit_ranges() -> Self {
        Self::new("", "v1", "limitranges")
    }

    pub(crate) fn csi_nodes() -> Self {
        Self::new("storage.k8s.io", "v1", "csinodes")
    }

    pub(crate) fn volume_attachments() -> Self {
        Self::new("storage.k8s.io", "v1", "volumeattachments")
    }

    pub(crate) fn claims() -> Self {
        Self::new("", "v1", "persistentvolumeclaims")
    }

    /// Of the whole cluster.
    pub(crate) fn volumes() -> Self {
        Self::new("", "v1", "persistentvolumes")
    }

    pub(crate) fn snapshots() -> Self {
        Self::new(SNAPSHOTS, "v1", "volumesnapshots")
    }

    /// Of the whole cluster.
    pub(crate) fn snapshot_contents() -> Self {
        Self::new(SNAPSHOTS, "v1", "volumesnapshotcontents")
    }

    /// Of the whole cluster.
    pub(crate) fn snapshot_classes() -> Self {
        Self::new(SNAPSHOTS, "v1", "volumesnapshotclasses")
    }

    /// Another kind, by its group (empty for the core), version and plural.
    pub fn of(group: &'static str, version: &str, plural: &'static str) -> Self {
        Self::new(group, version, plural)
    }

    /// One that somebody has typed.
    ///
    /// # Errors
    /// [`ApiError::Name`]: it would lead elsewhere in a path.
    pub fn typed(group: &str, version: &str, plural: &str) -> Result<Self, ApiError> {
        for (what, part) in [
            ("a group", group),
            ("a version", version),
            ("a resource", plural),
        ] {
            let is_core = what == "a group" && part.is_empty();
            if !(is_core || is_subdomain(part)) {
                return Err(ApiError::Name {
                    what: what.to_owned(),
                    name: part.to_owned(),
                    rule: "a-z, 0-9, - and ., with a letter or digit at each end",
                });
            }
        }
        Ok(Self {
            group: Cow::Owned(group.to_owned()),
            version: version.to_owned(),
            plural: Cow::Owned(plural.to_owned()),
        })
    }

    fn new(group: &'static str, version: &str, plural: &'static str) -> Self {
        Self {
            group: Cow::Borrowed(group),
            version: version.to_owned(),
            plural: Cow::Borrowed(plural),
        }
    }

    /// Those of a namespace; of the whole cluster where it is empty.
    pub(crate) fn path(&self, namespace: &str) -> String {
        let Self {
            group,
            version,
            plural,
        } = self;
        let root = match group.as_ref() {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        };
        match namespace {
            "" => format!("{root}/{plural}"),
            namespace => format!("{root}/namespaces/{namespace}/{plural}"),
        }
    }
}

/// The group of VolumeSnapshots and what belongs to them (Kubernetes CSI's
/// external-snapshotter).
const SNAPSHOTS: &str = "snapshot.storage.k8s.io";

/// The group of StrimziPodSets.
pub(crate) const POD_SETS: &str = "core.strimzi.io";

/// Strimzi's group.
pub(crate) const STRIMZI: &str = "kafka.strimzi.io";

impl fmt::Display for Resource {
    /// As RBAC names it: `kafkas.kafka.strimzi.io`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plural)?;
        match self.group.as_ref() {
            "" => Ok(()),
            group => write!(f, ".{group}"),
        }
    }
}

/// An object's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(crate) resource: Resource,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Place {
    /// An object of this name need not be there.
    ///
    /// # Errors
    /// [`ApiError::Name`]: it would lead elsewhere in a path, or the API server
    /// would refuse it when it is too late.
    pub fn new(resource: Resource, namespace: &str, name: &str) -> Result<Self, ApiError> {
        Ok(Self {
            namespace: namespace_name(namespace)?.to_owned(),
            ..Self::cluster(resource, name)?
        })
    }

    /// An object of the whole cluster.
    ///
    /// # Errors
    /// As for [`Place::new`].
    pub fn cluster(resource: Resource, name: &str) -> Result<Self, ApiError> {
        match is_subdomain(name) {
            true => Ok(Self {
                resource,
                namespace: String::new(),
                name: name.to_owned(),
            }),
            false => Err(ApiError::Name {
                what: resource.to_string(),
                name: name.to_owned(),
                rule: "up to 253 of a-z, 0-9, - and ., with a letter or digit at each end",
            }),
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.resource.path(&self.namespace), self.name)
    }
}

/// The name, if a namespace may have it (a DNS-1123 label: apimachinery's
/// `IsDNS1123Label`).
pub(crate) fn namespace_name(name: &str) -> Result<&str, ApiError> {
    match name.len() <= 63 && !name.contains('.') && is_subdomain(name) {
        true => Ok(name),
        false => Err(ApiError::Name {
            what: "namespaces".to_owned(),
            name: name.to_owned(),
            rule: "up to 63 of a-z, 0-9 and -, with a letter or digit at each end",
        }),
    }
}

/// The text, if it may be the value of a label and can be selected by
/// (apimachinery's `IsValidLabelValue`, but for the empty one).
pub(crate) fn label_value(text: &str) -> Result<&str, ApiError> {
    let inner = |b: u8| b.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    let fits = bytes.len() <= 63
        && ends.iter().all(|end| end.is_some_and(|b| inner(*b)))
        && bytes.iter().all(|b| inner(*b) || b"-_.".contains(b));
    match fits {
        true => Ok(text),
        false => Err(ApiError::Name {
            what: "a label".to_owned(),
            name: text.to_owned(),
            rule: "up to 63 of a-z, A-Z, 0-9, -, _ and ., with a letter or digit at each end",
        }),
    }
}

/// Whether it is a DNS-1123 subdomain, as names of objects are (apimachinery's
/// `IsDNS1123Subdomain`).
fn is_subdomain(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        ends.iter().all(|end| end.is_some_and(|b| inner(*b)))
            && bytes.iter().all(|b| inner(*b) || *b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// What an object is called, wherever it is.
pub(crate) fn name(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str();
    name.unwrap_or_default().to_owned()
}

impl Place {
    /// What it is called there.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Without its kind.
    pub(crate) fn words(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{namespace}/{}", self.name),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource, self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_that_of_the_group_or_of_the_core() {
        let v1 = slackwater_strimzi::ApiVersion::V1;
        let path = |resource: Resource| Place::new(resource, "kafka", "mirror").map(|p| p.path());
        assert_eq!(
            path(Resource::config_maps()).as_deref(),
            Ok("/api/v1/namespaces/kafka/configmaps/mirror")
        );
        assert_eq!(
            path(Resource::kafkas(v1)).as_deref(),
            Ok("/apis/kafka.strimzi.io/v1/namespaces/kafka/kafkas/mirror")
        );
    }

    #[test]
    fn what_would_lead_elsewhere_in_a_path_or_is_refused_by_the_api_server_is_no_name() {
        let long = "a".repeat(254);
        let place = |namespace, name| Place::new(Resource::config_maps(), namespace, name);
        for name in [
            "", "a/b", "..", "a..b", "-a", "a-", "a.", "A", "a?b", "ä", "a.-b", &long,
        ] {
            let error = place("kafka", name).unwrap_err().to_string();
            assert!(error.contains("can't be the name of configmaps"), "{error}");
        }
        assert!(place("kafka", &long[1..]).is_ok());
        let long = "a".repeat(64);
        for namespace in ["", "a.b", "a/b", "a-", &long] {
            let error = place(namespace, "mirror").unwrap_err().to_string();
            assert!(error.contains("can't be the name of namespaces"), "{error}");
        }
        for value in ["", "-a", "a-", "a/b", "ä", &long] {
            assert!(label_value(value).is_err(), "{value}");
        }
        assert!(label_value(&long[1..]).is_ok() && label_value("a_B.c-1").is_ok());
    }
}
