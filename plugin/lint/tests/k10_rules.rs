//! K10's own rules, as its documentation has them: which namespaces a policy is for, what
//! its filters take, by which class it snapshots, and when it ends a hook.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod world;

use serde_json::{Value, json};
use slackwater_lint::k10::{Seen, faults};

use world::{backup, bound, found, only, only_bound, volumes};

const NAMESPACE: &str = "k10.kasten.io/appNamespace";

const NONE: [String; 0] = [];

fn select(seen: &mut Seen, selector: Value) {
    seen.policies[0]["spec"]["selector"] = selector;
}

fn by(operator: &str, values: &[&str]) -> Value {
    json!({"key": NAMESPACE, "operator": operator, "values": values})
}

#[test]
fn a_policy_that_k10_has_found_invalid_is_named_and_is_for_no_mirror() {
    let failed = found(|seen| {
        seen.policies[0]["status"] = json!({"validation": "Failed", "error": ["no such\nprofile"]});
    });
    let says = "Policy kasten-io/kafka-mirror: its status.validation is Failed, and K10 makes no use of \
                it: no such profile";
    assert_eq!(
        failed,
        [
            "Kafka kafka-mirror/mirror: no policy of K10 is for namespace kafka-mirror",
            says
        ]
    );
    // Beside one that is valid it does no harm to the mirror; it is named all the same.
    let beside = only(|seen| {
        let mut other = seen.policies[0].clone();
        other["metadata"]["name"] = "other".into();
        other["status"] = json!({"validation": "Failed"});
        seen.policies.push(other);
    });
    assert!(beside.starts_with("Policy kasten-io/other: "), "{beside}");
    for word in ["Success", "Pending"] {
        let status = json!({"validation": word, "error": null});
        assert_eq!(found(|seen| seen.policies[0]["status"] = status), NONE);
    }
}

#[test]
fn a_binding_that_k10_has_found_invalid_is_named_and_takes_no_pool() {
    let mut seen = bound();
    seen.bindings[0]["status"] = json!({"validation": "Failed"});
    let found = faults(&seen);
    let named = "BlueprintBinding kasten-io/slackwater-pools";
    assert!(found.iter().any(|one| one.place == named), "{found:?}");
    let untaken = found
        .iter()
        .filter(|one| one.says.contains("no BlueprintBinding takes it"));
    assert_eq!(untaken.count(), 2, "{found:?}");
    seen.bindings[0]["status"] = json!({"validation": "Success"});
    assert_eq!(faults(&seen), []);
}

#[test]
fn a_namespace_that_policies_pass_over_is_named() {
    let annotate = |seen: &mut Seen, key: &str| {
        seen.namespaces[0]["metadata"]["annotations"] = json!({key: ""});
    };
    let ignored = only(|seen| annotate(seen, "k10.kasten.io/ignorebackuppolicy"));
    assert!(
        ignored.starts_with("Namespace kafka-mirror: has the annotation"),
        "{ignored}"
    );
    assert_eq!(found(|seen| annotate(seen, "somebodys/note")), NONE);
}

#[test]
fn an_asterisk_in_an_expression_selects_namespaces_by_a_part_of_their_names() {
    for right in [
        json!({"matchExpressions": [by("In", &["*"])]}),
        json!({"matchExpressions": [by("In", &["shop", "kafka-*"])]}),
        json!({"matchExpressions": [by("In", &["*"]), by("NotIn", &["shop-*", "kafka"])]}),
    ] {
        assert_eq!(found(|seen| select(seen, right)), NONE);
    }
    for wrong in [
        json!({"matchExpressions": [by("In", &["shop-*"])]}),
        json!({"matchExpressions": [by("In", &["*"]), by("NotIn", &["kafka-*"])]}),
        // Documented for expressions alone, and for that label alone.
        json!({"matchLabels": {NAMESPACE: "kafka-*"}}),
        json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["go*"]}]}),
    ] {
        let none = only(|seen| select(seen, wrong));
        assert!(none.contains("no policy of K10 is for"), "{none}");
    }
}

#[test]
fn a_policy_that_lies_with_an_application_is_for_that_one_alone() {
    let lies_in = |namespace: &str| {
        found(|seen| {
            seen.policies[0]["metadata"]["namespace"] = namespace.into();
            select(seen, json!({"matchExpressions": [by("In", &["*"])]}));
        })
    };
    assert_eq!(lies_in("kafka-mirror"), NONE);
    let other = lies_in("shop");
    assert_eq!(other.len(), 1, "{other:?}");
    assert!(other[0].contains("no policy of K10 is for"), "{other:?}");
}

