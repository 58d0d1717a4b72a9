//! Custom resource definitions as they are shipped: Strimzi's, which its own
//! generator writes from its Java types, and those of VolumeSnapshots, which lie
//! in a Go module. Kept in the cache, so that a control plane asks neither Go
//! nor Java for them.

use std::fs;
use std::path::{Path, PathBuf};

use super::{go, java};
use crate::cache::Cache;
use crate::command;
use crate::error::LabError;
use crate::jars::{JarSet, Jars};

/// Their folders in the cache.
/// With their number: another list is another folder.
const CSI: &str = "external-snapshotter-8.7.0-definitions";

/// A release of Strimzi, by the version of its resources that it is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strimzi {
    /// 1.2.0, which serves `v1` alone.
    V1,
    /// 0.45.0, which serves `v1beta2` alone: the last one whose generator is published
    /// and that does not know `v1`.
    V1Beta2,
}

impl Strimzi {
    /// Its generator and types (Apache-2.0, Maven Central).
    fn generator(self) -> JarSet {
        match self {
            Self::V1 => JarSet {
                folder: "strimzi-1.2.0",
                size: "39 MB",
                pom: include_str!("../../kubernetes/crds.pom.xml"),
                manifest: include_str!("../../kubernetes/crds.sha256"),
            },
            Self::V1Beta2 => JarSet {
                folder: "strimzi-0.45.0",
                size: "31 MB",
                pom: include_str!("../../kubernetes/crds-v1beta2.pom.xml"),
                manifest: include_str!("../../kubernetes/crds-v1beta2.sha256"),
            },
        }
    }

    /// The folder of its definitions.
    fn folder(self) -> &'static str {
        match self {
            Self::V1 => "strimzi-1.2.0-definitions-9",
            Self::V1Beta2 => "strimzi-0.45.0-definitions-9",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1Beta2 => "v1beta2",
        }
    }
}

/// The types whose definitions are written (`CrdGenerator.main`).
const TYPES: [&str; 9] = [
    "kafka.Kafka",
    "nodepool.KafkaNodePool",
    "podset.StrimziPodSet",
    "mirrormaker2.KafkaMirrorMaker2",
    "connect.KafkaConnect",
    "connector.KafkaConnector",
    "user.KafkaUser",
    "topic.KafkaTopic",
    "rebalance.KafkaRebalance",
];

/// The definitions of VolumeSnapshots (Apache-2.0, Go module proxy).
const SNAPSHOTS: &str = "github.com/kubernetes-csi/external-snapshotter/client/v8@v8.7.0";
const SNAPSHOTS_SUM: &str = "h1:HVaSUeRRHPu49aSiL8eXOjS9Re9G6pM0NzdTGI7mM14=";

/// Files that `kubectl apply` takes.
#[derive(Debug, Clone)]
pub struct Definitions {
    files: Vec<PathBuf>,
}

impl Definitions {
    /// Fetches and writes what is not there yet.
    ///
    /// # Errors
    /// What can't be fetched, or is not what it was.
    pub fn ensure(strimzi: Strimzi) -> Result<Self, LabError> {
        let mut files = yaml_files(&definitions(strimzi)?)?;
        files.extend(yaml_files(&snapshots()?)?);
        Ok(Self { files })
    }

    /// One definition each.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

/// What is in the cache already.
fn kept(folder: &str) -> Result<Option<PathBuf>, LabError> {
    let directory = Cache::open()?.path().join(folder);
    Ok(directory.is_dir().then_some(directory))
}

/// Moves what is whole to its place, where nobody else did so meanwhile.
fn keep(work: &Path, cache: &Cache, folder: &str) -> Result<PathBuf, LabError> {
    let directory = cache.path().join(folder);
    if !directory.is_dir() {
        fs::rename(work, &directory).map_err(LabError::io("move it to", &directory))?;
    }
    let _ = fs::remove_dir_all(work);
    Ok(directory)
}

fn snapshots() -> Result<PathBuf, LabError> {
    if let Some(kept) = kept(CSI)? {
        return Ok(kept);
    }
    let module = go::download(&go::find()?, SNAPSHOTS, SNAPSHOTS_SUM)?;
    let cache = Cache::open()?;
    let work = cache.work()?;
    for file in yaml_files(&module.join("config/crd"))? {
        let name = file.file_name().unwrap_or_default();
        // The rest is for kustomize, and group snapshots.
        if name
            .to_string_lossy()
            .starts_with("snapshot.storage.k8s.io_")
        {
            let text = fs::read(&file).map_err(LabError::io("read", &file))?;
            let copy = work.join(name);
            fs::write(&copy, text).map_err(LabError::io("write", &copy))?;
        }
    }
    keep(&work, &cache, CSI)
}

fn definitions(strimzi: Strimzi) -> Result<PathBuf, LabError> {
    if let Some(kept) = kept(strimzi.folder())? {
        return Ok(kept);
    }
    let java = java::ensure()?;
    let jars = Jars::ensure_set(&strimzi.generator())?;
    let cache = Cache::open()?;
    let work = cache.work()?;
    let class_path = jars.class_path();
    let mut args: Vec<String> = [
        "-cp",
        &class_path,
        "io.strimzi.crdgenerator.CrdGenerator",
        "--target-kube",
        "1.16+",
        "--crd-api-version",
        "v1",
        "--api-versions",
        strimzi.version(),
        "--storage-version",
        strimzi.version(),
        "--yaml",
    ]
    .map(str::to_owned)
    .to_vec();
    args.extend(TYPES.iter().map(|name| {
        let file = work.join(format!("{}.yaml", name.replace('.', "-")));
        format!("io.strimzi.api.kafka.model.{name}={}", file.display())
    }));
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    command::run(&java.join("bin/java").display().to_string(), &words)?;
    keep(&work, &cache, strimzi.folder())
}

fn yaml_files(directory: &Path) -> Result<Vec<PathBuf>, LabError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(LabError::io("list", directory))? {
        let path = entry.map_err(LabError::io("list", directory))?.path();
        if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
