//! kubectl, for a cluster of the lab or one that somebody has: by words that come
//! before all others, since the lab's is told its own name first.

use std::io::Write as _;
use std::process::{Command, Stdio};

use slackwater_lab::kubernetes::ControlPlane;

use crate::StandInError;
use crate::found::said;

/// A program, and the words by which it is kubectl that comes to this cluster.
#[must_use]
pub fn words_of(plane: &ControlPlane) -> Vec<String> {
    let (program, word) = plane.kubectl_words();
    let program = program.to_string_lossy().into_owned();
    let kubeconfig = plane.kubeconfig().display().to_string();
    words(program, Some(word), &kubeconfig)
}

/// The same with the kubectl of this machine, for the cluster of this kubeconfig.
#[must_use]
pub fn words_here(kubeconfig: &str) -> Vec<String> {
    let program = said("KUBECTL").unwrap_or_else(|| "kubectl".to_owned());
    words(program, said("KUBECTL_WORD"), kubeconfig)
}

fn words(program: String, word: Option<String>, kubeconfig: &str) -> Vec<String> {
    let kubeconfig = format!("--kubeconfig={kubeconfig}");
    let words = [Some(program), word, Some(kubeconfig)];
    words.into_iter().flatten().collect()
}

/// What it prints, by such words.
///
/// # Errors
/// What it says; it can't be started.
pub fn kubectl(
    words: &[String],
    args: &[&str],
    input: Option<&str>,
) -> Result<String, StandInError> {
    let failed = |what: String| StandInError::Kubectl(what);
    let (program, first) = words
        .split_first()
        .ok_or_else(|| failed("no word that names kubectl".to_owned()))?;
    let mut command = Command::new(program);
    command.args(first).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("kubectl can't be started ({error}): install it")))?;
    if let (Some(mut stdin), Some(input)) = (running.stdin.take(), input) {
        let written = stdin.write_all(input.as_bytes());
        written.map_err(|error| failed(error.to_string()))?;
    }
    let ended = running.wait_with_output();
    let ended = ended.map_err(|error| failed(error.to_string()))?;
    let out = String::from_utf8_lossy(&ended.stdout).into_owned();
    match ended.status.success() {
        true => Ok(out),
        false => Err(failed(format!(
            "kubectl {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&ended.stderr).trim()
        ))),
    }
}
