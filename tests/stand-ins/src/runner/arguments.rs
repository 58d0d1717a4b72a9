//! What functions take, and whether a blueprint gives it to them, as `kanctl validate
//! blueprint` looks (pkg/blueprint/validate/validate.go:39-94): functions that there are
//! (pkg/phase.go:150-203), their arguments (pkg/utils/utils.go:122-140), labels and
//! annotations for pods (pkg/function/utils.go:276-336, `ValidatePodLabelsAndAnnotations`),
//! and names of phases that are unique in all of it. What arguments say is looked at when
//! they are used.

use std::collections::BTreeSet;

use serde_json::Value;

use super::labels;

/// Name, required arguments, optional ones (`RequiredArgs` and `Arguments`, in pkg/function:
/// kube_task.go:177-193, kube_exec.go:111-126, kube_exec_all.go:87-103, kubeops.go:132-145,
/// waitv2.go:87-99).
const FUNCTIONS: [(&str, &[&str], &[&str]); 5] = [
    (
        "KubeTask",
        &["image", "command"],
        &["namespace", "podOverride", "podAnnotations", "podLabels"],
    ),
    ("KubeExec", &["namespace", "pod", "command"], &["container"]),
    (
        "KubeExecAll",
        &["namespace", "pods", "containers", "command"],
        &[],
    ),
    (
        "KubeOps",
        &["operation"],
        &["spec", "namespace", "objectReference"],
    ),
    ("WaitV2", &["timeout", "conditions"], &[]),
];

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
    let knows = |name: &str| required.contains(&name) || optional.contains(&name);
    if let Some(unknown) = args.keys().find(|name| !knows(name)) {
        return Err(format!("{func} takes no {unknown}"));
    }
    if let Some(lacking) = required.iter().find(|name| !args.contains_key(**name)) {
        return Err(format!("{func} needs {lacking}"));
    }
    labels::check(&phase["args"]).map_err(|why| format!("{func}: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn phase(func: &str, args: &Value) -> Result<(), String> {
        check_phase(&json!({"func": func, "name": "one", "args": args}))
    }

    #[test]
    fn each_function_needs_what_it_needs_and_takes_no_more() {
        for (func, required, optional) in FUNCTIONS {
            let mut args = json!({});
            for name in required {
                let said = phase(func, &args).unwrap_err();
                assert!(said.contains(&format!("{func} needs {name}")), "{said}");
                args[*name] = "x".into();
            }
            phase(func, &args).unwrap();
            for name in optional {
                // Of labels a list is asked for.
                args[*name] = json!({});
            }
            phase(func, &args).unwrap();
            args["more"] = "x".into();
            let said = phase(func, &args).unwrap_err();
            assert!(said.contains(&format!("{func} takes no more")), "{said}");
        }
        assert!(phase("Nothing", &json!({})).is_err());
    }
}
