//! The sources of the standard library, from Debian's package of the same
//! release, kept in the cache. Fetched by apt with lists of its own, so that
//! apt checks the signatures and the machine's own sources stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command;
use crate::error::Error;
use crate::wasm::mirror::Mirror;

/// The suite that carries recent compilers, several releases side by side. The
/// sources are plain text: which Debian the machine runs does not matter.
const SUITE: &str = "trixie-backports";

const PACKAGE: &str = "rust-src";

/// How long apt may take for one of its two acts: 45 MB on a slow line.
const APT_LIMIT: Duration = Duration::from_secs(300);

/// Unpacked sources.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The directory that holds `library`.
    pub(crate) tree: PathBuf,
    /// Debian's version of the package.
    pub(crate) version: String,
}

/// The sources of `release`, from the cache or fetched into it.
pub(crate) fn get(cache: &Path, release: &str) -> Result<Source, Error> {
    let kept = cache.join(PACKAGE).join(release);
    if !kept.is_dir() {
        fetch(&kept, release)?;
    }
    let note = kept.join("version");
    let version = fs::read_to_string(&note).map_err(Error::io("read", &note))?;
    Ok(Source {
        tree: kept,
        version: version.trim().to_owned(),
    })
}

/// Makes `kept` appear whole or not at all.
fn fetch(kept: &Path, release: &str) -> Result<(), Error> {
    let parent = kept.parent().unwrap_or(kept);
    fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    let work = tempfile::Builder::new()
        .prefix(".fetch-")
        .tempdir_in(parent)
        .map_err(Error::io("create a directory in", parent))?;
    let apt = Apt::prepare(work.path(), &Mirror::of_this_machine()?)?;
    eprintln!("fetching {PACKAGE} {release} from {SUITE}");
    command::run_within(apt.command("apt-get").args(["-qq", "update"]), APT_LIMIT)?;
    let known = command::output(apt.command("apt-cache").args(["madison", PACKAGE]))?;
    let version = choose(&known, release)?;
    let wanted = format!("{PACKAGE}={version}");
    command::run_within(
        apt.command("apt-get").args(["-qq", "download", &wanted]),
        APT_LIMIT,
    )?;
    let unpacked = work.path().join("unpacked");
    command::output(
        Command::new("dpkg")
            .arg("-x")
            .arg(downloaded(work.path())?)
            .arg(&unpacked),
    )?;

    let ready = work.path().join("ready");
    fs::create_dir(&ready).map_err(Error::io("create", &ready))?;
    let library = unpacked.join(format!("usr/src/rustc-{release}/library"));
    fs::rename(&library, ready.join("library")).map_err(Error::io("keep", &library))?;
    let note = ready.join("version");
    fs::write(&note, format!("{version}\n")).map_err(Error::io("write", &note))?;
    match fs::rename(&ready, kept) {
        // Another run was faster; its tree is as good.
        Err(_) if kept.is_dir() => Ok(()),
        result => result.map_err(Error::io("move into place", kept)),
    }
}

/// The version of this release, from lines of `apt-cache madison`:
/// `rust-src | 1.95.0+dfsg1-2~bpo13+1 | where`. apt sorts the newest first.
fn choose(known: &str, release: &str) -> Result<String, Error> {
    let versions: Vec<&str> = known
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .collect();
    let of_release = |version: &&&str| {
        version
            .strip_prefix(release)
            .is_some_and(|rest| rest.starts_with(['+', '-', '~']))
    };
    match versions.iter().find(of_release) {
        Some(version) => Ok((*version).to_owned()),
        None => Err(Error::NoSource {
            suite: SUITE,
            release: release.to_owned(),
            found: versions.join(", "),
        }),
    }
}

fn downloaded(dir: &Path) -> Result<PathBuf, Error> {
    let entries = fs::read_dir(dir).map_err(Error::io("read", dir))?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Error::Unexpected {
            command: "apt-get download".into(),
            what: "it left no package".into(),
        })
}

/// apt with its state in one directory, and one source.
struct Apt<'a> {
    dir: &'a Path,
}

impl<'a> Apt<'a> {
    fn prepare(dir: &'a Path, mirror: &Mirror) -> Result<Self, Error> {
        for name in ["sources", "state/lists/partial", "cache/archives/partial"] {
            let path = dir.join(name);
            fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        }
        for (name, text) in [
            ("sources/one.sources", mirror.stanza(SUITE)),
            ("status", String::new()),
        ] {
            let path = dir.join(name);
            fs::write(&path, text).map_err(Error::io("write", &path))?;
        }
        Ok(Self { dir })
    }

    fn command(&self, program: &str) -> Command {
        let mut apt = Command::new(program);
        apt.current_dir(self.dir);
        for (option, path) in [
            ("Dir::State", self.dir.join("state")),
            ("Dir::State::status", self.dir.join("status")),
            ("Dir::Cache", self.dir.join("cache")),
            ("Dir::Etc::sourceparts", self.dir.join("sources")),
            ("Dir::Etc::sourcelist", PathBuf::from("/dev/null")),
        ] {
            apt.arg("-o").arg(format!("{option}={}", path.display()));
        }
        // apt's own user may not write into a directory of ours.
        apt.args(["-o", "APT::Sandbox::User=root"]);
        apt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADISON: &str = " rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://mirror.test/debian x/main amd64 Packages\n \
        rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://mirror.test/debian x/main amd64 Packages\n";

    #[test]
    fn the_package_of_the_compilers_own_release_is_chosen() {
        assert_eq!(choose(MADISON, "1.95.0").unwrap(), "1.95.0+dfsg1-2~bpo13+1");
    }

    #[test]
    fn another_release_is_never_taken_and_those_that_exist_are_named() {
        for release in ["1.95", "1.9", "1.97.0"] {
            let error = choose(MADISON, release).unwrap_err().to_string();
            assert!(error.contains("1.96.1+dfsg1"), "{error}");
        }
    }
}