#[test]
fn where_a_policy_has_a_preset_its_profile_is_not_missed() {
    let with = |seen: &mut Seen, name: &str| {
        backup(seen)["profile"] = Value::Null;
        seen.policies[0]["spec"]["presetRef"] = json!({"name": name, "namespace": "kasten-io"});
    };
    let mut seen = bound();
    with(&mut seen, "gold");
    assert_eq!(faults(&seen), []);
    let none = only_bound(|seen| with(seen, ""));
    assert!(none.contains("without a Location profile"), "{none}");
}

#[test]
fn core_is_the_group_without_a_name_and_not_any() {
    let core = only(|seen| {
        backup(seen)["filters"] =
            json!({"excludeResources": [{"group": "core", "resource": "configmaps"}]});
    });
    assert!(core.contains("leaves out configmaps"), "{core}");
    let all_of_it = found(|seen| {
        backup(seen)["filters"] = json!({"excludeResources": [{"group": "core"}]});
    });
    assert_eq!(all_of_it.len(), 3, "{all_of_it:?}");
    assert_eq!(
        found(|seen| {
            backup(seen)["filters"] = json!({"includeResources": [
                {"group": "core"}, {"group": "kafka.strimzi.io"},
            ]});
        }),
        NONE
    );
    let pods = only_bound(|seen| {
        backup(seen)["filters"] =
            json!({"excludeResources": [{"group": "core", "resource": "pods"}]});
    });
    assert!(pods.contains("leaves out pods"), "{pods}");
}

#[test]
fn the_defaults_as_an_entry_are_all_that_is_needed() {
    let with = |seen: &mut Seen, group: &str| {
        backup(seen)["filters"] = json!({"includeResources": [
            {"group": "autoscaling", "resource": "horizontalpodautoscalers"},
            {"group": group, "resource": "defaults"},
        ]});
    };
    assert_eq!(found(|seen| with(seen, "actions.kio.kasten.io")), NONE);
    assert_eq!(found(|seen| with(seen, "config.kio.kasten.io")).len(), 6);
}

#[test]
fn what_includes_or_excludes_some_is_held_against_what_is_known_of_ours() {
    let rest = |entry: Value| {
        move |seen: &mut Seen| {
            let mut included = vec![entry];
            for resource in ["secrets", "persistentvolumeclaims", "kafkanodepools"] {
                included.push(json!({"resource": resource}));
            }
            for (resource, key) in [
                ("kafkas", "slackwater.io/mirror"),
                ("kafkamirrormaker2s", "team"),
            ] {
                let labels = json!([{"key": key, "operator": "Exists"}]);
                included.push(json!({"resource": resource, "matchExpressions": labels}));
            }
            backup(seen)["filters"] = json!({"includeResources": included});
        }
    };
    let maps = |labels: Value| json!({"resource": "configmaps", "matchLabels": labels});
    let ours = maps(json!({"app.kubernetes.io/name": "slackwater"}));
    assert_eq!(found(rest(ours)), NONE);
    let run = json!([{"key": "slackwater.io/run", "operator": "Exists"}]);
    let ours = json!({"resource": "configmaps", "matchExpressions": run});
    assert_eq!(found(rest(ours)), NONE);
    for some in [
        maps(json!({"app": "shop"})),
        json!({"resource": "configmaps", "name": "settings"}),
        json!({"group": "core", "matchExpressions": [
            {"key": "app", "operator": "DoesNotExist"},
        ]}),
    ] {
        let only = only(rest(some));
        assert!(
            only.contains("includeResources names only some configmaps"),
            "{only}"
        );
    }
    let exclude = |entry: Value| {
        move |seen: &mut Seen| {
            backup(seen)["filters"] = json!({"excludeResources": [entry]});
        }
    };
    for (ours, resource) in [
        (
            json!({"matchLabels": {"app.kubernetes.io/name": "slackwater"}}),
            "configmaps",
        ),
        (json!({"resource": "kafkas", "name": "mirror"}), "kafkas"),
        (
            json!({"matchLabels": {"team": "streams"}}),
            "kafkamirrormaker2s",
        ),
    ] {
        let only = only(exclude(ours));
        assert!(only.contains(&format!("leaves out {resource}")), "{only}");
    }
    for others in [
        json!({"resource": "kafkas", "name": "shop"}),
        json!({"matchLabels": {"team": "shop"}}),
        json!({"resource": "secrets", "matchExpressions": [
            {"key": "app", "operator": "Exists"},
        ]}),
    ] {
        assert_eq!(found(exclude(others)), NONE);
    }
}

#[test]
fn several_classes_of_a_driver_with_k10s_annotation_are_named() {
    let with = |seen: &mut Seen, driver: &str| {
        let mut other = seen.classes[0].clone();
        other["metadata"]["name"] = "slow".into();
        other["driver"] = driver.into();
        seen.classes.push(other);
    };
    let two = only(|seen| with(seen, "csi.example.com"));
    assert!(
        two.contains("VolumeSnapshotClasses fast, slow of csi.example.com"),
        "{two}"
    );
    assert_eq!(found(|seen| with(seen, "csi.example.org")), NONE);
}

