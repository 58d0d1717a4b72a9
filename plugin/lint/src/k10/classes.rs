//! By which VolumeSnapshotClass K10 snapshots a mirror's volumes, and how many at once
//! (install, CSI Snapshot Configuration).

use std::collections::BTreeSet;

use super::{Mirror, Seen, Volume};
use crate::Fault;

/// By it K10 takes a VolumeSnapshotClass: one of each driver. Where several have it,
/// snapshots fail, as where none has.
const CLASS: &str = "k10.kasten.io/is-snapshot-class";

/// On a StorageClass: the VolumeSnapshotClass of its volumes, in place of the one that has
/// the annotation.
const OF_STORAGE: &str = "k10.kasten.io/volume-snapshot-class";

pub(super) fn faults(place: &str, mirror: &Mirror, seen: &Seen) -> Vec<Fault> {
    let mut says = Vec::new();
    // A policy's hook holds all mirrors of its namespace, until the last one is cut.
    let together = seen.mirrors.iter();
    let together = together.filter(|one| one.namespace == mirror.namespace);
    let count: usize = together.map(|one| one.volumes.len()).sum();
    let most = seen.limits.snapshots_at_once;
    if count > most {
        let own = match mirror.volumes.len() {
            own if own == count => format!("has {count} claims"),
            own => format!("has {own} claims, and the mirrors of its namespace have {count}"),
        };
        says.push(format!(
            "{own}, and K10 snapshots {most} at a time in the whole cluster \
             (limiter.csiSnapshotsPerCluster; another limit is told by --k10-snapshots-at-once): it is \
             held until the last one is cut"
        ));
    }
    let mut drivers = BTreeSet::new();
    for volume in mirror.volumes.iter().collect::<BTreeSet<_>>() {
        match named(volume, seen) {
            Some(class) => says.extend(of_named(volume, class, seen)),
            None => {
                drivers.insert(&volume.driver);
            }
        }
    }
    says.extend(drivers.into_iter().filter_map(|one| of_driver(one, seen)));
    says.into_iter()
        .map(|says| Fault::new(place, says))
        .collect()
}

/// The class that a volume's StorageClass names.
fn named<'a>(volume: &Volume, seen: &'a Seen) -> Option<&'a str> {
    let mut classes = seen.storage_classes.iter();
    let class = classes.find(|one| one["metadata"]["name"] == volume.storage_class.as_str())?;
    let name = class["metadata"]["annotations"][OF_STORAGE].as_str();
    name.filter(|name| !name.is_empty())
}

fn of_named(volume: &Volume, class: &str, seen: &Seen) -> Option<String> {
    let Volume {
        driver,
        storage_class,
    } = volume;
    let says = format!("StorageClass {storage_class} has the annotation {OF_STORAGE}: {class}");
    let mut classes = seen.classes.iter();
    match classes.find(|one| one["metadata"]["name"] == class) {
        None => Some(format!(
            "{says}, and there is no such VolumeSnapshotClass: K10 can't snapshot its claims"
        )),
        Some(found) if found["driver"] != driver.as_str() => Some(format!(
            "{says}, which is of {}, and its claims' volumes are of {driver}: K10 can't snapshot them",
            found["driver"].as_str().unwrap_or("no driver")
        )),
        Some(_) => None,
    }
}

fn of_driver(driver: &str, seen: &Seen) -> Option<String> {
    let annotated = seen.classes.iter().filter(|class| {
        class["driver"] == driver && class["metadata"]["annotations"][CLASS] == "true"
    });
    let names: Vec<&str> = annotated
        .map(|class| class["metadata"]["name"].as_str().unwrap_or_default())
        .collect();
    match names.as_slice() {
        [_] => None,
        [] => Some(format!(
            "no VolumeSnapshotClass of {driver} has the annotation {CLASS}: \"true\": K10 makes no \
             VolumeSnapshots of its claims"
        )),
        several => Some(format!(
            "VolumeSnapshotClasses {} of {driver} have the annotation {CLASS}: \"true\": K10's \
             snapshots fail where more than one has it; leave it on one",
            several.join(", ")
        )),
    }
}
