//! Steps of a restore on a real API server, with Kubernetes' own controllers: claims
//! and their volumes, and what is noted on a Kafka.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use slackwater_kubernetes::{
    ApiServer, ClaimVolume, InPlace, KeptVolumes, Makers, Proven, RestoreError, Target,
};
use slackwater_restore::{Claimed, Kafka, Stage, Step, Way};
use slackwater_store::RunId;

use crate::common::operator::Operator;
use crate::common::{account_of, mirror, namespace, plane, server};

const RUN: &str = "kafka-mirror-1-1";
const CLUSTER: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const DELAY: &str = "log.initial.task.delay.ms";

fn in_place(server: ApiServer, space: &str) -> Result<InPlace, RestoreError> {
    in_place_of(server, space, RUN.parse().unwrap())
}

fn in_place_of(server: ApiServer, space: &str, run: RunId) -> Result<InPlace, RestoreError> {
    let makers = Makers::discover(server.clone())?;
    let target = Target {
        namespace: space.to_owned(),
        name: "mirror".to_owned(),
        namespaces: vec![space.to_owned()],
        run,
        cluster_id: CLUSTER.to_owned(),
        volumes: vec![ClaimVolume {
            claim: "data-mirror-dual-0".to_owned(),
            broker: 0,
        }],
        feeders: Vec::new(),
        kept: None,
        origin: None,
        feeds: true,
        trims: false,
    };
    InPlace::new(server, makers, None, target)
}

fn act(in_place: &InPlace, step: Step) -> Result<(), String> {
    let done = in_place.act(Way::Forth, &step);
    done.map_err(|error| error.to_string())
}

fn claim() -> String {
    "data-mirror-dual-0".to_owned()
}

fn object(space: &str, what: &str) -> Option<Value> {
    let found = plane().kubectl(&["-n", space, "get", what, "-o", "json", "--ignore-not-found"]);
    serde_json::from_str(&found.unwrap()).ok()
}

/// A claim that has its volume, as a broker's.
fn bound(space: &str) {
    let volume = format!("{space}-before");
    plane()
        .apply(&format!(
            "
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {volume}}}
spec:
  accessModes: [ReadWriteOnce]
  capacity: {{storage: 2Gi}}
  persistentVolumeReclaimPolicy: Delete
  storageClassName: by-hand
  csi: {{driver: none.example.com, volumeHandle: {volume}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data-mirror-dual-0
  namespace: {space}
  labels: {{strimzi.io/cluster: mirror, strimzi.io/kind: Kafka}}
  annotations: {{strimzi.io/delete-claim: 'false'}}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  volumeName: {volume}
  resources: {{requests: {{storage: 1Gi}}}}
"
        ))
        .unwrap();
    until(|| object(space, "pvc/data-mirror-dual-0").unwrap()["status"]["phase"] == "Bound");
}

fn until(is_so: impl Fn() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("it does not come to be so");
}

#[test]
fn a_claim_is_exchanged_and_its_volume_is_kept_for_the_way_back() {
    let space = namespace("exchange");
    mirror(&space);
    bound(&space);
    let volume = format!("pv/{space}-before");
    let in_place = in_place(server(), &space).unwrap();
    let claimed = || in_place.look().unwrap().volumes[0].claimed;
    assert_eq!(claimed(), Claimed::Old);

    let refused = act(&in_place, Step::RemoveClaim(claim())).unwrap_err();
    assert!(refused.contains("a volume that is not kept"), "{refused}");
    assert_eq!(claimed(), Claimed::Old);

    act(&in_place, Step::KeepVolume(claim())).unwrap();
    assert_eq!(claimed(), Claimed::Kept);
    act(&in_place, Step::RemoveClaim(claim())).unwrap();
    assert_eq!(claimed(), Claimed::Nothing);
    until(|| object(&space, &volume).unwrap()["status"]["phase"] == "Released");

    // As large as its volume was, of its class, and with what the operator looks for.
    act(&in_place, Step::MakeClaim(claim())).unwrap();
    assert_eq!(claimed(), Claimed::New);
    let made = object(&space, "pvc/data-mirror-dual-0").unwrap();
    assert_eq!(made["spec"]["resources"]["requests"]["storage"], "2Gi");
    assert_eq!(made["spec"]["storageClassName"], "by-hand");
    assert_eq!(made["metadata"]["labels"]["strimzi.io/cluster"], "mirror");
    assert_eq!(
        made["metadata"]["annotations"]["strimzi.io/delete-claim"],
        "false"
    );
    let snapshot = &made["spec"]["dataSource"]["name"];
    assert_eq!(*snapshot, format!("slackwater-{RUN}-data-mirror-dual-0"));

    act(&in_place, Step::DropClaim(claim())).unwrap();
    act(&in_place, Step::PutBackClaim(claim())).unwrap();
    assert_eq!(claimed(), Claimed::Kept);
    let there = object(&space, &volume).unwrap();
    assert_eq!(there["spec"]["persistentVolumeReclaimPolicy"], "Retain");
    // Never by the step that drops what a restore made.
    act(&in_place, Step::DropClaim(claim())).unwrap();
    assert_eq!(claimed(), Claimed::Kept);
    in_place.act(Way::Back, &Step::FinishBack).unwrap();
    let there = object(&space, &volume).unwrap();
    assert_eq!(there["spec"]["persistentVolumeReclaimPolicy"], "Delete");
    assert!(!there.to_string().contains("slackwater.io"), "{there}");
    assert_eq!(claimed(), Claimed::Old);
}

