//! Plans of before read as they did.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::json;
use slackwater_cut::{canonical_json, sha256_hex};
use slackwater_point::Plan;

#[test]
fn a_plan_of_before_keeps_its_digest_whatever_fields_came_since() {
    let of = |topic: &str| json!({"topic": topic, "partition": 0});
    let mut plan = json!({
        "apiVersion": "slackwater/v1beta1", "kind": "Plan", "cut": null, "clusterId": "c",
        "order": {"timestamp": {"atMs": 1, "epsilonMs": 1}}, "guarantee": "g", "pulledBy": null,
        "excluded": [], "spreadBefore": null, "spreadAfter": null, "digest": null,
        "read": {"replicas": 3, "segments": 3, "olderSegments": 0, "bytes": 9},
        "partitions": [{
            "partition": of("connect-offsets"), "role": "carried", "start": 0, "end": 9, "cut": 9,
            "why": "whole", "jettisonedRecords": 0, "newestMs": null, "newestKeptMs": null,
            "lastKept": null, "keptOf": 1, "replicas": [],
            "added": [{"key": "k", "value": "v", "timestampMs": 1}],
        }],
        "depends": {"groups": [], "offsetSyncs": [], "remedies": [], "positions": [{
            "source": {"alias": "src", "partition": of("t")}, "mirror": of("src.t"),
            "committed": 9, "lastKept": null, "skipped": 0, "doubled": 0, "putRight": false,
        }]},
    });
    let digest = sha256_hex(canonical_json(&plan).unwrap().as_bytes());
    plan["digest"] = digest.into();
    let text = canonical_json(&plan).unwrap();
    let read = Plan::parse(&text).unwrap();
    assert_eq!(read.to_canonical().unwrap(), text);
    let one = &read.depends.positions[0];
    assert!(!read.leaves_connect && !one.from_first && one.may_skip());
}
