//! A Go that is young enough to build Kubernetes.
//!
//! An older one can fetch a younger one as it fetches modules: each release of
//! Go is a version of the module `golang.org/toolchain`, since 1.21. (It would
//! do so by itself from 1.21 on; Debian bookworm has 1.19.)

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::cache::Cache;
use crate::command;
use crate::error::LabError;
use crate::jars::hex;

/// As `go.mod` asks for.
const OLDEST: (u32, u32) = (1, 24);

/// What is fetched where there is none, with its digest as the module proxy's
/// log of digests has it.
const FETCHED: &str = "golang.org/toolchain@v0.0.1-go1.24.13.linux-amd64";
const FETCHED_SUM: &str = "h1:5sgfUhn9QCgVl4UYj32GrIYFHI3bi2UX55tNfupXwxc=";

/// What `go mod download -json` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: PathBuf,
    sum: String,
}

/// The program to call as `go`.
pub(crate) fn find() -> Result<PathBuf, LabError> {
    let version = command::run("go", &["version"])?;
    if is_young(&version) {
        return Ok(PathBuf::from("go"));
    }
    eprintln!(
        "lab: {} is too old for Kubernetes; fetching {FETCHED}",
        version.trim()
    );
    fetch(Path::new("go"))
}

fn fetch(go: &Path) -> Result<PathBuf, LabError> {
    let downloaded = download(go, FETCHED, FETCHED_SUM)?;
    // A module's files are not executable; only a Go that knows of toolchains
    // makes these so.
    let go = downloaded.join("bin/go");
    let tools = downloaded.join("pkg/tool/linux_amd64");
    let mut programs = vec![go.clone(), downloaded.join("bin/gofmt")];
    for entry in fs::read_dir(&tools).map_err(LabError::io("list", &tools))? {
        programs.push(entry.map_err(LabError::io("list", &tools))?.path());
    }
    for program in programs {
        fs::set_permissions(&program, Permissions::from_mode(0o755))
            .map_err(LabError::io("make executable", &program))?;
    }
    Ok(go)
}

/// Builds a program out of these files, once for each state of them, and gives
/// where it is. `told` is said before a build.
///
/// # Errors
/// What Go says.
pub fn program(
    name: &str,
    sources: &[(&str, &str)],
    link_flags: &str,
    told: &str,
) -> Result<PathBuf, LabError> {
    let (program, []) = programs(name, [], sources, link_flags, told)?;
    Ok(program)
}

/// The same, and those in these folders of the files beside it: what they have in common is
/// compiled once.
pub(crate) fn programs<const N: usize>(
    name: &str,
    folders: [&str; N],
    sources: &[(&str, &str)],
    link_flags: &str,
    told: &str,
) -> Result<(PathBuf, [PathBuf; N]), LabError> {
    let mut digest = Sha256::new();
    for (_, text) in sources {
        digest.update(text);
    }
    digest.update(link_flags);
    let cache = Cache::open()?;
    let digest = hex(&digest.finalize()[..6]);
    let program = cache.path().join(format!("{name}-{digest}"));
    let others = folders.map(|folder| cache.path().join(format!("{name}-{digest}-{folder}")));
    if program.is_file() && others.iter().all(|other| other.is_file()) {
        return Ok((program, others));
    }
    let go = find()?;
    eprintln!("lab: {told}");
    let work = cache.work()?;
    for (name, text) in sources {
        let file = work.join(name);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(LabError::io("create", folder))?;
        }
        fs::write(&file, text).map_err(LabError::io("write", &file))?;
    }
    let build = |folder: &str, kept: &Path| {
        let mut build = Command::new(&go);
        build
            .args(["build", "-trimpath", "-ldflags", link_flags])
            .args(["-o", "built", &format!("./{folder}")])
            .current_dir(&work)
            // Static, so that it runs in any image too.
            .env("CGO_ENABLED", "0")
            // Goes with the work: 3 GiB for Kubernetes, which is built once.
            .env("GOCACHE", work.join("_compiled"))
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "-mod=readonly -buildvcs=false");
        command::run_command(build)?;
        fs::rename(work.join("built"), kept).map_err(LabError::io("move it to", kept))
    };
    build("", &program)?;
    for (folder, kept) in folders.iter().zip(&others) {
        build(folder, kept)?;
    }
    let _ = fs::remove_dir_all(&work);
    Ok((program, others))
}

/// The folder of a module from the module proxy, whose digest is `sum`.
pub(crate) fn download(go: &Path, module: &str, sum: &str) -> Result<PathBuf, LabError> {
    let mut download = Command::new(go);
    download
        .args(["mod", "download", "-json", module])
        .current_dir(std::env::temp_dir())
        .env("GOFLAGS", "-mod=mod");
    let said = command::run_command(download)?;
    let found: Downloaded = serde_json::from_str(&said)
        .map_err(|error| LabError::Invalid(format!("go says of {module} {said}: {error}")))?;
    if found.sum != sum {
        return Err(LabError::Invalid(format!(
            "{module} has the digest {}, not {sum}: look at the module proxy that GOPROXY names",
            found.sum
        )));
    }
    Ok(found.dir)
}

/// Of `go version go1.26.8 linux/amd64`.
fn is_young(version: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    version
        .split_whitespace()
        .find_map(|word| word.strip_prefix("go1."))
        .and_then(|rest| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            number(digits)
        })
        .is_some_and(|minor| (1, minor) >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_is_young_by_its_minor_number() {
        assert!(is_young("go version go1.26.8 linux/amd64"));
        assert!(is_young("go version go1.24rc1 linux/amd64"));
        assert!(!is_young("go version go1.19.8 linux/amd64"));
        assert!(!is_young("go: command not found"));
    }

    #[test]
    fn a_go_that_is_fetched_runs_and_is_young_enough() {
        let go = fetch(Path::new("go")).unwrap();
        let mut ask = Command::new(&go);
        ask.arg("version").env("GOTOOLCHAIN", "local");
        let version = command::run_command(ask).unwrap();
        assert!(is_young(&version), "{version}");
    }

    #[test]
    fn a_module_with_another_digest_is_refused() {
        let error = download(Path::new("go"), FETCHED, "h1:other=").unwrap_err();
        assert!(error.to_string().contains("not h1:other="), "{error}");
    }
}
