//! What functions take (docs/functions.md; `RequiredArgs` and `Arguments` of each
//! in pkg/function), and whether a blueprint gives it to them.

use std::collections::BTreeSet;

use serde_json::Value;

/// Name, required arguments, optional ones.
const FUNCTIONS: [(&str, &[&str], &[&str]); 1] = [(
    "KubeTask",
    &["image", "command"],
    &["namespace", "podOverride", "podAnnotations", "podLabels"],
)];

/// What is wrong with it.
pub(super) fn check(blueprint: &Value) -> Result<(), String> {
    let actions = blueprint["actions"]
        .as_object()
        .ok_or("it has no actions")?;
    let mut names = BTreeSet::new();
    for (action, of) in actions {
        let phases = of["phases"].as_array().into_iter().flatten();
        for phase in phases.chain(of.get("deferPhase")) {
            let name = phase["name"].as_str().unwrap_or_default();
            if !names.insert(name.to_owned()) {
                return Err(format!("the phase {name:?} stands in it twice"));
            }
            check_phase(phase).map_err(|why| format!("{action}.{name}: {why}"))?;
        }
    }
    Ok(())
}

fn check_phase(phase: &Value) -> Result<(), String> {
    let func = phase["func"].as_str().unwrap_or_default();
    let known = FUNCTIONS.iter().find(|(name, _, _)| *name == func);
    let (_, required, optional) = known.ok_or_else(|| format!("no function {func:?}"))?;
    let args = phase["args"].as_object().ok_or("it has no args")?;
    if let Some(lacking) = required.iter().find(|name| !args.contains_key(**name)) {
        return Err(format!("{func} needs {lacking}"));
    }
    let knows = |name: &str| required.contains(&name) || optional.contains(&name);
    match args.keys().find(|name| !knows(name)) {
        Some(unknown) => Err(format!("{func} takes no {unknown}")),
        None => Ok(()),
    }
}
