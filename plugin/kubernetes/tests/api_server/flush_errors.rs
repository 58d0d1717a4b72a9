//! What a kernel told of a volume, kept beside the Kafka on a real API server.

use crate::common::{namespace, plane, server};
use slackwater_kubernetes::FlushErrors;

const CLAIM: &str = "data-mirror-dual-0";

/// It, with this volume, or none yet.
fn claim(space: &str, volume: Option<&str>) {
    let volume = volume.map_or(String::new(), |name| format!("volumeName: {name}, "));
    let text = format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: {CLAIM}, namespace: \
         {space}}}, spec: {{{volume}accessModes: [ReadWriteOnce], storageClassName: none, \
         resources: {{requests: {{storage: 1Gi}}}}}}}}"
    );
    plane().apply(&text).unwrap();
}

fn delete_claim(space: &str) {
    let delete = ["-n", space, "delete", "pvc", CLAIM, "--wait=true"];
    plane().kubectl(&delete).unwrap();
}

#[test]
fn what_is_known_against_a_volume_comes_back_with_it() {
    let space = namespace("told-of-volumes");
    let errors = || FlushErrors::new(server(), &space, "mirror");
    claim(&space, Some("pv-of-before"));
    errors().note(CLAIM, "of the first").unwrap();
    errors().note(CLAIM, "once more").unwrap();
    assert_eq!(errors().known().unwrap()[CLAIM], "of the first");
    // A restore gives it another volume, of which another thing is told.
    delete_claim(&space);
    claim(&space, Some("pv-restored"));
    assert!(errors().known().unwrap().is_empty());
    errors().note(CLAIM, "of the second").unwrap();
    assert_eq!(errors().known().unwrap()[CLAIM], "of the second");
    // And it is taken back.
    delete_claim(&space);
    claim(&space, Some("pv-of-before"));
    assert_eq!(errors().known().unwrap()[CLAIM], "of the first");
}

#[test]
fn the_first_word_about_a_volume_stays_until_its_claim_is_another() {
    let space = namespace("told");
    claim(&space, None);
    let errors = || FlushErrors::new(server(), &space, "mirror");
    assert!(errors().known().unwrap().is_empty());
    errors().note(CLAIM, "Input/output error").unwrap();
    errors().note(CLAIM, "another one").unwrap();
    errors().note("data-mirror-dual-1", "of no claim").unwrap();
    let known = errors().known().unwrap();
    assert_eq!(known[CLAIM], "Input/output error");
    // Whose claim is gone may have it again.
    assert_eq!(known["data-mirror-dual-1"], "of no claim");
    let others = FlushErrors::new(server(), &space, "other");
    assert!(others.known().unwrap().is_empty());

    delete_claim(&space);
    claim(&space, None);
    assert!(!errors().known().unwrap().contains_key(CLAIM));
    errors().note(CLAIM, "of the new one").unwrap();
    assert_eq!(errors().known().unwrap()[CLAIM], "of the new one");

    let line = errors().taken_away_by();
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    plane().kubectl(&words).unwrap();
    assert!(errors().known().unwrap().is_empty());
}

#[test]
fn what_stands_there_and_can_t_be_read_is_no_clean_bill() {
    let space = namespace("told-unreadable");
    let text = format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: slackwater-mirror-flush-errors, \
         namespace: {space}}}, data: {{{CLAIM}: torn}}}}"
    );
    plane().apply(&text).unwrap();
    let errors = FlushErrors::new(server(), &space, "mirror");
    let said = errors.known().unwrap_err().to_string();
    assert!(said.contains("slackwater-mirror-flush-errors"), "{said}");
    errors.note(CLAIM, "told").unwrap_err();
}
