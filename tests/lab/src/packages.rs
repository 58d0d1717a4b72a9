//! The Debian packages that the lab stands on: looks for their programs, and
//! installs what is missing when root. Changes nothing when all are there.

use std::path::Path;

use crate::command;
use crate::error::LabError;

/// A program, and the Debian (bookworm) package that brings it.
const PROGRAMS: [(&str, &str); 11] = [
    ("java", "default-jdk-headless"),
    ("mvn", "maven"),
    ("mkfs.xfs", "xfsprogs"),
    ("mkfs.ext4", "e2fsprogs"),
    ("ip", "iproute2"),
    ("losetup", "mount"),
    ("mount", "mount"),
    ("setpriv", "util-linux"),
    ("strace", "strace"),
    ("faketime", "faketime"),
    ("nsenter", "util-linux"),
];

/// What a Kubernetes node runs on beside them. Debian's CNI plugins are no
/// programs of its PATH.
const PROGRAMS_OF_NODES: [(&str, &str); 6] = [
    ("curl", "curl"),
    ("containerd", "containerd"),
    ("runc", "runc"),
    ("iptables", "iptables"),
    ("busybox", "busybox-static"),
    ("bridge", "containernetworking-plugins"),
];

/// How long another installation is waited for: these take seconds.
const LOCK_S: u32 = 120;

/// Where Debian keeps programs; a user's own PATH often lacks the `sbin` ones.
const SBIN: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/lib/cni"];

/// Makes sure that every program is there.
///
/// # Errors
/// [`LabError::MissingPackages`] with the command to run, when not root.
pub(crate) fn ensure() -> Result<(), LabError> {
    ensure_these(&PROGRAMS)
}

/// The same of what a Kubernetes node needs.
pub(crate) fn ensure_for_nodes() -> Result<(), LabError> {
    ensure_these(&PROGRAMS_OF_NODES)
}

fn ensure_these(programs: &[(&str, &'static str)]) -> Result<(), LabError> {
    let missing = missing(programs, &|program| is_installed(program));
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!(
        "apt-get install -y --no-install-recommends {}",
        missing.join(" ")
    );
    if !command::is_root() {
        return Err(LabError::MissingPackages {
            command: format!("sudo {install}"),
        });
    }
    eprintln!("lab: {install}");
    // Labs of other processes may install at the same time.
    let quiet = format!("{install} -qq -o DPkg::Lock::Timeout={LOCK_S}");
    let script = format!(
        "export DEBIAN_FRONTEND=noninteractive; {quiet} || {{ apt-get update -qq && {quiet}; }}"
    );
    command::run("sh", &["-c", &script])?;
    Ok(())
}

fn missing(
    programs: &[(&str, &'static str)],
    installed: &dyn Fn(&str) -> bool,
) -> Vec<&'static str> {
    let mut packages: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| !installed(program))
        .map(|(_, package)| *package)
        .collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SBIN.iter().map(|dir| Path::new(dir).to_path_buf()))
        .any(|dir| dir.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package_once() {
        assert_eq!(missing(&PROGRAMS, &|_| true), Vec::<&str>::new());
        assert_eq!(
            missing(&PROGRAMS, &|program| program != "mkfs.xfs"),
            ["xfsprogs"]
        );
        assert_eq!(
            missing(&PROGRAMS, &|program| !matches!(
                program,
                "setpriv" | "nsenter"
            )),
            ["util-linux"]
        );
    }
}
