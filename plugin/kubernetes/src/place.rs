//! What an object is, and where. Makes paths; asks nobody.

use std::fmt;

/// A kind of object, as it stands in paths and in RBAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    group: &'static str,
    version: String,
    plural: &'static str,
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

    pub(crate) fn events() -> Self {
        Self::new("", "v1", "events")
    }

    pub(crate) fn leases() -> Self {
        Self::new("coordination.k8s.io", "v1", "leases")
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

    fn new(group: &'static str, version: &str, plural: &'static str) -> Self {
        Self {
            group,
            version: version.to_owned(),
            plural,
        }
    }

    /// Those of a namespace; of the whole cluster where it is empty.
    pub(crate) fn path(&self, namespace: &str) -> String {
        let Self {
            group,
            version,
            plural,
        } = self;
        let root = match *group {
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

/// Strimzi's group.
pub(crate) const STRIMZI: &str = "kafka.strimzi.io";

impl fmt::Display for Resource {
    /// As RBAC names it: `kafkas.kafka.strimzi.io`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural)?;
        match self.group {
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
    /// An object of this name need not be there. A name that can't be one is
    /// refused: it would lead elsewhere in a path.
    pub fn new(resource: Resource, namespace: &str, name: &str) -> Option<Self> {
        (is_name(namespace) && is_name(name)).then(|| Self {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// An object of the whole cluster.
    pub(crate) fn of_cluster(resource: Resource, name: &str) -> Option<Self> {
        is_name(name).then(|| Self {
            resource,
            namespace: String::new(),
            name: name.to_owned(),
        })
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.resource.path(&self.namespace), self.name)
    }
}

/// Whether it is a DNS-1123 subdomain, as names of objects are.
pub(crate) fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    bytes.len() <= 253
        && ends.iter().all(|end| end.is_some_and(|b| inner(*b)))
        && bytes.iter().all(|b| inner(*b) || b"-.".contains(b))
        && !text.contains("..")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.resource, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.resource, self.name),
        }
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
            Some("/api/v1/namespaces/kafka/configmaps/mirror")
        );
        assert_eq!(
            path(Resource::kafkas(v1)).as_deref(),
            Some("/apis/kafka.strimzi.io/v1/namespaces/kafka/kafkas/mirror")
        );
    }

    #[test]
    fn what_would_lead_elsewhere_in_a_path_is_no_name() {
        for name in ["", "a/b", "..", "a..b", "-a", "a.", "A", "a?b", "ä"] {
            assert_eq!(
                Place::new(Resource::config_maps(), "kafka", name),
                None,
                "{name}"
            );
        }
    }
}
