//! Kanister itself, told by kanctl; and ActionSets' statuses, as they are read of its
//! ActionSets and of what the small one leaves.
#![allow(
    clippy::disallowed_methods,
    reason = "at the edge: it waits for ActionSets"
)]

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Kubectl, StandInError};

/// A restore takes a quarter of an hour; a backup as long as its snapshots do.
const OVER: Duration = Duration::from_secs(3600);

/// From `failed` to a deferPhase that runs: one write of the controller's
/// (pkg/controller/controller.go:474-482 and 554).
const DEFER_RUNS: Duration = Duration::from_secs(10);

/// Kanister, in a namespace of its cluster.
pub struct Kanctl<'c> {
    /// kubectl of its cluster.
    pub kubectl: Kubectl<'c>,
    /// The kubeconfig of the same.
    pub kubeconfig: &'c str,
    /// Its controller's namespace.
    pub namespace: &'c str,
}

/// What a status is on its way to.
#[derive(Debug, PartialEq, Eq)]
enum Stands {
    /// Nothing more happens.
    Over,
    /// Something does.
    Goes,
    /// It failed, and whether its deferPhase will run is not seen.
    Perhaps,
}

impl Kanctl<'_> {
    /// `kanctl create actionset` with these words; gives its name.
    ///
    /// # Errors
    /// What kanctl says.
    pub fn create(&self, words: &[String]) -> Result<String, StandInError> {
        let namespace = format!("--namespace={}", self.namespace);
        let said = run(Command::new("kanctl")
            .env("KUBECONFIG", self.kubeconfig)
            .args(["create", "actionset", &namespace])
            .args(words))?;
        // A warning may come before it, on the same stream (pkg/kanctl/actionset.go:144-147
        // and 905-912, `isDataMoverProvided`; 290-296, `createActionSet`).
        let name = said.lines().find_map(|line| {
            let name = line.strip_prefix("actionset ")?;
            name.strip_suffix(" created")
        });
        let none = || StandInError::Kanctl(format!("it names no ActionSet: {said}"));
        name.map(str::to_owned).ok_or_else(none)
    }

    /// Follows an ActionSet until nothing more happens to it: its deferPhase runs when
    /// it has failed already. Gives its last status; `watch` is given each that is
    /// seen.
    ///
    /// # Errors
    /// It can't be read, or does not end.
    pub fn follow(&self, name: &str, mut watch: impl FnMut(&Value)) -> Result<Value, StandInError> {
        let words = ["--namespace", self.namespace, "get", "actionset", name];
        let words = [&words[..], &["--output", "json"]].concat();
        let began = Instant::now();
        let mut failed: Option<Instant> = None;
        let mut last = Value::Null;
        loop {
            let text = (self.kubectl)(&words, None).map_err(StandInError::Kanctl)?;
            let set: Value = serde_json::from_str(&text).unwrap_or_default();
            let status = &set["status"];
            if *status != last {
                watch(status);
                last = status.clone();
            }
            let over = match stands(status) {
                Stands::Over => true,
                Stands::Goes => false,
                Stands::Perhaps => {
                    let since = failed.get_or_insert_with(Instant::now);
                    since.elapsed() > DEFER_RUNS
                }
            };
            if over {
                return Ok(last);
            }
            if began.elapsed() > OVER {
                let why = format!("ActionSet {name} does not end: {last}");
                return Err(StandInError::Kanctl(why));
            }
            thread::sleep(Duration::from_millis(300));
        }
    }
}

/// `kanctl validate blueprint`, of a file (pkg/kanctl/blueprint.go:25-40).
///
/// # Errors
/// What it says.
pub fn validate(file: &std::path::Path) -> Result<(), StandInError> {
    let mut kanctl = Command::new("kanctl");
    run(kanctl.args(["validate", "blueprint", "-f"]).arg(file)).map(drop)
}

fn run(kanctl: &mut Command) -> Result<String, StandInError> {
    let ran = kanctl.output();
    let ran = ran.map_err(|error| StandInError::Kanctl(format!("it can't be run: {error}")))?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    match ran.status.success() {
        true => Ok(said),
        false => Err(StandInError::Kanctl(format!(
            "{said}{}",
            String::from_utf8_lossy(&ran.stderr)
        ))),
    }
}

fn stands(status: &Value) -> Stands {
    let defer = &status["actions"][0]["deferPhase"];
    let name = defer["name"].as_str().unwrap_or_default();
    match status["state"].as_str() {
        Some("complete") => Stands::Over,
        Some("failed") if name.is_empty() || defer["state"] != "pending" => Stands::Over,
        Some("failed") if status["progress"]["runningPhase"] == name => Stands::Goes,
        Some("failed") => Stands::Perhaps,
        _ => Stands::Goes,
    }
}

/// Why an ActionSet failed, after the phase that did: the controller's message does not
/// name it (pkg/controller/controller.go:524-534 and 618-627).
#[must_use]
pub fn why_failed(status: &Value) -> Option<String> {
    if status["state"] != "failed" {
        return None;
    }
    let action = &status["actions"][0];
    let phases = action["phases"].as_array().into_iter().flatten();
    // The message is of the one that failed last.
    let mut all: Vec<&Value> = phases.chain([&action["deferPhase"]]).collect();
    all.retain(|phase| phase["state"] == "failed");
    let phase = all.last().and_then(|phase| phase["name"].as_str());
    let message = status["error"]["message"].as_str().unwrap_or_default();
    Some(match phase {
        Some(phase) => format!("phase {phase}: {message}"),
        None => message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(state: &str, defer: &Value, running: &str) -> Value {
        json!({
            "state": state,
            "actions": [{"phases": [{"name": "one", "state": state}], "deferPhase": defer}],
            "error": {"message": "why"},
            "progress": {"runningPhase": running},
        })
    }

    #[test]
    fn a_failed_one_is_over_when_its_defer_phase_is() {
        let none = json!({"name": "", "state": ""});
        let pending = json!({"name": "last", "state": "pending"});
        let complete = json!({"name": "last", "state": "complete"});
        for (state, defer, running, stand) in [
            ("running", &complete, "", Stands::Goes),
            ("complete", &none, "", Stands::Over),
            ("failed", &none, "", Stands::Over),
            ("failed", &pending, "", Stands::Perhaps),
            ("failed", &pending, "last", Stands::Goes),
            ("failed", &complete, "last", Stands::Over),
        ] {
            let status = status(state, defer, running);
            assert_eq!(stands(&status), stand, "{status}");
        }
    }

    #[test]
    fn an_error_names_the_phase_whose_it_is() {
        let of = |defer: &Value| why_failed(&status("failed", defer, "")).unwrap();
        assert_eq!(
            of(&json!({"name": "last", "state": "complete"})),
            "phase one: why"
        );
        assert_eq!(
            of(&json!({"name": "last", "state": "failed"})),
            "phase last: why"
        );
        assert_eq!(why_failed(&status("complete", &Value::Null, "")), None);
    }
}
