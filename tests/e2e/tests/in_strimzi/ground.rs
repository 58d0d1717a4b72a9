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
        match self {
            Self::Lab(scene) => {
                let plane = scene.cluster().plane();
                plane.kubectl(args).map_err(|error| error.to_string())
            }
            Self::Found(found) => kubectl(&found.kubeconfig, args, None),
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

/// The kubectl of this machine.
pub(crate) fn kubectl(
    kubeconfig: &str,
    args: &[&str],
    input: Option<&str>,
) -> Result<String, String> {
    let mut command = Command::new(said("KUBECTL").unwrap_or_else(|| "kubectl".to_owned()));
    command.args(said("KUBECTL_WORD"));
    command.args(["--kubeconfig", kubeconfig]).args(args);
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
