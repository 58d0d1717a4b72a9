//! The blueprint, by the small Kanister.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use slackwater_stand_ins::{Ask, Runner};

use crate::place::{IMAGE, Place};

fn text() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/kanister.yaml");
    fs::read_to_string(file).unwrap()
}

fn runner(place: &Place) -> Runner<'_> {
    Runner::new(place.scene.cluster(), "kanister", &text()).unwrap()
}

fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let all = [&[("image", IMAGE)], pairs].concat();
    let each = all.into_iter();
    each.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Phases' arguments are whole words for a program, whatever was said.
fn words(rendered: &BTreeMap<String, Value>, phase: &str) -> Vec<String> {
    let command = rendered[phase]["command"].as_array().unwrap();
    let each = command.iter().map(|word| word.as_str().unwrap().to_owned());
    each.collect()
}

mod needs_root {
    use super::*;
    use crate::place::turn;

    #[test]
    fn every_action_renders_with_all_that_may_be_said_and_with_the_least() {
        let place = turn();
        let runner = runner(&place);
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
        // It goes by nothing that a phase says: those may not have run.
        let defer = runner.rendered("backup", &least, &outputs).unwrap();
        assert_eq!(words(&defer, "ensureResumed").last().unwrap(), "one/mirror");

        let other = Ask {
            object,
            options: options(&[("namespace", "ours"), ("cut", "r-2"), ("kafka", "two/copy")]),
            artifacts: Map::new(),
        };
        for (action, phase) in [("verify", "verifyCut"), ("delete", "deleteCut")] {
            let rendered = runner.rendered(action, &other, &Map::new()).unwrap();
            assert_eq!(rendered[phase]["namespace"], "ours");
            assert_eq!(rendered[phase]["image"], IMAGE);
            let words = words(&rendered, phase);
            assert!(words.contains(&"r-2".to_owned()), "{words:?}");
            assert!(words.contains(&"two/copy".to_owned()), "{words:?}");
            let nothing = runner.rendered(action, &least, &Map::new());
            let said = nothing.unwrap_err().to_string();
            assert!(said.contains("\"cut\" not found"), "{said}");
        }
    }

    mod takes_long {
        use super::*;

        #[test]
        fn a_backup_by_the_blueprint_is_verified_again_and_deleted() {
            let place = turn();
            place.produce(100);
            let runner = runner(&place);
            let backup = Ask {
                object: place.scene.object("kafka/mirror").unwrap(),
                options: options(&[]),
                artifacts: Map::new(),
            };
            let done = runner.run("backup", &backup, |_| ()).unwrap();
            assert_eq!(done.error, None);
            let deferred = done.begun.last().unwrap();
            assert_eq!((done.begun.len(), deferred.as_str()), (5, "ensureResumed"));
            let cut = &done.artifacts["mirrorCut"]["keyValue"];
            let run = cut["cut"].as_str().unwrap().to_owned();
            assert_eq!(cut["kafka"], "kafka/mirror");
            assert_eq!(cut["digest"], place.cut(&run).digest.unwrap());

            // As `--from` gives them.
            let of_it = Ask {
                object: json!({"metadata": {"name": "kafka"}}),
                options: options(&[]),
                artifacts: done.artifacts.clone(),
            };
            let verified = runner.run("verify", &of_it, |_| ()).unwrap();
            assert_eq!(verified.error, None);
            assert!(
                !place
                    .names("configmap", &format!("slackwater-{run}"))
                    .is_empty()
            );

            let deleted = runner.run("delete", &of_it, |_| ()).unwrap();
            assert_eq!(deleted.error, None);
            let named = format!("slackwater-{run}");
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
