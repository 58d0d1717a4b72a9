//! `KubeExec` (pkg/function/kube_exec.go:61-109; pkg/kube/exec.go:178-252,
//! `ExecWithOptions`): a command in a container of a pod that is there. It puts out what it
//! prints on its standard output; of an error the last lines are told
//! (pkg/kube/exec.go:53-67). The API server chooses no container where there are several:
//! kubectl would take the first.
//!
//! Other than there, of a command that failed only what it wrote on its standard error
//! is told: kubectl gives no more.

use serde_json::{Map, Value};

use super::functions::{Hands, text, texts};
use super::output::outputs;

/// `logTailDefaultLength` (pkg/kube/log_tail.go:23).
pub(super) const LAST_LINES: usize = 10;

/// Runs one; gives its outputs.
pub(super) fn run(hands: &Hands<'_>, args: &Value) -> Result<Map<String, Value>, String> {
    let (namespace, pod) = (text(args, "namespace"), text(args, "pod"));
    let container = text(args, "container");
    let command = texts(args, "command");
    outputs(&exec(hands, &namespace, &pod, &container, &command)?)
}

/// What a command printed on its standard output.
pub(super) fn exec(
    hands: &Hands<'_>,
    namespace: &str,
    pod: &str,
    container: &str,
    command: &[String],
) -> Result<String, String> {
    let failed = |why: &str| format!("Failed to exec command in pod: {}", last_lines(why));
    let mut container = container.to_owned();
    if container.is_empty() {
        let path = "jsonpath={.spec.containers[*].name}";
        let names = hands.within(namespace, &["get", "pod", pod, "-o", path]);
        let names = names.map_err(|why| failed(&why))?;
        // (kubernetes: pkg/registry/core/pod/strategy.go:821-844, `validateContainer`)
        if names.split_whitespace().count() > 1 {
            return Err(failed(&format!(
                "a container name must be specified for pod {pod}, choose one of: [{names}]"
            )));
        }
        container = names;
    }
    let words = ["exec", pod, "--container", &container, "--"];
    let command = command.iter().map(String::as_str);
    let words: Vec<&str> = words.into_iter().chain(command).collect();
    let ran = hands.within(namespace, &words);
    ran.map_err(|why| failed(&why))
}

/// The last lines of what was said, those that are empty left out
/// (pkg/kube/log_tail.go:46-79).
pub(super) fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}
