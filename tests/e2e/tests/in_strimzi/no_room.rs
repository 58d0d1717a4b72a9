//! A namespace of Slackwater's own in which there is no room for another ConfigMap: those
//! that keep a backup find none.

use crate::ground::names;
use crate::place::Place;

const QUOTA: &str = "full";

/// Those that are there stay, and none is made.
pub(crate) fn set(place: &Place) {
    let quota = format!(
        "{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: {QUOTA}, namespace: {}}}, spec: \
         {{hard: {{count/configmaps: '0'}}}}}}",
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
