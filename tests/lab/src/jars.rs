//! Jars: fetched once from Maven Central with `mvn`, kept outside the tree,
//! compared with the committed manifest. May write below the cache directory
//! only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cache::Cache;
use crate::command;
use crate::error::LabError;

/// The Kafka version that the lab runs.
pub const KAFKA_VERSION: &str = "4.3.1";

/// Brokers, Connect, MirrorMaker 2 and Kafka's own tools.
const KAFKA: JarSet = JarSet {
    folder: "kafka-4.3.1",
    size: "55 MB",
    pom: include_str!("../pom.xml"),
    manifest: include_str!("../jars.sha256"),
};

/// Jars that belong together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JarSet {
    /// Its folder's name: what it is, and the version.
    pub(crate) folder: &'static str,
    /// What is fetched, in words.
    pub(crate) size: &'static str,
    /// Whose dependencies they are.
    pub(crate) pom: &'static str,
    /// `sha256  file name`, one line a jar, as `sha256sum` writes it.
    pub(crate) manifest: &'static str,
}

/// Written last: the sizes of the jars whose digests were found right.
const MARKER: &str = "checked";

/// A directory whose jars are those of the manifest.
#[derive(Debug, Clone)]
pub struct Jars {
    directory: PathBuf,
}

impl Jars {
    /// Where the jars are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The class path for `java -cp`: `<directory>/*`.
    #[must_use]
    pub fn class_path(&self) -> String {
        format!("{}/*", self.directory.display())
    }

    /// Gives Kafka's jars from the cache, fetching them first if need be. Safe
    /// for several processes at once.
    pub(crate) fn ensure() -> Result<Self, LabError> {
        Self::ensure_set(&KAFKA)
    }

    /// The same of other jars.
    pub(crate) fn ensure_set(set: &JarSet) -> Result<Self, LabError> {
        let cache = Cache::open()?;
        let directory = cache.path().join(set.folder);
        if directory.is_dir() {
            check_sizes(&directory, set.manifest)?;
        } else {
            fetch(&cache, set, &directory)?;
        }
        Ok(Self { directory })
    }
}

fn fetch(cache: &Cache, set: &JarSet, directory: &Path) -> Result<(), LabError> {
    eprintln!(
        "lab: fetching {} from Maven Central into {} ({}, once)",
        set.folder,
        cache.path().display(),
        set.size
    );
    let work = cache.work()?;
    let lib = work.join("lib");
    fs::create_dir_all(&lib).map_err(LabError::io("create", &lib))?;
    let pom = work.join("pom.xml");
    fs::write(&pom, set.pom).map_err(LabError::io("write", &pom))?;
    command::run(
        "mvn",
        &[
            "-q",
            "-B",
            "-f",
            &pom.display().to_string(),
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            &format!("-DoutputDirectory={}", lib.display()),
        ],
    )?;
    check_digests(&lib, set.manifest)?;
    fs::rename(&lib, directory).map_err(LabError::io("move the jars to", directory))?;
    let _ = fs::remove_dir_all(&work);
    Ok(())
}

/// Compares every jar with the manifest and leaves the marker.
fn check_digests(lib: &Path, manifest: &str) -> Result<(), LabError> {
    let manifest = parse_manifest(manifest);
    let found = sizes(lib)?;
    compare_names(lib, manifest.keys(), &found)?;
    for (file, digest) in &manifest {
        let path = lib.join(file);
        let bytes = fs::read(&path).map_err(LabError::io("read", &path))?;
        let is = hex(&Sha256::digest(&bytes));
        if is != *digest {
            return Err(wrong(
                lib,
                file,
                format!("its sha256 is {is}, not {digest}"),
            ));
        }
    }
    let marker = lib.join(MARKER);
    let text = serde_json::to_string(&found).map_err(|e| LabError::Invalid(e.to_string()))?;
    fs::write(&marker, text).map_err(LabError::io("write", &marker))
}