#[test]
fn kept_volumes_go_when_that_is_told_and_none_that_a_claim_has() {
    let space = namespace("kept");
    mirror(&space);
    bound(&space);
    let in_place = in_place(server(), &space).unwrap();
    act(&in_place, Step::KeepVolume(claim())).unwrap();
    let kept = KeptVolumes::new(server(), format!("{space}/mirror"));
    let others = KeptVolumes::new(server(), format!("{space}/other"));
    assert_eq!(kept.names().unwrap(), [format!("{space}-before")]);
    assert!(others.names().unwrap().is_empty());
    assert!(kept.delete().unwrap().is_empty());
    act(&in_place, Step::RemoveClaim(claim())).unwrap();
    let volume = format!("pv/{space}-before");
    until(|| object(&space, &volume).unwrap()["status"]["phase"] == "Released");
    assert_eq!(kept.delete().unwrap().len(), 1);
    let there = object(&space, &volume).unwrap();
    assert_eq!(there["spec"]["persistentVolumeReclaimPolicy"], "Delete");
}

#[test]
fn a_kafka_is_paused_and_noted_on_and_what_holds_retention_back_is_taken_away_again() {
    let space = namespace("noted");
    mirror(&space);
    let _operator = Operator::of(&space);
    let mut in_place = in_place(server(), &space).unwrap();
    let note = |in_place: &InPlace| match in_place.look().unwrap().kafka {
        Kafka::There { note, .. } => note,
        Kafka::Gone { .. } => None,
    };
    let config = || {
        let kafka = object(&space, "kafka/mirror").unwrap();
        kafka["spec"]["kafka"]["config"][DELAY].clone()
    };
    let set_delay = |delay: &Value| {
        let change = json!({"spec": {"kafka": {"config": {DELAY: delay}}}}).to_string();
        let patch = ["patch", "kafka/mirror", "--type=merge", "-p", &change];
        plane()
            .kubectl(&[&["-n", &space], &patch[..]].concat())
            .unwrap();
    };
    for before in [Value::Null, json!(5_000)] {
        set_delay(&before);
        act(&in_place, Step::PauseKafka).unwrap();
        assert_eq!(note(&in_place).unwrap().stage, Stage::Volumes);
        let proven = Proven {
            retention_would_delete: true,
            shown_on: in_place.which_claims().unwrap(),
        };
        in_place.note_volumes_proven(proven.clone()).unwrap();
        let noted = note(&in_place).unwrap();
        assert!(noted.holds_retention && noted.stage == Stage::VolumesProven);
        let held = config();
        assert!(held.as_u64() > Some(600_000), "{held}");
        // Told again, it is not what it was before.
        in_place.note_volumes_proven(proven).unwrap();
        in_place.note_heads_proven().unwrap();
        act(&in_place, Step::LetRetentionGo).unwrap();
        assert_eq!(config(), before);
        act(&in_place, Step::StartNodes).unwrap();
        act(&in_place, Step::Finish).unwrap();
        assert_eq!(note(&in_place), None);
        let kafka = object(&space, "kafka/mirror").unwrap();
        assert!(
            !kafka["metadata"]
                .to_string()
                .contains("slackwater.io/restore")
        );
    }
    act(&in_place, Step::GiveClusterId).unwrap();
    let kafka = object(&space, "kafka/mirror").unwrap();
    assert_eq!(kafka["status"]["clusterId"], CLUSTER);

    // One that holds longer by its user's word is left as it is.
    for before in [json!(86_400_000), json!("86400000")] {
        set_delay(&before);
        act(&in_place, Step::PauseKafka).unwrap();
        let proven = Proven {
            retention_would_delete: true,
            shown_on: in_place.which_claims().unwrap(),
        };
        in_place.note_volumes_proven(proven).unwrap();
        assert_eq!(config(), before);
        assert!(!note(&in_place).unwrap().holds_retention);
        act(&in_place, Step::StartNodes).unwrap();
        act(&in_place, Step::Finish).unwrap();
    }
}

