//! The blueprint: rendered, and run.

use std::collections::BTreeMap;

use serde_json::Value;

/// Phases' arguments are whole words for a program, whatever was said.
fn words(rendered: &BTreeMap<String, Value>, phase: &str) -> Vec<String> {
    let command = rendered[phase]["command"].as_array().unwrap();
    let each = command.iter().map(|word| word.as_str().unwrap().to_owned());
    each.collect()
}

mod needs_root {
    use super::*;
    use crate::place::turn;

    mod needs_stand_ins {
        use serde_json::{Map, json};
        use slackwater_stand_ins::{Ask, Runner};

        use super::*;
        use crate::ground::names;
        use crate::kanister::{options, teller, text};

        /// Each option comes to the program as it is called there.
        fn restores_with_all_that_may_be_said(runner: &Runner<'_>, ask: &Ask) {
            for (option, flag) in [
                ("undo", "--undo"),
                ("acceptLoss", "--accept-loss"),
                ("acceptUnproven", "--accept-unproven"),
                ("gitOpsSuspended", "--git-ops-suspended"),
            ] {
                let mut ask = ask.clone();
                ask.options.insert(option.to_owned(), "true".to_owned());
                let rendered = runner.rendered("restore", &ask, &Map::new()).unwrap();
                let words = words(&rendered, "restoreMirror");
                assert!(words.contains(&format!("{flag}=true")), "{words:?}");
            }
            let least = runner.rendered("restore", ask, &Map::new()).unwrap();
            let least = words(&least, "restoreMirror");
            let mut trimmed = ask.clone();
            for (option, value, default) in [
                ("catchUp", "60", "--catch-up=39600"),
                ("trim", "consistent", "--trim=none"),
                ("order", "order:9", "--order=source"),
                ("excludeOrder", "one,two", "--exclude-order="),
                ("maxJettison", "5m,3%", "--max-jettison=60s,1%"),
                ("orderKey", "configmap/numbers", "--order-key="),
                ("orderFirst", "7", "--first="),
            ] {
                assert!(least.contains(&default.to_owned()), "{least:?}");
                trimmed.options.insert(option.to_owned(), value.to_owned());
            }
            let rendered = runner.rendered("restore", &trimmed, &Map::new()).unwrap();
            let all = words(&rendered, "restoreMirror").join(" ");
            let said = "--catch-up=60 --trim=consistent --order=order:9 --exclude-order=one,two \
                        --max-jettison=5m,3% --order-key=configmap/numbers --first=7";
            assert!(all.contains(said), "{all}");
            let mut of_artifacts = ask.clone();
            of_artifacts.options.clear();
            let cut = json!({"keyValue": {"cut": "r-9", "kafka": "of/artifacts"}});
            of_artifacts.artifacts.insert("mirrorCut".to_owned(), cut);
            let rendered = runner
                .rendered("restore", &of_artifacts, &Map::new())
                .unwrap();
            let words = words(&rendered, "restoreMirror");
            for word in ["r-9", "of/artifacts"] {
                assert!(words.contains(&word.to_owned()), "{words:?}");
            }
        }

        #[test]
        fn every_action_renders_with_all_that_may_be_said_and_with_the_least() {
            let place = turn();
            let kubectl = teller(&place);
            let runner = Runner::new(&kubectl, "kanister", &text()).unwrap();
            let object = json!({"metadata": {"namespace": "one", "name": "mirror"}});
            let run = |id: &str| json!({"Output": {"runId": id, "cutDigest": "d"}});
            let outputs = Map::from_iter([
                ("quiesceMirror".to_owned(), run("r-1")),
                ("validateHead".to_owned(), run("r-1")),
            ]);
            let least = Ask {
                object: object.clone(),
                ..Ask::default()
            };
            let backup = runner.rendered("backup", &least, &outputs).unwrap();
            assert_eq!(backup.len(), 5);
            for (phase, args) in &backup {
                assert_eq!(args["namespace"], "slackwater", "{phase}");
                assert!(
                    args["image"].as_str().unwrap().contains("slackwater:"),
                    "{phase}"
                );
                let words = words(&backup, phase);
                assert!(words.contains(&"one/mirror".to_owned()), "{words:?}");
                let pod = &args["podOverride"];
                assert_eq!(pod["serviceAccountName"], "slackwater", "{phase}");
                assert_eq!(pod["automountServiceAccountToken"], true, "{phase}");
                assert!(pod["activeDeadlineSeconds"].is_number(), "{phase}");
            }
            for (option, value) in [("strategy", "hot"), ("verify", "full")] {
                let mut said = least.clone();
                said.options.insert(option.to_owned(), value.to_owned());
                for (ask, value) in [(&least, "configured"), (&said, value)] {
                    let backup = runner.rendered("backup", ask, &outputs).unwrap();
                    let words = words(&backup, "quiesceMirror").join(" ");
                    assert!(words.contains(&format!("--{option} {value}")), "{words}");
                }
            }
            // It goes by nothing that a phase says: those may not have run.
            let defer = runner.rendered("backup", &least, &outputs).unwrap();
            assert_eq!(words(&defer, "ensureResumed").last().unwrap(), "one/mirror");

            let other = Ask {
                object,
                options: options(&[("namespace", "ours"), ("cut", "r-2"), ("kafka", "two/copy")]),
                artifacts: Map::new(),
            };
            let mut with_parent = other.clone();
            let cut = json!({"keyValue": {"cut": "r-9", "kafka": "of/artifacts"}});
            with_parent.artifacts.insert("mirrorCut".to_owned(), cut);
            for (action, phase, account) in [
                ("restore", "restoreMirror", "slackwater-restore"),
                ("verify", "verifyCut", "slackwater"),
                ("delete", "deleteCut", "slackwater"),
            ] {
                let rendered = runner.rendered(action, &other, &Map::new()).unwrap();
                let args = &rendered[phase];
                assert_eq!(args["namespace"], "ours");
                assert_eq!(args["image"], names().image.as_str());
                assert_eq!(args["podOverride"]["serviceAccountName"], account);
                // What is said comes before what a parent has.
                let both = runner.rendered(action, &with_parent, &Map::new());
                let both = words(&both.unwrap(), phase);
                let words = words(&rendered, phase);
                assert_eq!(both, words);
                assert!(words.contains(&"r-2".to_owned()), "{words:?}");
                assert!(words.contains(&"two/copy".to_owned()), "{words:?}");
                let undone = action != "restore" || words.contains(&"--undo=false".to_owned());
                assert!(undone, "{words:?}");
                if action == "restore" {
                    restores_with_all_that_may_be_said(&runner, &other);
                }
                let nothing = runner.rendered(action, &least, &Map::new());
                let said = nothing.unwrap_err().to_string();
                assert!(said.contains("\"cut\" not found"), "{said}");
            }
        }
    }

