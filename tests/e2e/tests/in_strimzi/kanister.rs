//! The blueprint's actions, as ActionSets run them: by Kanister itself where the
//! cluster has it, told by kanctl; else by the small one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};
use slackwater_stand_ins::{Ask, Runner};

use crate::found::{Found, LABEL, mark};
use crate::ground::{Ground, names};
use crate::place::{Place, mirror};

/// What an action is on.
pub(crate) enum Of<'a> {
    /// The Kafka.
    Kafka,
    /// A backup's artifacts, on the Kafka's namespace: the Kafka may be gone.
    Backup(&'a Map<String, Value>),
    /// The Kafka's namespace, and all else is said by options.
    Namespace,
}

/// What became of an action.
#[derive(Debug)]
pub(crate) struct Acted {
    pub(crate) error: Option<String>,
    pub(crate) artifacts: Map<String, Value>,
}

/// The blueprint.
pub(crate) fn text() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/kanister.yaml");
    fs::read_to_string(file).unwrap()
}

/// The options that each action of these tests has, and these.
pub(crate) fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let names = names();
    let image = [("image", names.image.as_str()), ("namespace", &names.own)];
    let all = image.iter().chain(pairs);
    all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Runs one to its end.
pub(crate) fn act(place: &Place, action: &str, of: &Of<'_>, pairs: &[(&str, &str)]) -> Acted {
    match &place.ground {
        Ground::Found(
            found @ Found {
                kanister: Some(kanister),
                ..
            },
        ) => by_kanctl(place, found, kanister, action, of, pairs),
        _ => by_the_small_one(place, action, of, pairs),
    }
}

fn by_the_small_one(place: &Place, action: &str, of: &Of<'_>, pairs: &[(&str, &str)]) -> Acted {
    let kubectl = |args: &[&str]| place.kubectl(args);
    let apply = |manifest: &str| {
        place.ground.apply(manifest);
        Ok(())
    };
    let runner = Runner::new(&kubectl, &apply, "kanister", &text()).unwrap();
    let ask = Ask {
        object: match of {
            Of::Kafka => place.object("kafka/mirror"),
            Of::Backup(_) | Of::Namespace => json!({"metadata": {"name": names().space}}),
        },
        options: options(pairs),
        artifacts: match of {
            Of::Kafka | Of::Namespace => Map::new(),
            Of::Backup(artifacts) => (*artifacts).clone(),
        },
    };
    let done = runner.run(action, &ask, |_| ()).unwrap();
    if matches!(of, Of::Kafka) {
        // Whatever came before it.
        assert_eq!(done.begun.last().map(String::as_str), Some("ensureResumed"));
    }
    Acted {
        error: done.error,
        artifacts: done.artifacts,
    }
}

fn by_kanctl(
    place: &Place,
    found: &Found,
    kanister: &str,
    action: &str,
    of: &Of<'_>,
    pairs: &[(&str, &str)],
) -> Acted {
    let blueprint = found.blueprint(kanister);
    let mut said = options(pairs);
    let space = &names().space;
    let on = match of {
        Of::Kafka => format!("--objects=kafka.strimzi.io/v1/kafkas/{}", mirror()),
        Of::Namespace => format!("--namespacetargets={space}"),
        Of::Backup(artifacts) => {
            let cut = &artifacts["mirrorCut"]["keyValue"];
            for key in ["cut", "kafka"] {
                said.insert(key.to_owned(), cut[key].as_str().unwrap().to_owned());
            }
            format!("--namespacetargets={space}")
        }
    };
    let said = said.iter().map(|(key, value)| format!("{key}={value}"));
    let mut kanctl = Command::new("kanctl");
    kanctl.env("KUBECONFIG", &found.kubeconfig).args([
        "create",
        "actionset",
        &format!("--namespace={kanister}"),
        &format!("--action={action}"),
        &format!("--blueprint={blueprint}"),
        &format!("--labels={LABEL}={}", mark()),
        &on,
        &format!("--options={}", said.collect::<Vec<_>>().join(",")),
    ]);
    let made = kanctl.output().unwrap();
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(
        made.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&made.stderr)
    );
    // `actionset NAME created`
    let name = text.split_whitespace().nth(1).unwrap().to_owned();
    let words = ["-n", kanister, "get", "actionset", &name, "-o", "json"];
    for _ in 0..1_800 {
        let text = place.kubectl(&words).unwrap();
        let set: Value = serde_json::from_str(&text).unwrap();
        let status = &set["status"];
        let error = match status["state"].as_str() {
            Some("complete") => None,
            Some("failed") => Some(status["error"].to_string()),
            _ => {
                thread::sleep(Duration::from_secs(1));
                continue;
            }
        };
        let artifacts = status["actions"][0]["artifacts"].as_object();
        return Acted {
            error,
            artifacts: artifacts.cloned().unwrap_or_default(),
        };
    }
    panic!("ActionSet {name} does not end");
}
