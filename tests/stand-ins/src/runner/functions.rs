//! The functions that are known, by name (pkg/kanister.go:50-65, `Register`), and what each
//! works with.

use serde_json::{Map, Value};

use super::Kubectl;
use super::render::Renderer;
use super::{exec, exec_all, ops, task, wait};

/// What a function works with.
pub(super) struct Hands<'r> {
    pub(super) kubectl: Kubectl<'r>,
    pub(super) renderer: &'r Renderer,
    /// The controller's namespace.
    pub(super) controller: &'r str,
    /// For a function that renders by itself.
    pub(super) params: &'r Value,
}

impl Hands<'_> {
    /// Runs one with its arguments; gives its outputs.
    pub(super) fn run(&self, func: &str, args: &Value) -> Result<Map<String, Value>, String> {
        match func {
            "KubeTask" => task::run(self, args),
            "KubeExec" => exec::run(self, args),
            "KubeExecAll" => exec_all::run(self, args),
            "KubeOps" => ops::run(self, args),
            "WaitV2" => wait::run(self, args).map(|()| Map::new()),
            _ => Err(format!("no function {func:?}")),
        }
    }

    /// kubectl in a namespace.
    pub(super) fn within(&self, namespace: &str, args: &[&str]) -> Result<String, String> {
        (self.kubectl)(&[&["--namespace", namespace], args].concat(), None)
    }
}

/// The arguments of a phase as its function gets them (pkg/phase.go:111-121,
/// `renderFuncArgs`).
pub(super) fn arguments(
    renderer: &Renderer,
    params: &Value,
    phase: &Value,
) -> Result<Value, String> {
    match phase["func"].as_str() {
        Some("WaitV2") => Ok(phase["args"].clone()),
        _ => renderer.render(params, &phase["args"]),
    }
}

/// A text among arguments, as it is decoded there: numbers are texts, too
/// (pkg/function/args.go:33-41, `Arg`). A truth is one here; there it is `1` or `0`.
pub(super) fn text(args: &Value, key: &str) -> String {
    match &args[key] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A list of texts there; one alone is a list of one.
pub(super) fn texts(args: &Value, key: &str) -> Vec<String> {
    match &args[key] {
        Value::Null => Vec::new(),
        Value::Array(all) => (0..all.len())
            .map(|at| match &all[at] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            })
            .collect(),
        _ => vec![text(args, key)],
    }
}