#[test]
fn what_went_aside_for_one_run_is_taken_over_by_another_with_its_kept_volumes() {
    let space = namespace("aside");
    mirror(&space);
    bound(&space);
    let _operator = Operator::of(&space);
    let last = in_place(server(), &space).unwrap();
    act(&last, Step::StandAside).unwrap();
    act(&last, Step::KeepVolume(claim())).unwrap();
    let older = "kafka-mirror-0-1".parse().unwrap();
    let restored = in_place_of(server(), &space, older).unwrap();
    let seen = restored.look().unwrap();
    assert_eq!(seen.kept_of_others, [claim()]);
    // Whoever's it is: a claim that has it was not restored.
    assert_eq!(seen.volumes[0].claimed, Claimed::Kept);
    act(&restored, Step::TakeOver).unwrap();
    let seen = restored.look().unwrap();
    assert!(seen.kept_of_others.is_empty() && seen.volumes[0].is_kept);
    let Kafka::There {
        note: Some(note), ..
    } = seen.kafka
    else {
        panic!("no note");
    };
    assert_eq!((note.run, note.stage), (seen.run, Stage::Volumes));
}

#[test]
fn what_others_have_restored_to_wait_is_noted_as_theirs_and_waits_no_more_when_it_starts() {
    let space = namespace("waits");
    mirror(&space);
    let annotate = |what: &str| {
        let words = ["-n", &space, "annotate", "kafka/mirror", what];
        plane().kubectl(&words).unwrap();
    };
    annotate("slackwater.io/restoring=others ours");
    let _operator = Operator::of(&space);
    let in_place = in_place(server(), &space).unwrap();
    act(&in_place, Step::StandAside).unwrap();
    let Kafka::There {
        note: Some(note), ..
    } = in_place.look().unwrap().kafka
    else {
        panic!("no note");
    };
    assert!(note.on_claims && note.stage == Stage::Aside);
    act(&in_place, Step::StartNodes).unwrap();
    let kafka = object(&space, "kafka/mirror").unwrap();
    let notes = kafka["metadata"]["annotations"].to_string();
    assert!(!notes.contains("slackwater.io/restoring"), "{notes}");
}

#[test]
fn a_pool_that_others_have_made_gets_the_node_ids_of_the_cuts_claims() {
    let space = namespace("node-ids");
    mirror(&space);
    for pool in ["dual", "other"] {
        plane()
            .apply(&format!(
                "
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {{name: {pool}, namespace: {space}, labels: {{strimzi.io/cluster: mirror}}}}
spec:
  replicas: 1
  roles: [broker]
  storage: {{type: persistent-claim, size: 1Gi}}
"
            ))
            .unwrap();
    }
    let in_place = in_place(server(), &space).unwrap();
    let seen = in_place.look().unwrap();
    let has = |name: &str| {
        let pools = in_place.look().unwrap().pools;
        let found = pools.into_iter().find(|one| one.name == name);
        found.unwrap().has_its_ids
    };
    assert!(!has("dual"));
    // Of this one nothing is known, and nothing is given to it.
    assert!(has("other"));
    assert!(seen.other_claims.is_empty(), "{:?}", seen.other_claims);
    act(&in_place, Step::GiveNodeIds("dual".to_owned())).unwrap();
    let pool = object(&space, "kafkanodepool/dual").unwrap();
    assert_eq!(pool["status"]["nodeIds"], json!([0]));
    assert!(has("dual"));
    let refused = act(&in_place, Step::GiveNodeIds("other".to_owned())).unwrap_err();
    assert!(refused.contains("node ids of other"), "{refused}");
    // A claim of the cut that no pool is for.
    plane()
        .kubectl(&["-n", &space, "delete", "kafkanodepool/dual"])
        .unwrap();
    assert_eq!(in_place.look().unwrap().other_claims, [claim()]);
}

