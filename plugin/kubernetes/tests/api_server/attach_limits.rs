//! How many volumes nodes can have, on a real API server.

use std::collections::BTreeMap;

use crate::common::{account_of, namespace, plane, server};
use slackwater_kubernetes::{AttachError, must_attach};

const DRIVER: &str = "limited.example";

fn node(name: &str, count: u32) {
    let text = format!(
        "{{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {{name: {name}}}, spec: {{drivers: \
         [{{name: {DRIVER}, nodeID: {name}, topologyKeys: [], allocatable: {{count: {count}}}}}]}}}}"
    );
    plane().apply(&text).unwrap();
}

fn attached(name: &str, node: &str) {
    let text = format!(
        "{{apiVersion: storage.k8s.io/v1, kind: VolumeAttachment, metadata: {{name: {name}}}, spec: \
         {{attacher: {DRIVER}, nodeName: {node}, source: {{persistentVolumeName: {name}}}}}}}"
    );
    plane().apply(&text).unwrap();
}

#[test]
fn a_backup_that_no_node_could_have_the_volumes_of_is_known_before_it_begins() {
    let of = |driver: &str, count| BTreeMap::from([(driver.to_owned(), count)]);
    node("one", 3);
    node("two", 2);
    attached("pv-1", "one");
    attached("pv-2", "two");
    assert!(must_attach(&server(), &of(DRIVER, 3)).is_ok());
    let full = must_attach(&server(), &of(DRIVER, 4)).unwrap_err();
    assert!(matches!(full, AttachError::Full { left: 3, .. }), "{full}");
    attached("pv-3", "one");
    let full = must_attach(&server(), &of(DRIVER, 3)).unwrap_err();
    assert!(
        full.to_string()
            .contains("2 more volumes of limited.example"),
        "{full}"
    );
    // Who says nothing of it has no limit.
    assert!(must_attach(&server(), &of("other.example", 100)).is_ok());

    let space = namespace("attach");
    for (verb, missing) in [
        ("csinodes", "volumeattachments"),
        ("volumeattachments", "csinodes"),
    ] {
        let rules = [("storage.k8s.io", verb, "list")];
        let server = account_of(&space, &format!("lists-{verb}"), &rules);
        let denied = must_attach(&server, &of(DRIVER, 1))
            .unwrap_err()
            .to_string();
        assert!(
            denied.contains("list") && denied.contains(missing),
            "{denied}"
        );
    }
}
