//! What is wrong with K10's configuration is named; one that is right is left alone.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod world;

use serde_json::{Value, json};
use slackwater_lint::k10::{Account, For, Mirror, Seen, accounts, faults};

use world::{backup, bound, document, found, only, only_bound, right, volumes};

fn ours(name: &str, what: For) -> Account {
    Account {
        namespace: "slackwater".to_owned(),
        name: name.to_owned(),
        what,
    }
}

#[test]
fn the_examples_are_right() {
    assert_eq!(found(|_| ()), Vec::<String>::new());
}

#[test]
fn hooks_that_fail_or_run_as_nobody_and_what_their_account_may_not_do_are_named() {
    let restores = ours("slackwater-restore", For::Restore);
    let ours = ours("slackwater", For::Backup);
    let both = [ours.clone(), restores.clone()];
    assert_eq!(accounts(&right()), both.clone().into());
    let none = found(|seen| {
        seen.accounts.insert(ours.clone(), None);
    });
    assert_eq!(none.len(), 3, "{none:?}");
    assert!(none[0].contains("runs as ServiceAccount slackwater/slackwater, which is not there"));
    let of = ("kafka-mirror".to_owned(), "mirror".to_owned());
    let denied = |rights: &[&str]| {
        let rights = rights.iter().map(|right| (*right).to_owned()).collect();
        Some([(of.clone(), rights)].into())
    };
    assert_eq!(
        found(|seen| drop(seen.accounts.insert(ours.clone(), denied(&[])))),
        Vec::<String>::new()
    );
    let one = only(|seen| {
        seen.accounts
            .insert(ours.clone(), denied(&["list kafkas", "patch pods"]));
    });
    let says = "ServiceAccount slackwater/slackwater: may not, for kafka-mirror/mirror: list kafkas, patch pods";
    assert_eq!(one, says);
    // Of K10's own nobody asks here.
    let change = |seen: &mut Seen, to: &str| {
        let phase = &mut seen.blueprints[0]["actions"]["afterFailure"]["phases"][0];
        phase["args"]["command"][4] = to.into();
    };
    // Who makes a restore is asked what that takes.
    let one = only(|seen| {
        seen.accounts
            .insert(restores.clone(), denied(&["create kafkas"]));
    });
    let says = "ServiceAccount slackwater/slackwater-restore: may not, for a restore of \
                kafka-mirror/mirror: create kafkas";
    assert_eq!(one, says);
    let none = found(|seen| drop(seen.accounts.insert(restores.clone(), None)));
    assert_eq!(none.len(), 2, "{none:?}");
    for (fault, action) in none.iter().zip(["beforeRestore", "afterRestore"]) {
        assert!(fault.contains(action), "{fault}");
        assert!(
            fault.contains("slackwater/slackwater-restore, which is not there"),
            "{fault}"
        );
    }
    let fails = only(|seen| change(seen, "{{ .Options.namespace }}"));
    assert!(
        fails.contains("onFailure: fails for namespace kafka-mirror"),
        "{fails}"
    );
    assert!(
        fails.contains("map has no entry for key \"namespace\""),
        "{fails}"
    );
}

#[test]
fn one_policy_by_label_is_for_every_mirror_of_a_fleet_and_for_no_other_namespace() {
    let label = json!({"slackwater.io/mirror": "true"});
    let fleet = |labels: [&Value; 2]| {
        found(|seen| {
            seen.policies = vec![document("examples/fleet/k10-policy.yaml")];
            seen.mirrors.push(Mirror {
                namespace: "east".to_owned(),
                name: "copy".to_owned(),
                volumes: volumes(5),
            });
            let named = ["kafka-mirror", "east"].into_iter().zip(labels);
            let each =
                named.map(|(name, labels)| json!({"metadata": {"name": name, "labels": labels}}));
            seen.namespaces = each.collect();
        })
    };
    assert_eq!(fleet([&label, &label]), Vec::<String>::new());
    let one = fleet([&label, &json!({})]);
    assert_eq!(
        one,
        ["Kafka east/copy: no policy of K10 is for namespace east"]
    );
    let distribution = document("examples/fleet/k10-distribution.yaml");
    let policy = document("examples/fleet/k10-policy.yaml");
    let of = &distribution["spec"]["sources"][0]["ref"];
    for key in ["apiVersion", "kind"] {
        assert_eq!(of[key], policy[key]);
    }
    assert_eq!(of["name"], policy["metadata"]["name"]);
}

#[test]
fn a_mirror_that_no_policy_is_for_and_one_that_nobody_has_opted_in_are_named() {
    let none = only(|seen| seen.policies.clear());
    assert!(
        none.contains("no policy of K10 is for namespace kafka-mirror"),
        "{none}"
    );
    let other = only(|seen| {
        seen.policies[0]["spec"]["selector"] = json!({"matchExpressions": [{
            "key": "k10.kasten.io/appNamespace", "operator": "In", "values": ["shop"],
        }]});
    });
    assert!(other.contains("no policy"), "{other}");
    let by_label = found(|seen| {
        seen.policies[0]["spec"]["selector"] = json!({"matchLabels": {"tier": "gold"}});
    });
    assert!(by_label.is_empty(), "{by_label:?}");
    let paused = only(|seen| seen.policies[0]["spec"]["paused"] = json!(true));
    assert!(paused.contains("no policy"), "{paused}");
    let nobody = only(|seen| seen.mirrors.clear());
    assert!(nobody.contains("slackwater.io/mirror=true"), "{nobody}");
}

