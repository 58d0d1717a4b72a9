//! The packages of a Debian machine that the project is built and tested with:
//! looks for what each brings, and installs what is missing when root. Changes
//! nothing when all is there.

use std::process::Command;

use crate::command;
use crate::error::Error;

/// What is installed for, and the package that brings it.
const WANTED: [(Probe, &str); 15] = [
    (Probe::Program("gcc"), "gcc"),
    (Probe::Program("g++"), "g++"),
    (Probe::Program("make"), "make"),
    (Probe::Program("pkg-config"), "pkg-config"),
    (Probe::Library("openssl"), "libssl-dev"),
    (Probe::Library("zlib"), "zlib1g-dev"),
    (Probe::Program("mkfs.xfs"), "xfsprogs"),
    (Probe::Program("mkfs.ext4"), "e2fsprogs"),
    (Probe::Program("ip"), "iproute2"),
    (Probe::Program("nsenter"), "util-linux"),
    (Probe::Program("strace"), "strace"),
    (Probe::Program("faketime"), "faketime"),
    (Probe::Program("curl"), "curl"),
    (Probe::Java, "default-jre-headless"),
    (Probe::Program("mvn"), "maven"),
];

/// What the tests want beyond that: Kubernetes is built by Go, the Java which
/// writes Strimzi's definitions comes from the Python package index, and a node
/// runs containers. The script that restores by hand reads JSON by jq.
const WANTED_BY_TESTS: [(Probe, &str); 8] = [
    (Probe::Program("go"), "golang-go"),
    (Probe::Program("jq"), "jq"),
    (Probe::Program("pip3"), "python3-pip"),
    (Probe::Program("containerd"), "containerd"),
    (Probe::Program("runc"), "runc"),
    (Probe::Program("iptables"), "iptables"),
    (Probe::Program("busybox"), "busybox-static"),
    (
        Probe::File("/usr/lib/cni/bridge"),
        "containernetworking-plugins",
    ),
];

/// The oldest Java that Kafka 4's brokers run on (KIP-1013).
const JAVA: u32 = 17;

/// How the presence of a package is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    Program(&'static str),
    Library(&'static str),
    File(&'static str),
    Java,
}

/// Whether this process may mount and make network namespaces.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Refuses early what can't work without root.
pub(crate) fn need_root_unless(no_root: bool) -> Result<(), Error> {
    if no_root || is_root() {
        Ok(())
    } else {
        Err(Error::NeedsRoot)
    }
}

/// Makes sure that everything is there for the programs.
pub(crate) fn ensure() -> Result<(), Error> {
    ensure_these(&WANTED)
}

/// Makes sure that everything is there for the tests.
pub(crate) fn ensure_for_tests() -> Result<(), Error> {
    ensure_these(&[&WANTED[..], &WANTED_BY_TESTS].concat())
}

fn ensure_these(wanted: &[(Probe, &'static str)]) -> Result<(), Error> {
    let missing = missing(wanted, present);
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!(
        "apt-get install -y --no-install-recommends {}",
        missing.join(" ")
    );
    if !is_root() {
        return Err(Error::MissingPackages {
            command: format!("sudo sh -c 'apt-get update && {install}'"),
        });
    }
    eprintln!("{install}");
    let mut shell = Command::new("sh");
    shell
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-c", &format!("apt-get -qq update && {install} -qq")]);
    command::run(&mut shell)
}

fn missing(wanted: &[(Probe, &'static str)], present: impl Fn(Probe) -> bool) -> Vec<&'static str> {
    wanted
        .iter()
        .filter(|(probe, _)| !present(*probe))
        .map(|(_, package)| *package)
        .collect()
}

fn present(probe: Probe) -> bool {
    match probe {
        Probe::Program(name) => command::exists(name),
        Probe::Library(name) => {
            command::output(Command::new("pkg-config").args(["--exists", name])).is_ok()
        }
        Probe::File(path) => std::path::Path::new(path).is_file(),
        // `--version`, unlike `-version`, prints to stdout.
        Probe::Java => command::output(Command::new("java").arg("--version"))
            .is_ok_and(|text| java_major(&text).is_some_and(|major| major >= JAVA)),
    }
}

/// The number in `openjdk 17.0.15 2025-04-15`.
fn java_major(text: &str) -> Option<u32> {
    let version = text.lines().next()?.split_whitespace().nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        assert_eq!(missing(&WANTED, |_| true), Vec::<&str>::new());
        assert_eq!(
            missing(&WANTED, |probe| !matches!(
                probe,
                Probe::Java | Probe::Library("zlib")
            )),
            ["zlib1g-dev", "default-jre-headless"]
        );
    }

    #[test]
    fn javas_version_is_read() {
        assert_eq!(
            java_major("openjdk 17.0.15 2025-04-15\nOpenJDK Runtime\n"),
            Some(17)
        );
        assert_eq!(java_major("openjdk 21-ea 2023-09-19\n"), Some(21));
        assert_eq!(java_major(""), None);
        assert_eq!(java_major("java version unknown"), None);
    }
}
