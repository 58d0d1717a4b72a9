//! The cluster that the tests run on: the lab's own with its stand-ins, or one that
//! somebody has, by its kubeconfig. All is done by kubectl.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use slackwater_stand_ins::{SPACE, Scene};

use crate::found::Found;

/// How the things of these tests are called.
#[derive(Debug)]
pub(crate) struct Names {
    /// The namespace of both Kafkas.
    pub(crate) space: String,
    /// Slackwater's own.
    pub(crate) own: String,
    /// What begins the names of what is in no namespace.
    pub(crate) prefix: String,
    /// The program's image.
    pub(crate) image: String,
}

/// Said by `cargo xtask e2e`; without, those of the lab.
pub(crate) fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| match said("PREFIX") {
        None => Names {
            space: SPACE.to_owned(),
            own: "slackwater".to_owned(),
            prefix: String::new(),
            image: "lab.local/slackwater:1".to_owned(),
        },
        Some(prefix) => Names {
            space: format!("{prefix}-kafka"),
            own: format!("{prefix}-slackwater"),
            image: said("IMAGE").unwrap_or_else(|| "slackwater.io/slackwater:0.1.0".to_owned()),
            prefix: format!("{prefix}-"),
        },
    })
}

/// What was said of a cluster that somebody has.
pub(crate) fn said(key: &str) -> Option<String> {
    let said = std::env::var(format!("SLACKWATER_E2E_{key}")).ok();
    said.filter(|text| !text.is_empty())
}

/// See the module.
pub(crate) enum Ground {
    /// The lab's.
    Lab(Box<Scene>),
    /// Somebody's.
    Found(Found),
}

impl Ground {
    /// What kubectl prints.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Result<String, String> {
        kubectl(&self.kubectl_words(), args, None)
    }

    /// A program, and the words by which it is kubectl that comes to this cluster.
    pub(crate) fn kubectl_words(&self) -> Vec<String> {
        match self {
            Self::Lab(scene) => {
                let plane = scene.cluster().plane();
                let (program, word) = plane.kubectl_words();
                let program = program.to_string_lossy().into_owned();
                words(
                    program,
                    Some(word),
                    &plane.kubeconfig().display().to_string(),
                )
            }
            Self::Found(found) => words_here(&found.kubeconfig),
        }
    }

    /// Makes or changes objects.
    pub(crate) fn apply(&self, manifest: &str) {
        match self {
            Self::Lab(scene) => drop(scene.cluster().plane().apply(manifest).unwrap()),
            Self::Found(found) => found.apply(manifest),
        }
    }
}

fn words(program: String, word: Option<String>, kubeconfig: &str) -> Vec<String> {
    let kubeconfig = format!("--kubeconfig={kubeconfig}");
    let words = [Some(program), word, Some(kubeconfig)];
    words.into_iter().flatten().collect()
}

/// The kubectl of this machine, for the cluster of this kubeconfig.
pub(crate) fn words_here(kubeconfig: &str) -> Vec<String> {
    let program = said("KUBECTL").unwrap_or_else(|| "kubectl".to_owned());
    words(program, said("KUBECTL_WORD"), kubeconfig)
}

/// What kubectl prints, by such words.
pub(crate) fn kubectl(
    words: &[String],
    args: &[&str],
    input: Option<&str>,
) -> Result<String, String> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("kubectl can't be started ({error}): install it"))?;
    if let (Some(mut stdin), Some(input)) = (running.stdin.take(), input) {
        let written = stdin.write_all(input.as_bytes());
        written.map_err(|error| error.to_string())?;
    }
    let ended = running.wait_with_output();
    let ended = ended.map_err(|error| error.to_string())?;
    let out = String::from_utf8_lossy(&ended.stdout).into_owned();
    match ended.status.success() {
        true => Ok(out),
        false => Err(format!(
            "kubectl {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&ended.stderr).trim()
        )),
    }
}