#[test]
fn hooks_that_are_missing_misspelt_or_of_no_blueprint_are_named() {
    let missing = only(|seen| {
        backup(seen)["hooks"]
            .as_object_mut()
            .unwrap()
            .remove("onFailure");
    });
    assert!(
        missing.contains("onFailure: is not there: nothing runs afterFailure"),
        "{missing}"
    );
    assert_eq!(found(|seen| backup(seen)["hooks"] = Value::Null).len(), 3);
    let misspelt =
        only(|seen| backup(seen)["hooks"]["preHook"]["actionName"] = "BeforeBackup".into());
    assert!(misspelt.contains("`beforeBackup` is meant"), "{misspelt}");
    let swapped =
        only(|seen| backup(seen)["hooks"]["preHook"]["actionName"] = "afterBackup".into());
    assert!(
        swapped.contains("what is made for it is beforeBackup"),
        "{swapped}"
    );
    let elsewhere = found(|seen| seen.blueprints.clear());
    assert_eq!(elsewhere.len(), 3);
    assert!(
        elsewhere[0].contains("not in K10's namespace"),
        "{elsewhere:?}"
    );
}

#[test]
fn a_policy_that_restores_what_it_imports_has_both_hooks_and_what_makes_it_wait() {
    let example = document("examples/k10-restore.yaml");
    let restoring = |change: &dyn Fn(&mut Value)| {
        found(|seen| {
            let mut parameters = json!({
                "hooks": example["spec"]["hooks"],
                "transforms": example["spec"]["transforms"],
            });
            change(&mut parameters);
            seen.policies.push(json!({
                "metadata": {"name": "import", "namespace": seen.namespace},
                "spec": {"actions": [
                    {"action": "import"},
                    {"action": "restore", "restoreParameters": parameters},
                ]},
            }));
        })
    };
    assert_eq!(restoring(&|_| ()), Vec::<String>::new());
    let misspelt =
        restoring(&|one| one["hooks"]["onSuccess"]["actionName"] = "AfterRestore".into());
    assert_eq!(misspelt.len(), 1, "{misspelt:?}");
    assert!(
        misspelt[0].contains("`afterRestore` is meant"),
        "{misspelt:?}"
    );
    let half = restoring(&|one| one["hooks"]["preHook"] = Value::Null);
    assert!(half[0].contains("nothing runs beforeRestore"), "{half:?}");
    let at_once = restoring(&|one| one["transforms"] = json!([]));
    assert!(at_once[0].contains("does not wait"), "{at_once:?}");
    // By hand, where it says which namespace that is; of another one nothing is known.
    let into = |namespace: &str| restoring(&|one| *one = json!({"targetNamespace": namespace}));
    assert!(into("kafka-mirror")[0].contains("does not wait"));
    assert_eq!(into("shop"), Vec::<String>::new());
}

#[test]
fn what_the_blueprint_itself_has_wrong_is_named_once_and_a_budget_over_the_hooks_time() {
    let long = found(|seen| {
        let phase = &mut seen.blueprints[0]["actions"]["beforeBackup"]["phases"][0];
        phase["args"]["podOverride"]["activeDeadlineSeconds"] = 3_600.into();
    });
    assert_eq!(long.len(), 1, "{long:?}");
    assert!(long[0].contains("K10 ends a hook after 1200 s"), "{long:?}");
    let profile = found(|seen| {
        let phase = &mut seen.blueprints[0]["actions"]["afterBackup"]["phases"][0];
        phase["args"]["image"] = "{{ .Profile.Location }}".into();
    });
    assert_eq!(profile.len(), 1, "{profile:?}");
    assert!(profile[0].contains("have no .Profile"), "{profile:?}");
}

#[test]
fn filters_that_drop_what_a_restore_rests_on_are_named() {
    let out = only(|seen| {
        backup(seen)["filters"] = json!({"excludeResources": [{"resource": "configmaps"}]});
    });
    assert!(
        out.contains("leaves out configmaps: the sealed cut"),
        "{out}"
    );
    let only_core = found(|seen| {
        backup(seen)["filters"] = json!({"includeResources": [
            {"resource": "configmaps"}, {"resource": "secrets"}, {"resource": "persistentvolumeclaims"},
        ]});
    });
    assert_eq!(only_core.len(), 3, "{only_core:?}");
    // Of some of them, which is not told.
    let some = found(|seen| {
        backup(seen)["filters"] = json!({"excludeResources": [
            {"resource": "configmaps", "name": "other"}, {"matchLabels": {"a": "b"}},
        ]});
    });
    assert!(some.is_empty(), "{some:?}");
}

