//! The blueprint's actions, as ActionSets run them: by Kanister itself where the
//! cluster has it, told by kanctl; else by the small one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use slackwater_stand_ins::{Ask, Kanctl, Runner, why_failed};

use crate::found::{Found, LABEL, mark};
use crate::ground::{Ground, kubectl, names};
use crate::place::{Place, mirror};

/// What an action is on.
pub(crate) enum Of<'a> {
    /// The Kafka.
    Kafka,
    /// A backup's ActionSet, on the Kafka's namespace: the Kafka may be gone.
    Backup(&'a Acted),
    /// The Kafka's namespace, and all else is said by options.
    Namespace,
}

/// What became of an action.
#[derive(Debug)]
pub(crate) struct Acted {
    /// Why it failed, after the phase that did.
    pub(crate) error: Option<String>,
    /// Of a complete one.
    pub(crate) artifacts: Map<String, Value>,
    set: Set,
}

/// The ActionSet that it was.
#[derive(Debug)]
enum Set {
    /// Kanister's, by its name.
    Named(String),
    /// None, but what it would have been asked, and its status.
    None { ask: Ask, status: Value },
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

impl Acted {
    /// By the status of its ActionSet.
    fn of(set: Set, status: &Value) -> Self {
        let action = &status["actions"][0];
        // Until all went well these are the blueprint's templates.
        let artifacts = match status["state"] == "complete" {
            true => action["artifacts"].as_object().cloned(),
            false => None,
        };
        Self {
            error: why_failed(status),
            artifacts: artifacts.unwrap_or_default(),
            set,
        }
    }
}

/// kubectl of this cluster, as the small one and kanctl's user take it.
pub(crate) fn teller(place: &Place) -> impl Fn(&[&str], Option<&str>) -> Result<String, String> {
    let words = place.ground.kubectl_words();
    move |args, input| kubectl(&words, args, input)
}

fn by_the_small_one(place: &Place, action: &str, of: &Of<'_>, pairs: &[(&str, &str)]) -> Acted {
    let kubectl = teller(place);
    let runner = Runner::new(&kubectl, "kanister", &text()).unwrap();
    let mut ask = Ask {
        object: match of {
            Of::Kafka => place.object("kafka/mirror"),
            Of::Backup(_) | Of::Namespace => {
                json!({"kind": "Namespace", "metadata": {"name": names().space}})
            }
        },
        options: options(pairs),
        artifacts: Map::new(),
    };
    if let Of::Backup(backup) = of {
        let Set::None {
            ask: parent,
            status,
        } = &backup.set
        else {
            panic!("a backup of another Kanister's");
        };
        ask = parent.child(status, ask).unwrap();
    }
    let done = runner.run(action, &ask, |_| ()).unwrap();
    let status = done.status().clone();
    must_have_resumed(of, &status);
    let set = Set::None {
        ask,
        status: status.clone(),
    };
    Acted::of(set, &status)
}

/// Whatever came before it.
fn must_have_resumed(of: &Of<'_>, status: &Value) {
    if matches!(of, Of::Kafka) {
        let last = &status["actions"][0]["deferPhase"];
        assert_eq!(last["name"], "ensureResumed");
        assert_ne!(last["state"], "pending", "{status}");
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
    let said = options(pairs);
    let said = said.iter().map(|(key, value)| format!("{key}={value}"));
    let mut words = vec![
        format!("--action={action}"),
        format!("--blueprint={blueprint}"),
        format!("--labels={LABEL}={}", mark()),
        format!("--options={}", said.collect::<Vec<_>>().join(",")),
        match of {
            Of::Kafka => format!("--objects=kafka.strimzi.io/v1/kafkas/{}", mirror()),
            Of::Backup(_) | Of::Namespace => format!("--namespacetargets={}", names().space),
        },
    ];
    if let Of::Backup(backup) = of {
        let Set::Named(parent) = &backup.set else {
            panic!("a backup of the small Kanister's");
        };
        words.push(format!("--from={parent}"));
    }
    let kubectl = teller(place);
    let kanctl = Kanctl {
        kubectl: &kubectl,
        kubeconfig: &found.kubeconfig,
        namespace: kanister,
    };
    let name = kanctl.create(&words).unwrap();
    let status = kanctl.follow(&name, |_| ()).unwrap();
    must_have_resumed(of, &status);
    Acted::of(Set::Named(name), &status)
}
