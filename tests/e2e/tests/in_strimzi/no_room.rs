//! A namespace of Slackwater's own in which there is no room for another ConfigMap: those
//! that keep a backup find none.

use crate::ground::names;
use crate::place::Place;

const QUOTA: &str = "full";

/// As many as there are, and so many more.
pub(crate) fn set(place: &Place, more: usize) {
    let there = place.own(&["get", "configmap", "-o", "name"]).unwrap();
    let quota = format!(
        "{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: {QUOTA}, namespace: {}}}, spec: \
         {{hard: {{count/configmaps: '{}'}}}}}}",
        names().own,
        there.lines().count() + more
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
