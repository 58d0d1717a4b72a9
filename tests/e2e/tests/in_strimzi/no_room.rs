//! Namespaces without room: Slackwater's own for another ConfigMap, so that those that keep
//! a backup find none, and the Kafka's for a VolumeSnapshot.

use crate::ground::names;
use crate::place::Place;

const QUOTA: &str = "full";

/// Those that are there stay, and none is made.
pub(crate) fn set(place: &Place) {
    limit(place, "configmaps", 0);
}

/// One more pod than there are has room, and no other.
pub(crate) fn for_one_pod(place: &Place) {
    let pods = place.own(&["get", "pod", "-o", "name"]).unwrap();
    limit(place, "pods", pods.lines().count() + 1);
}

fn limit(place: &Place, kind: &str, most: usize) {
    let quota = format!(
        "{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: {QUOTA}, namespace: {}}}, spec: \
         {{hard: {{count/{kind}: '{most}'}}}}}}",
        names().own,
    );
    place.ground.apply(&quota);
    place.until("the quota to be counted", || {
        let text = place.own(&["get", "resourcequota", QUOTA, "-o", "json"]);
        text.is_ok_and(|text| text.contains("\"used\""))
    });
}

/// There is, again.
pub(crate) fn lift(place: &Place) {
    place.own(&["delete", "resourcequota", QUOTA]).unwrap();
}

/// While the Kafka's namespace may have no VolumeSnapshot.
pub(crate) fn without_snapshots<T>(place: &mut Place, act: impl FnOnce(&mut Place) -> T) -> T {
    let space = &names().space;
    place.ground.apply(&format!(
        "{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: small, namespace: {space}}}, spec: \
         {{hard: {{count/volumesnapshots.snapshot.storage.k8s.io: '0'}}}}}}",
    ));
    place.until("the quota to be counted", || {
        place.object("resourcequota/small")["status"]["hard"].is_object()
    });
    let done = act(place);
    place.space(&["delete", "resourcequota", "small"]).unwrap();
    done
}
