//! What of a cluster tells whether Kasten K10 backs up mirrors as it should: K10's own
//! configuration, and the claims of the mirrors that are opted in. Looks only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::labels::CLUSTER;
use crate::place::{Place, Resource};
use crate::restore::rights_around_others;
use crate::rights::{denied_to, rights, rights_of_apart, rights_of_backup};
use crate::{ApiServer, Makers, MakersError};

/// A mirror that is opted in.
pub struct K10Mirror {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Of each claim's volume the driver and the StorageClass, which may be empty.
    pub volumes: Vec<(String, String)>,
}

/// See the module.
pub struct K10Objects {
    /// The mirrors.
    pub mirrors: Vec<K10Mirror>,
    /// All namespaces, by what is in their metadata.
    pub namespaces: Vec<Value>,
    /// Policies of K10's namespace, and of the mirrors': one may lie with its application.
    /// `None` where they are not served, and K10 so not installed.
    pub policies: Option<Vec<Value>>,
    /// Blueprints of its namespace.
    pub blueprints: Vec<Value>,
    /// VolumeSnapshotClasses.
    pub classes: Vec<Value>,
    /// StorageClasses, by what is in their metadata.
    pub storage_classes: Vec<Value>,
    /// Kafkas, opted in or not, by what is in their metadata.
    pub kafkas: Vec<Value>,
    /// KafkaMirrorMaker2s, by what is in their metadata.
    pub makers: Vec<Value>,
    /// KafkaNodePools, by what is in their metadata.
    pub pools: Vec<Value>,
    /// K10's BlueprintBindings.
    pub bindings: Vec<Value>,
}

/// Gathers it: K10 is in the namespace `k10`, and mirrors have these `labels`, or a pool of
/// theirs has.
///
/// # Errors
/// Something can't be listed; no answer.
pub fn k10_objects(server: &ApiServer, k10: &str, labels: &str) -> Result<K10Objects, MakersError> {
    let policies = Resource::of("config.kio.kasten.io", "v1alpha1", "policies");
    let blueprints = Resource::of("cr.kanister.io", "v1alpha1", "blueprints");
    let mut found = match server.list(&policies, k10, "") {
        Err(crate::ApiError::NotServed { .. }) => None,
        found => Some(found?),
    };
    let bindings = Resource::of("config.kio.kasten.io", "v1alpha1", "blueprintbindings");
    let makers = Makers::discover(server.clone())?;
    let text = |object: &Value, pointer: &str| {
        let found = object.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let pools = Resource::node_pools(makers.version());
    let mut names = BTreeSet::new();
    for pool in server.list_metadata(&pools, "", labels)? {
        let kafka = text(
            &pool,
            &format!("/metadata/labels/{}", CLUSTER.replace('/', "~1")),
        );
        names.insert((text(&pool, "/metadata/namespace"), kafka));
    }
    let kafkas = Resource::kafkas(makers.version());
    for kafka in server.list_metadata(&kafkas, "", labels)? {
        let name = text(&kafka, "/metadata/name");
        names.insert((text(&kafka, "/metadata/namespace"), name));
    }
    if let Some(found) = &mut found {
        let namespaces: BTreeSet<&String> = names.iter().map(|(namespace, _)| namespace).collect();
        for namespace in namespaces.into_iter().filter(|one| *one != k10) {
            found.extend(server.list(&policies, namespace, "")?);
        }
    }
    let mut mirrors = Vec::new();
    for (namespace, name) in names {
        let volumes = volumes(server, &namespace, &name)?;
        mirrors.push(K10Mirror {
            namespace,
            name,
            volumes,
        });
    }
    let makers = Resource::mirror_makers(makers.version());
    let storage = Resource::of("storage.k8s.io", "v1", "storageclasses");
    Ok(K10Objects {
        mirrors,
        namespaces: server.list_metadata(&Resource::of("", "v1", "namespaces"), "", "")?,
        policies: found,
        blueprints: server.list_if_served(&blueprints, k10, "")?,
        classes: server.list_if_served(&Resource::snapshot_classes(), "", "")?,
        storage_classes: server.list_metadata(&storage, "", "")?,
        kafkas: server.list_metadata(&kafkas, "", "")?,
        makers: server.list_metadata(&makers, "", "")?,
        pools: server.list_metadata(&pools, "", "")?,
        bindings: server.list_if_served(&bindings, k10, "")?,
    })
}

/// What is not allowed, by the mirror's namespace and name.
pub type DeniedByMirror = BTreeMap<(String, String), Vec<String>>;

/// What hooks are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum K10Work {
    /// A backup.
    Backup,
    /// A restore. What it looks at is not asked for: whoever may not look is told that
    /// before anything is touched.
    Restore,
}

/// What a ServiceAccount, as which hooks run, is not allowed of what this takes of each of
/// these mirrors, by the mirror; `None` where it is not there.
///
/// # Errors
/// Whoever asks may not ask that; no answer.
pub fn k10_account(
    server: &ApiServer,
    (own, account): (&str, &str),
    work: K10Work,
    mirrors: &[(String, String)],
) -> Result<Option<DeniedByMirror>, MakersError> {
    let place = Place::new(Resource::of("", "v1", "serviceaccounts"), own, account)?;
    if server.get(&place)?.is_none() {
        return Ok(None);
    }
    let makers = Makers::discover(server.clone())?;
    let version = makers.version();
    let sets = match work {
        K10Work::Backup => None,
        K10Work::Restore => Some(makers.pod_sets()?),
    };
    let mut denied = BTreeMap::new();
    for (namespace, name) in mirrors {
        // What finds it.
        let mut all = rights(namespace, &Resource::kafkas(version), "", &["list"]);
        match &sets {
            None => {
                // What notes the run on its claims, before all that a backup takes anyway.
                all.extend(rights(namespace, &Resource::claims(), "", &["patch"]));
                let of = (namespace.as_str(), name.as_str());
                all.extend(rights_of_backup(version, of, own, true, true));
            }
            Some(sets) => {
                let leases = ["get", "create", "update"];
                all.extend(rights(namespace, &Resource::leases(), "", &leases));
                all.extend(rights_around_others(version, sets, namespace, own));
                all.extend(rights_of_apart(own));
            }
        }
        let missing = denied_to(server, (own, account), &all)?;
        denied.insert((namespace.clone(), name.clone()), missing);
    }
    Ok(Some(denied))
}

/// Driver and StorageClass of each claim that has a volume of a CSI driver.
fn volumes(
    server: &ApiServer,
    namespace: &str,
    kafka: &str,
) -> Result<Vec<(String, String)>, MakersError> {
    let labels = format!("{CLUSTER}={kafka}");
    let mut volumes = Vec::new();
    for claim in server.list(&Resource::claims(), namespace, &labels)? {
        let Some(volume) = claim["spec"]["volumeName"].as_str() else {
            continue;
        };
        let volume = server.get(&Place::cluster(Resource::volumes(), volume)?)?;
        let spec = &volume.unwrap_or_default()["spec"];
        if let Some(driver) = spec["csi"]["driver"].as_str() {
            let class = spec["storageClassName"].as_str().unwrap_or_default();
            volumes.push((driver.to_owned(), class.to_owned()));
        }
    }
    Ok(volumes)
}