mod takes_long {
    use super::*;

    /// All that the steps below need.
    const RIGHTS: [(&str, &str, &str); 18] = [
        ("kafka.strimzi.io", "kafkas", "get"),
        ("kafka.strimzi.io", "kafkas", "patch"),
        ("kafka.strimzi.io", "kafkas/status", "patch"),
        ("kafka.strimzi.io", "kafkanodepools", "list"),
        ("kafka.strimzi.io", "kafkamirrormaker2s", "get"),
        ("kafka.strimzi.io", "kafkamirrormaker2s", "list"),
        ("core.strimzi.io", "strimzipodsets", "list"),
        ("core.strimzi.io", "strimzipodsets", "delete"),
        ("", "pods", "list"),
        ("", "persistentvolumeclaims", "get"),
        ("", "persistentvolumeclaims", "create"),
        ("", "persistentvolumeclaims", "delete"),
        ("", "persistentvolumeclaims", "patch"),
        ("", "persistentvolumes", "get"),
        ("", "persistentvolumes", "list"),
        ("", "persistentvolumes", "patch"),
        ("snapshot.storage.k8s.io", "volumesnapshots", "get"),
        ("snapshot.storage.k8s.io", "volumesnapshots", "list"),
    ];

    #[test]
    fn for_each_verb_that_is_missing_one_line_names_it_and_the_resource() {
        let space = namespace("restore-rights");
        mirror(&space);
        let _operator = Operator::of(&space);
        let work = |rules: &[(&str, &str, &str)], name: &str| -> Result<(), String> {
            plane()
                .kubectl(&["-n", &space, "delete", "pvc", "--all", "--timeout=60s"])
                .unwrap();
            let volume = format!("{space}-before");
            plane()
                .kubectl(&[
                    "delete",
                    "pv",
                    &volume,
                    "--ignore-not-found",
                    "--timeout=60s",
                ])
                .unwrap();
            bound(&space);
            let server = account_of(&space, name, rules);
            let in_place = in_place(server, &space).map_err(|error| error.to_string())?;
            in_place.look().map_err(|error| error.to_string())?;
            for step in [
                Step::PauseKafka,
                Step::RemoveNodes(vec!["mirror-dual".to_owned()]),
                Step::KeepVolume(claim()),
                Step::RemoveClaim(claim()),
                Step::MakeClaim(claim()),
                Step::GiveClusterId,
                Step::StartNodes,
                Step::Finish,
            ] {
                act(&in_place, step)?;
            }
            Ok(())
        };
        work(&RIGHTS, "whole").unwrap();
        // Not asked for by these steps: by those of other tests.
        let spare = [("kafkamirrormaker2s", "get"), ("volumesnapshots", "list")];
        for (at, (group, resource, verb)) in RIGHTS.iter().enumerate() {
            if spare.contains(&(resource, verb)) {
                continue;
            }
            let rules: Vec<_> = RIGHTS
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(_, rule)| *rule)
                .collect();
            let error = work(&rules, &format!("without-{at}")).unwrap_err();
            let (plain, part) = resource.split_once('/').unwrap_or((resource, ""));
            let full = match (*group, part) {
                ("", _) => plain.to_owned(),
                (group, "") => format!("{plain}.{group}"),
                (group, part) => format!("{plain}.{group}/{part}"),
            };
            let says = format!("may not {verb} {full} ");
            let says_in = format!("may not {verb} {full}:");
            assert!(
                (error.contains(&says) || error.contains(&says_in)) && !error.contains('\n'),
                "without {verb} {full}: {error}"
            );
        }
    }
}
