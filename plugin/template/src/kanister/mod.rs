//! An action of a Blueprint as Kanister's controller would run it, rendered beforehand:
//! in its order, with what is there at each step, and with what is not there yet left
//! open and marked.
//!
//! Objects of all phases are rendered before the first one runs (`pkg/phase.go`,
//! `GetPhases`), arguments just before their phase (`Exec`), and `outputArtifacts` when
//! all, `deferPhase` too, went well (`pkg/controller/controller.go`, `runAction`).

mod given;
mod walk;

pub use given::{Given, Kind};

use serde_json::{Map, Value as Json, json};

use given::{At, Done};
use walk::Walk;

/// What is known of an action before it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// `phases`, `deferPhase` and `outputArtifacts`, as the action has them. A text that
    /// can't be rendered stands there as it is written.
    pub action: Json,
    /// What is not there before it runs, each once, in order.
    pub unknown: Vec<String>,
    /// Where something can't be rendered, and why.
    pub failed: Vec<(String, String)>,
}

/// It has no such action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the Blueprint has no action {name}; it has {known}")]
pub struct NoAction {
    name: String,
    known: String,
}

/// Functions whose arguments Kanister leaves to them (`pkg/phase.go`,
/// `skipRenderFuncs`).
const LEFT: [&str; 2] = ["Wait", "WaitV2"];

/// Renders an action of a Blueprint for what is given.
///
/// # Errors
/// There is none of that name. What can't be rendered is in [`Rendered`].
pub fn rendered(blueprint: &Json, name: &str, given: &Given) -> Result<Rendered, NoAction> {
    let action = &blueprint["actions"][name];
    if !action.is_object() {
        let known = blueprint["actions"].as_object();
        let known: Vec<&str> = known.into_iter().flatten().map(|(key, _)| &**key).collect();
        return Err(NoAction {
            name: name.to_owned(),
            known: known.join(", "),
        });
    }
    let mut walk = Walk::default();
    let listed: Vec<&Json> = action["phases"].as_array().into_iter().flatten().collect();
    let names: Vec<&str> = listed.iter().map(|phase| text(&phase["name"])).collect();
    let deferred = action.get("deferPhase").filter(|phase| phase.is_object());
    let before = given.root(&At::before());
    let mut phases = Vec::new();
    for (number, phase) in listed.iter().enumerate() {
        let root = given.root(&At {
            phases: &names[..number],
            own: Some(names[number]),
            deferred: Done::Not,
        });
        let place = format!("phases[{number}]");
        phases.push(one(&mut walk, &place, phase, &before, &root));
    }
    let mut all = Map::new();
    all.insert("phases".to_owned(), phases.into());
    if let Some(phase) = deferred {
        let root = given.root(&At {
            phases: &names,
            own: None,
            deferred: Done::Runs,
        });
        let phase = one(&mut walk, "deferPhase", phase, &before, &root);
        all.insert("deferPhase".to_owned(), phase);
    }
    if action["outputArtifacts"].is_object() {
        let root = given.root(&At {
            phases: &names,
            own: None,
            deferred: match deferred {
                Some(_) => Done::Is,
                None => Done::Not,
            },
        });
        let artifacts = walk.value("outputArtifacts", &action["outputArtifacts"], &root);
        all.insert("outputArtifacts".to_owned(), artifacts);
    }
    Ok(Rendered {
        action: all.into(),
        unknown: walk.unknown,
        failed: walk.failed,
    })
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

fn one(
    walk: &mut Walk,
    place: &str,
    phase: &Json,
    before: &crate::Value,
    root: &crate::Value,
) -> Json {
    let mut rendered = json!({"name": phase["name"], "func": phase["func"]});
    if phase["objects"].is_object() {
        let place = format!("{place}.objects");
        rendered["objects"] = walk.value(&place, &phase["objects"], before);
    }
    let place = format!("{place}.args");
    rendered["args"] = match LEFT.contains(&text(&phase["func"])) {
        true => walk.references(&place, &phase["args"], root),
        false => walk.value(&place, &phase["args"], root),
    };
    rendered
}