#[test]
fn the_class_that_a_storage_class_names_takes_the_place_of_the_annotated_one() {
    let with = |seen: &mut Seen, name: &str, driver: &str| {
        seen.classes[0]["metadata"]["annotations"] = json!({});
        seen.classes[0]["driver"] = driver.into();
        let annotations = &mut seen.storage_classes[0]["metadata"]["annotations"];
        *annotations = json!({"k10.kasten.io/volume-snapshot-class": name});
    };
    assert_eq!(found(|seen| with(seen, "fast", "csi.example.com")), NONE);
    let none = only(|seen| with(seen, "gone", "csi.example.com"));
    assert!(
        none.contains("there is no such VolumeSnapshotClass"),
        "{none}"
    );
    let other = only(|seen| with(seen, "fast", "csi.example.org"));
    assert!(other.contains("which is of csi.example.org"), "{other}");
    // Volumes of another StorageClass still need the annotated one.
    let mixed = only(|seen| {
        with(seen, "fast", "csi.example.com");
        seen.mirrors[0].volumes[1].storage_class = "other".to_owned();
    });
    assert!(mixed.contains("is-snapshot-class"), "{mixed}");
}

#[test]
fn k10s_limits_are_those_that_were_told() {
    let claims = |seen: &mut Seen, most: usize| {
        seen.mirrors[0].volumes = volumes(11);
        seen.limits.snapshots_at_once = most;
    };
    assert_eq!(found(|seen| claims(seen, 11)), NONE);
    let one = only(|seen| claims(seen, 5));
    assert!(one.contains("K10 snapshots 5 at a time"), "{one}");
    // One hook holds all of a namespace.
    let both = found(|seen| {
        seen.mirrors[0].volumes = volumes(6);
        let mut other = seen.mirrors[0].clone();
        other.name = "other".to_owned();
        seen.mirrors.push(other);
    });
    let together = "has 6 claims, and the mirrors of its namespace have 12";
    let named = both.iter().filter(|one| one.contains(together));
    assert_eq!(named.count(), 2, "{both:?}");
    assert_eq!(found(|seen| seen.limits.hook_seconds = 1_081), NONE);
    let short = found(|seen| seen.limits.hook_seconds = 1_080);
    assert_eq!(short.len(), 3, "{short:?}");
    assert!(
        short[0].contains("K10 ends a hook after 1080 s"),
        "{short:?}"
    );
}

#[test]
fn a_hooks_budget_is_that_of_all_its_phases_and_one_without_a_deadline_is_named() {
    let add = |seen: &mut Seen, phase: Value| {
        let action = &mut seen.blueprints[0]["actions"]["beforeBackup"];
        action["phases"].as_array_mut().unwrap().push(phase);
    };
    let wait = |timeout: &str| {
        json!({"func": "WaitV2", "name": "more", "args": {
            "timeout": timeout, "conditions": {"allOf": []},
        }})
    };
    let task = |command: &[&str]| json!({"func": "KubeTask", "name": "more", "args": {"image": "i", "command": command}});
    assert_eq!(found(|seen| add(seen, wait("1m59s"))), NONE);
    let long = only(|seen| add(seen, wait("2m")));
    assert!(
        long.contains("actions.beforeBackup: its phases may take 1200 s together"),
        "{long}"
    );
    for command in [
        &["timeout", "60", "sync"][..],
        &["/usr/bin/timeout", "-k", "5", "--signal=KILL", "60", "sync"],
    ] {
        assert_eq!(found(|seen| add(seen, task(command))), NONE);
    }
    let scale = |waits: bool| {
        json!({"func": "ScaleWorkload", "name": "more", "args": {
            "name": "n", "kind": "Deployment", "namespace": "s", "replicas": 0, "waitForReady": waits,
        }})
    };
    assert_eq!(found(|seen| add(seen, scale(false))), NONE);
    assert!(only(|seen| add(seen, scale(true))).contains("waitForReady: false"));
    let endless = only(|seen| add(seen, task(&["sync"])));
    assert!(
        endless.contains("actions.beforeBackup.phases[1]: has no deadline"),
        "{endless}"
    );
    assert!(
        endless.contains("podOverride.activeDeadlineSeconds"),
        "{endless}"
    );
    // What is deferred runs in the same hook.
    let deferred = only(|seen| {
        seen.blueprints[0]["actions"]["beforeBackup"]["deferPhase"] = wait("10m");
    });
    assert!(deferred.contains("may take 1680 s together"), "{deferred}");
    let bound = only_bound(|seen| {
        let phase = &mut seen.blueprints[0]["actions"]["backupPosthook"]["phases"][0];
        phase["args"]["podOverride"]["activeDeadlineSeconds"] = Value::Null;
    });
    assert!(
        bound.contains("actions.backupPosthook.phases[0]: has no deadline"),
        "{bound}"
    );
}
