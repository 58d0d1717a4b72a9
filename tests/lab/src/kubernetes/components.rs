//! Kubernetes' components, built once: one Go program that holds all of them but kubectl,
//! see `kubernetes/main.go`, and that one beside it. Kept under the digest of what it is built from.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::go;
use crate::error::LabError;

/// The Kubernetes whose components these are: that of `kubernetes/go.mod`.
pub const KUBERNETES_VERSION: &str = "1.34.4";

/// What it is built from, compiled into the lab so that it can build without
/// its own sources beside it.
const SOURCES: [(&str, &str); 5] = [
    ("main.go", include_str!("../../kubernetes/main.go")),
    (
        "kubectl/main.go",
        include_str!("../../kubernetes/kubectl/main.go"),
    ),
    ("volumes.go", include_str!("../../kubernetes/volumes.go")),
    ("go.mod", include_str!("../../kubernetes/go.mod")),
    ("go.sum", include_str!("../../kubernetes/go.sum")),
];

/// The packages that ask for their own version; the API server and the kubelet
/// compare theirs.
const VERSIONED: [&str; 2] = [
    "k8s.io/component-base/version",
    "k8s.io/client-go/pkg/version",
];

const KUBECTL: &str = "kubectl";

/// The built programs.
#[derive(Debug, Clone)]
pub(crate) struct Components {
    program: PathBuf,
    kubectl: PathBuf,
}

impl Components {
    /// Builds it where it is not built yet, which takes some minutes.
    pub(crate) fn ensure() -> Result<Self, LabError> {
        let told = format!(
            "building Kubernetes {KUBERNETES_VERSION} from the Go module proxy's sources (8 minutes \
             of processor time, once)"
        );
        let name = format!("kubernetes-{KUBERNETES_VERSION}");
        let built = go::programs(&name, [KUBECTL], &SOURCES, &link_flags(), &told)?;
        let (program, [kubectl]) = built;
        Ok(Self { program, kubectl })
    }

    /// The command line of a component.
    pub(crate) fn line(&self, component: &str, args: &[String]) -> Vec<String> {
        let program = [
            self.of(component).display().to_string(),
            component.to_owned(),
        ];
        program.into_iter().chain(args.iter().cloned()).collect()
    }

    /// The same for a short one.
    pub(crate) fn command(&self, component: &str) -> Command {
        let mut command = Command::new(self.of(component));
        command.arg(component);
        command
    }

    fn of(&self, component: &str) -> &Path {
        match component {
            KUBECTL => &self.kubectl,
            _ => &self.program,
        }
    }
}

fn link_flags() -> String {
    let minor = KUBERNETES_VERSION.split('.').nth(1).unwrap_or_default();
    let values = [
        ("gitVersion", format!("v{KUBERNETES_VERSION}")),
        ("gitMajor", "1".to_owned()),
        ("gitMinor", minor.to_owned()),
        ("gitTreeState", "clean".to_owned()),
    ];
    let mut flags = "-s -w".to_owned();
    for package in VERSIONED {
        for (name, value) in &values {
            flags += &format!(" -X {package}.{name}={value}");
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_required() {
        let required = format!("k8s.io/kubernetes v{KUBERNETES_VERSION}\n");
        assert!(SOURCES[3].1.contains(&required));
    }
}