#[test]
fn classes_that_k10_does_not_take_and_more_claims_than_it_snapshots_at_a_time_are_named() {
    let class = only(|seen| seen.classes[0]["metadata"]["annotations"] = json!({}));
    assert!(class.contains("is-snapshot-class"), "{class}");
    let many = only(|seen| seen.mirrors[0].volumes = volumes(11));
    assert!(many.contains("has 11 claims"), "{many}");
}

#[test]
fn a_mirror_whose_pools_are_all_bound_needs_no_hooks_of_a_policy() {
    assert_eq!(faults(&bound()), []);
    // By an annotation of each, too.
    let mut seen = bound();
    seen.bindings.clear();
    for pool in &mut seen.pools {
        pool["metadata"]["annotations"] =
            json!({"kanister.kasten.io/blueprint": "slackwater-bound-hooks"});
    }
    assert_eq!(faults(&seen), []);
}

#[test]
fn a_pool_that_is_not_bound_as_the_others_is_named() {
    let unlabelled = only_bound(|seen| {
        seen.pools[1]["metadata"]["labels"]
            .as_object_mut()
            .unwrap()
            .remove("slackwater.io/mirror");
    });
    assert!(
        unlabelled.contains("KafkaNodePool kafka-mirror/control"),
        "{unlabelled}"
    );
    assert!(
        unlabelled.contains("no backup is ever confirmed"),
        "{unlabelled}"
    );
    let own = only_bound(|seen| {
        seen.pools[0]["metadata"]["annotations"] =
            json!({"kanister.kasten.io/blueprint": "somebodys"});
    });
    assert!(own.contains("KafkaNodePool kafka-mirror/dual"), "{own}");
    // The one that was made first is taken, though it is of nothing of ours.
    let mut seen = bound();
    seen.bindings[0]["metadata"]["creationTimestamp"] = "2026-02-01T00:00:00Z".into();
    let mut other = seen.bindings[0].clone();
    other["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
    other["spec"]["blueprintRef"]["name"] = "somebodys".into();
    seen.bindings.push(other);
    let found = faults(&seen);
    assert!(
        found
            .iter()
            .any(|one| one.says.contains("no BlueprintBinding takes it")),
        "{found:?}"
    );
}

#[test]
fn labelled_pools_without_a_binding_that_takes_them_are_named() {
    for change in [
        (|seen| seen.bindings.clear()) as fn(&mut Seen),
        |seen| seen.bindings[0]["spec"]["disabled"] = true.into(),
        |seen| seen.bindings[0]["spec"]["resources"] = json!({}),
        |seen| seen.blueprints.clear(),
    ] {
        let mut seen = bound();
        change(&mut seen);
        let found = faults(&seen);
        let of = |pool: &str| {
            let place = format!("KafkaNodePool kafka-mirror/{pool}");
            found
                .iter()
                .any(|one| one.place == place && one.says.contains("no BlueprintBinding"))
        };
        assert!(of("dual") && of("control"), "{found:?}");
    }
}

#[test]
fn hooks_of_a_policy_beside_a_binding_are_a_double_hold() {
    let twice = only_bound(|seen| {
        seen.blueprints
            .push(document("blueprints/k10-policy-hooks.yaml"));
        backup(seen)["hooks"] = backup(&mut right())["hooks"].clone();
    });
    assert!(twice.contains("each would end the other's run"), "{twice}");
}

#[test]
fn a_binding_without_a_profile_or_with_what_leads_to_pools_left_out_is_named() {
    let profile = only_bound(|seen| backup(seen)["profile"] = Value::Null);
    assert!(profile.contains("without a Location profile"), "{profile}");
    let sets = only_bound(|seen| {
        backup(seen)["filters"] = json!({"excludeResources": [
            {"group": "core.strimzi.io", "resource": "strimzipodsets"},
        ]});
    });
    assert!(sets.contains("calls no hook"), "{sets}");
    let long = only_bound(|seen| {
        let phase = &mut seen.blueprints[0]["actions"]["backupPrehook"]["phases"][0];
        phase["args"]["podOverride"]["activeDeadlineSeconds"] = 3_600.into();
    });
    assert!(long.contains("K10 ends a hook after 1200 s"), "{long}");
    let ignored = only_bound(|seen| {
        let actions = seen.blueprints[0]["actions"].as_object_mut().unwrap();
        let action = actions.remove("backupPosthook").unwrap();
        actions.insert("backupPostHook".to_owned(), action);
    });
    assert!(ignored.contains("`backupPosthook` is meant"), "{ignored}");
}

#[test]
fn accounts_of_hooks_that_are_bound_to_pools_are_asked_for_too() {
    let restores = ours("slackwater-restore", For::Restore);
    assert!(accounts(&bound()).contains(&restores));
    let mut seen = bound();
    seen.accounts.insert(restores, None);
    let found: Vec<String> = faults(&seen).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    for (fault, action) in found.iter().zip(["restorePrehook", "restorePosthook"]) {
        let says = format!("Blueprint slackwater-bound-hooks {action}: runs as ServiceAccount");
        assert!(fault.starts_with(&says), "{fault}");
    }
}
