//! The volumes behind claims, and the class that snapshots of each are made with.
//! Looks only.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// On the class of a driver that is taken where none is named (external-snapshotter,
/// `IsDefaultSnapshotClassAnnotation`).
const DEFAULT: &str = "snapshot.storage.kubernetes.io/is-default-class";

/// A claim of the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimVolume {
    /// The claim's name, which is the volume's in the cut.
    pub claim: String,
    /// `node.id` of the broker that mounts it.
    pub broker: i32,
}

/// Why no snapshot of a claim can be made.
#[derive(Debug, thiserror::Error)]
pub enum VolumesError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// There is no such claim.
    #[error("there is no claim {namespace}/{claim}: see the storage of the Kafka's node pools")]
    NoClaim {
        /// Where.
        namespace: String,
        /// Which.
        claim: String,
    },
    /// It has no volume.
    #[error("claim {0} is not bound to a volume: see `kubectl describe pvc {0}`")]
    Unbound(String),
    /// Its volume is none of a CSI driver's.
    #[error("the volume of claim {0} is not a CSI driver's: it can't be snapped by Kubernetes")]
    NotCsi(String),
    /// No class of that driver.
    #[error("no VolumeSnapshotClass is of the driver {driver} of claim {claim}: make one")]
    NoClass {
        /// Which claim.
        claim: String,
        /// Its volume's driver.
        driver: String,
    },
    /// The one that was named is not of that driver.
    #[error(
        "VolumeSnapshotClass {class} is not there or not of the driver {driver} of claim {claim}: name another, or none"
    )]
    WrongClass {
        /// Which was named.
        class: String,
        /// Which claim.
        claim: String,
        /// Its volume's driver.
        driver: String,
    },
    /// Several classes, and none is the default one.
    #[error("the classes {} are all of the driver {driver}: name one, or mark one with {DEFAULT}", classes.join(", "))]
    ManyClasses {
        /// The driver.
        driver: String,
        /// Their names.
        classes: Vec<String>,
    },
}

#[derive(Debug, Deserialize)]
struct RawClass {
    metadata: RawClassMeta,
    driver: String,
}

#[derive(Debug, Deserialize)]
struct RawClassMeta {
    name: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The VolumeSnapshotClass for each claim, in their order: the named one, or
/// that of the volume's driver.
///
/// # Errors
/// A claim without a volume, a volume without a class; no answer.
pub fn snapshot_classes(
    server: &ApiServer,
    namespace: &str,
    volumes: &[ClaimVolume],
    named: Option<&str>,
) -> Result<Vec<String>, VolumesError> {
    let classes = classes(server)?;
    let each = volumes.iter().map(|volume| {
        let driver = driver(server, namespace, &volume.claim)?;
        choose(&classes, &volume.claim, &driver, named)
    });
    each.collect()
}

fn choose(
    classes: &[RawClass],
    claim: &str,
    driver: &str,
    named: Option<&str>,
) -> Result<String, VolumesError> {
    let of_driver = classes.iter().filter(|one| one.driver == driver);
    let fitting: Vec<&RawClass> = of_driver
        .filter(|one| named.is_none_or(|name| one.metadata.name == name))
        .collect();
    let default = |one: &RawClass| {
        let value = one.metadata.annotations.get(DEFAULT);
        value.is_some_and(|value| value == "true")
    };
    let defaults = fitting.iter().copied().filter(|one| default(one));
    let defaults: Vec<&RawClass> = defaults.collect();
    match (fitting.as_slice(), defaults.as_slice()) {
        ([], _) => Err(match named {
            None => VolumesError::NoClass {
                claim: claim.to_owned(),
                driver: driver.to_owned(),
            },
            Some(class) => VolumesError::WrongClass {
                class: class.to_owned(),
                claim: claim.to_owned(),
                driver: driver.to_owned(),
            },
        }),
        ([one], _) | (_, [one]) => Ok(one.metadata.name.clone()),
        (many, _) => Err(VolumesError::ManyClasses {
            driver: driver.to_owned(),
            classes: many.iter().map(|one| one.metadata.name.clone()).collect(),
        }),
    }
}

fn classes(server: &ApiServer) -> Result<Vec<RawClass>, VolumesError> {
    let found = server.list(&Resource::snapshot_classes(), "", "")?;
    let read = |object: &Value| {
        RawClass::deserialize(object).map_err(|error| ApiError::Malformed {
            what: "read a VolumeSnapshotClass".to_owned(),
            said: error.to_string(),
        })
    };
    Ok(found.iter().map(read).collect::<Result<_, _>>()?)
}

/// The CSI driver of a claim's volume. The volume says it, and not the storage
/// class: that may be gone, or name a driver from before CSI.
///
/// # Errors
/// A claim without a volume, or whose volume is none of a CSI driver's; no answer.
pub fn driver(server: &ApiServer, namespace: &str, claim: &str) -> Result<String, VolumesError> {
    let place = Place::new(Resource::claims(), namespace, claim)?;
    let object = server.get(&place)?.ok_or_else(|| VolumesError::NoClaim {
        namespace: namespace.to_owned(),
        claim: claim.to_owned(),
    })?;
    let unbound = || VolumesError::Unbound(claim.to_owned());
    let volume = object["spec"]["volumeName"].as_str().ok_or_else(unbound)?;
    let place = Place::cluster(Resource::volumes(), volume)?;
    let volume = server.get(&place)?.ok_or_else(unbound)?;
    match volume["spec"]["csi"]["driver"].as_str() {
        Some(driver) => Ok(driver.to_owned()),
        None => Err(VolumesError::NotCsi(claim.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(name: &str, driver: &str, default: bool) -> RawClass {
        let annotations = default.then(|| (DEFAULT.to_owned(), "true".to_owned()));
        RawClass {
            metadata: RawClassMeta {
                name: name.to_owned(),
                annotations: annotations.into_iter().collect(),
            },
            driver: driver.to_owned(),
        }
    }

    #[test]
    fn the_class_is_the_drivers_only_or_default_or_named_one() {
        let classes = [
            class("fast", "a", false),
            class("slow", "a", true),
            class("other", "b", false),
            class("x", "c", false),
            class("y", "c", false),
        ];
        let chosen = |driver, named| choose(&classes, "claim", driver, named);
        assert_eq!(chosen("a", None).unwrap(), "slow");
        assert_eq!(chosen("a", Some("fast")).unwrap(), "fast");
        assert_eq!(chosen("b", None).unwrap(), "other");
        let many = chosen("c", None).unwrap_err().to_string();
        assert!(many.contains("x, y"), "{many}");
        assert!(chosen("d", None).is_err());
        // A class of another driver would make nothing.
        let wrong = chosen("b", Some("fast")).unwrap_err().to_string();
        assert!(wrong.contains("name another"), "{wrong}");
    }
}