/// The cheap check of every use: same names and sizes as when the digests were
/// computed.
fn check_sizes(lib: &Path, manifest: &str) -> Result<(), LabError> {
    let marker = lib.join(MARKER);
    let text = fs::read_to_string(&marker).map_err(LabError::io("read", &marker))?;
    let noted: BTreeMap<String, u64> = serde_json::from_str(&text)
        .map_err(|error| wrong(lib, MARKER, format!("it can't be read: {error}")))?;
    let found = sizes(lib)?;
    compare_names(lib, parse_manifest(manifest).keys(), &found)?;
    for (file, size) in &found {
        if noted.get(file) != Some(size) {
            return Err(wrong(lib, file, format!("it has {size} bytes")));
        }
    }
    Ok(())
}

fn compare_names<'a>(
    lib: &Path,
    listed: impl Iterator<Item = &'a String>,
    found: &BTreeMap<String, u64>,
) -> Result<(), LabError> {
    let listed: std::collections::BTreeSet<&String> = listed.collect();
    if let Some(absent) = listed.iter().find(|file| !found.contains_key(**file)) {
        return Err(wrong(lib, absent, "it is missing".into()));
    }
    match found.keys().find(|file| !listed.contains(file)) {
        Some(extra) => Err(wrong(lib, extra, "it is not listed".into())),
        None => Ok(()),
    }
}

fn sizes(lib: &Path) -> Result<BTreeMap<String, u64>, LabError> {
    let mut sizes = BTreeMap::new();
    for entry in fs::read_dir(lib).map_err(LabError::io("list", lib))? {
        let entry = entry.map_err(LabError::io("list", lib))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".jar") {
            let data = entry
                .metadata()
                .map_err(LabError::io("look at", &entry.path()))?;
            sizes.insert(name, data.len());
        }
    }
    Ok(sizes)
}

fn parse_manifest(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, file)| (file.to_owned(), digest.to_owned()))
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn wrong(directory: &Path, file: &str, problem: String) -> LabError {
    LabError::Jar {
        file: file.to_owned(),
        directory: directory.to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_lists_the_broker_and_mirror_maker_with_digests() {
        let manifest = parse_manifest(KAFKA.manifest);
        for jar in [
            "kafka_2.13",
            "connect-mirror",
            "connect-runtime",
            "kafka-tools",
        ] {
            let digest = &manifest[&format!("{jar}-{KAFKA_VERSION}.jar")];
            assert_eq!(digest.len(), 64);
        }
    }

    #[test]
    fn the_folder_of_kafkas_jars_has_their_version() {
        assert_eq!(KAFKA.folder, format!("kafka-{KAFKA_VERSION}"));
    }

    #[test]
    fn a_jar_with_other_bytes_is_refused_by_name() {
        let lib = tempfile::tempdir().unwrap();
        for file in parse_manifest(KAFKA.manifest).keys() {
            fs::write(lib.path().join(file), b"other").unwrap();
        }
        let error = check_digests(lib.path(), KAFKA.manifest)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("HdrHistogram") && error.contains("sha256"),
            "{error}"
        );
    }

    #[test]
    fn a_jar_that_was_cut_short_after_the_fetch_is_refused() {
        let lib = tempfile::tempdir().unwrap();
        for file in parse_manifest(KAFKA.manifest).keys() {
            fs::write(lib.path().join(file), b"whole").unwrap();
        }
        let noted = serde_json::to_string(&sizes(lib.path()).unwrap()).unwrap();
        fs::write(lib.path().join(MARKER), noted).unwrap();
        check_sizes(lib.path(), KAFKA.manifest).unwrap();
        let cut = lib
            .path()
            .join(format!("kafka-clients-{KAFKA_VERSION}.jar"));
        fs::write(&cut, b"who").unwrap();
        let error = check_sizes(lib.path(), KAFKA.manifest)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("kafka-clients") && error.contains("3 bytes"),
            "{error}"
        );
    }
}
