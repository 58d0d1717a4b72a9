//! The cluster that the tests run on: the lab's own with its stand-ins, or one that
//! somebody has, by its kubeconfig. All is done by kubectl.

use std::sync::OnceLock;

use slackwater_stand_ins::{SPACE, Scene, said, words_here, words_of};

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
            space: format!("{prefix}-{SPACE}"),
            own: format!("{prefix}-slackwater"),
            image: said("IMAGE").unwrap_or_else(|| "slackwater.io/slackwater:0.1.0".to_owned()),
            prefix: format!("{prefix}-"),
        },
    })
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
            Self::Lab(scene) => words_of(scene.cluster().plane()),
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

/// What kubectl prints, by such words.
pub(crate) fn kubectl(
    words: &[String],
    args: &[&str],
    input: Option<&str>,
) -> Result<String, String> {
    slackwater_stand_ins::kubectl(words, args, input).map_err(|error| error.to_string())
}