    mod takes_long {
        use slackwater_cut::{ClaimName, Verdict};

        use super::*;
        use crate::kanister::{Of, act};
        use crate::place::Place;

        fn must_be_proven(place: &Place, run: &str, names: &[ClaimName]) {
            let claims = place.cut(run).claims;
            for name in names {
                let claim = claims.iter().find(|one| one.name == *name).unwrap();
                assert_eq!(claim.verdict, Verdict::Proven, "{}", claim.reason);
            }
        }

        #[test]
        fn a_backup_that_is_told_to_read_all_of_its_snapshots_proves_that_they_are_intact() {
            let place = turn();
            place.produce(100);
            place.load(60, 50);
            let done = act(&place, "backup", &Of::Kafka, &[("verify", "full")]);
            assert_eq!(done.error, None);
            let run = place.newest();
            let cut = place.cut(&run);
            assert!(cut.settings.require.contains(&ClaimName::Intact));
            must_be_proven(&place, &run, &cut.settings.require);
            let deleted = act(&place, "delete", &Of::Backup(&done), &[]);
            assert_eq!(deleted.error, None);
        }

        #[test]
        fn a_backup_by_the_blueprint_is_verified_restored_undone_and_deleted() {
            let mut place = turn();
            place.produce(100);
            // The source stops for none of it.
            place.load(200, 50);
            let done = act(&place, "backup", &Of::Kafka, &[]);
            assert_eq!(done.error, None);
            let cut = &done.artifacts["mirrorCut"]["keyValue"];
            let run = cut["cut"].as_str().unwrap().to_owned();
            assert_eq!(cut["kafka"], crate::place::mirror());
            assert_eq!(cut["digest"], place.cut(&run).digest.unwrap());

            let of_it = Of::Backup(&done);
            let verified = act(&place, "verify", &of_it, &[]);
            assert_eq!(verified.error, None);
            must_be_proven(&place, &run, &[ClaimName::Intact]);
            let named = format!("slackwater-{run}");
            assert!(!place.names("configmap", &named).is_empty());

            let before = place.volumes();
            let restored = act(&place, "restore", &of_it, &[]);
            assert_eq!(restored.error, None);
            assert!(place.volumes().is_disjoint(&before));
            must_be_proven(
                &place,
                &run,
                &[ClaimName::Restored, ClaimName::HeadsRestored],
            );
            place.must_be_equal();
            let undone = act(&place, "restore", &of_it, &[("undo", "true")]);
            assert_eq!(undone.error, None);
            assert_eq!(place.volumes(), before);
            place.must_be_equal();

            let deleted = act(&place, "delete", &of_it, &[]);
            assert_eq!(deleted.error, None);
            let contents = |run: &str| {
                let all = place.list("volumesnapshotcontents");
                let of = all.iter().filter(|one| {
                    let name = one["spec"]["volumeSnapshotRef"]["name"].as_str();
                    name.is_some_and(|name| name.contains(run))
                });
                of.count()
            };
            place.until("what it stood for to be gone", || contents(&run) == 0);
            place.until("the backup to be gone", || {
                let there = |what: &str| place.names(what, &named);
                let snapshots = there("volumesnapshots").is_empty();
                snapshots && there("configmap").is_empty() && place.copies(&run).is_empty()
            });
        }
    }
}
