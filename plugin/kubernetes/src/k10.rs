//! What of a cluster tells whether Kasten K10 backs up mirrors as it should: K10's own
//! configuration, and the claims of the mirrors that are opted in. Looks only.

use serde_json::Value;

use crate::labels::CLUSTER;
use crate::place::{Place, Resource};
use crate::{ApiServer, Makers, MakersError};

/// See the module.
pub struct K10Objects {
    /// Mirrors: namespace, name, and the driver of each claim's volume.
    pub mirrors: Vec<(String, String, Vec<String>)>,
    /// All namespaces, with their labels.
    pub namespaces: Vec<Value>,
    /// K10's policies; `None` where it is not served, and so not installed.
    pub policies: Option<Vec<Value>>,
    /// Blueprints of its namespace.
    pub blueprints: Vec<Value>,
    /// VolumeSnapshotClasses.
    pub classes: Vec<Value>,
}

/// Gathers it: K10 is in the namespace `k10`, and mirrors have these `labels`.
///
/// # Errors
/// Something can't be listed; no answer.
pub fn k10_objects(server: &ApiServer, k10: &str, labels: &str) -> Result<K10Objects, MakersError> {
    let policies = Resource::of("config.kio.kasten.io", "v1alpha1", "policies");
    let blueprints = Resource::of("cr.kanister.io", "v1alpha1", "blueprints");
    let policies = match server.list(&policies, k10, "") {
        Err(crate::ApiError::NotServed { .. }) => None,
        found => Some(found?),
    };
    let makers = Makers::discover(server.clone())?;
    let kafkas = Resource::kafkas(makers.version());
    let mut mirrors = Vec::new();
    for kafka in server.list_metadata(&kafkas, "", labels)? {
        let text = |key: &str| {
            kafka["metadata"][key]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        let (namespace, name) = (text("namespace"), text("name"));
        let drivers = drivers(server, &namespace, &name)?;
        mirrors.push((namespace, name, drivers));
    }
    Ok(K10Objects {
        mirrors,
        namespaces: server.list_metadata(&Resource::of("", "v1", "namespaces"), "", "")?,
        policies,
        blueprints: server.list_if_served(&blueprints, k10, "")?,
        classes: server.list_if_served(&Resource::snapshot_classes(), "", "")?,
    })
}

/// Of each claim that has a volume of a CSI driver.
fn drivers(server: &ApiServer, namespace: &str, kafka: &str) -> Result<Vec<String>, MakersError> {
    let labels = format!("{CLUSTER}={kafka}");
    let mut drivers = Vec::new();
    for claim in server.list(&Resource::claims(), namespace, &labels)? {
        let Some(volume) = claim["spec"]["volumeName"].as_str() else {
            continue;
        };
        let volume = server.get(&Place::cluster(Resource::volumes(), volume)?)?;
        let volume = volume.unwrap_or_default();
        drivers.extend(volume["spec"]["csi"]["driver"].as_str().map(str::to_owned));
    }
    Ok(drivers)
}
