//! A cluster that somebody has, in the stand-ins' place: its classes, namespaces in it
//! that are marked, so that `cargo xtask e2e` deletes what was made and nothing else,
//! and the same scene as in the lab, which its own operator and storage make.

use std::io;
use std::process::Command;

use serde_json::Value;
use slackwater_lab::kubernetes::{Cluster, ControlPlane};

use crate::kubectl::{kubectl, words_here};
use crate::manifests::Shape;
use crate::{StandInError, scene};

/// By it `cargo xtask e2e` knows what it may delete.
pub const LABEL: &str = "slackwater.io/e2e";

/// What was said of a cluster that somebody has.
#[must_use]
pub fn said(key: &str) -> Option<String> {
    let said = std::env::var(format!("SLACKWATER_E2E_{key}")).ok();
    said.filter(|text| !text.is_empty())
}

/// What tells what these tests made from what others did.
#[must_use]
pub fn mark() -> String {
    said("MARK").or_else(|| said("PREFIX")).unwrap_or_default()
}

/// This test program once more, for those tests that need no stand-ins, on a cluster of
/// the lab as if it were somebody's.
///
/// # Errors
/// It does not know where it is.
pub fn elsewhere(plane: &ControlPlane) -> io::Result<Command> {
    let (program, word) = plane.kubectl_words();
    let mut same = Command::new(std::env::current_exe()?);
    same.env("SLACKWATER_E2E_KUBECONFIG", plane.kubeconfig())
        .env("SLACKWATER_E2E_PREFIX", "elsewhere")
        .env("SLACKWATER_E2E_KUBECTL", program)
        .env("SLACKWATER_E2E_KUBECTL_WORD", word)
        .env("SLACKWATER_E2E_SHELL_IMAGE", Cluster::BUSYBOX)
        .args(["--test-threads=1", "--skip=needs_stand_ins", "--nocapture"]);
    Ok(same)
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Found {
    kubeconfig: String,
    words: Vec<String>,
    /// What the names of namespaces begin with.
    prefix: String,
}

impl Found {
    /// The one that was said, where one was.
    #[must_use]
    pub fn said() -> Option<Self> {
        let kubeconfig = said("KUBECONFIG")?;
        Some(Self {
            words: words_here(&kubeconfig),
            prefix: said("PREFIX").unwrap_or_else(|| "slackwater-e2e".to_owned()),
            kubeconfig,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn kubeconfig(&self) -> &str {
        &self.kubeconfig
    }

    /// What kubectl prints.
    ///
    /// # Errors
    /// What it says.
    pub fn kubectl(&self, args: &[&str]) -> Result<String, StandInError> {
        kubectl(&self.words, args, None)
    }

    /// Makes or changes objects.
    ///
    /// # Errors
    /// What kubectl says.
    pub fn apply(&self, manifest: &str) -> Result<(), StandInError> {
        kubectl(&self.words, &["apply", "-f", "-"], Some(manifest)).map(drop)
    }

    /// Objects of a kind; none where it is not known.
    #[must_use]
    pub fn list(&self, what: &[&str]) -> Vec<Value> {
        let words = [&["get"], what, &["-o", "json"]].concat();
        let text = self.kubectl(&words).unwrap_or_default();
        let mut list: Value = serde_json::from_str(&text).unwrap_or_default();
        match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        }
    }

    /// A namespace of these tests, by the end of its name; the whole of it is given.
    ///
    /// # Errors
    /// It is there: nothing is put into what somebody has, since it is deleted in the
    /// end. What kubectl says.
    pub fn make_space(&self, end: &str) -> Result<String, StandInError> {
        let space = format!("{}-{end}", self.prefix);
        self.kubectl(&["create", "namespace", &space])
            .map_err(|error| StandInError::Kubectl(format!("{error}: another prefix is needed")))?;
        let label = format!("{LABEL}={}", mark());
        self.kubectl(&["label", "namespace", &space, &label])?;
        Ok(space)
    }

    /// The StorageClass: what was said; else the default one, or the only one whose
    /// driver has a VolumeSnapshotClass.
    ///
    /// # Errors
    /// None fits.
    pub fn storage_class(&self) -> Result<String, StandInError> {
        if let Some(said) = said("STORAGE_CLASS") {
            return Ok(said);
        }
        let snapshots = self.list(&["volumesnapshotclasses"]);
        let drivers: Vec<&Value> = snapshots.iter().map(|one| &one["driver"]).collect();
        let has_snapshots = |one: &Value| drivers.contains(&&one["provisioner"]);
        let default = "storageclass.kubernetes.io/is-default-class";
        let class = first(self.list(&["storageclasses"]), default, has_snapshots);
        let class = class.ok_or_else(|| {
            let none = "there is no StorageClass whose driver has a VolumeSnapshotClass";
            StandInError::Kubectl(none.to_owned())
        })?;
        println!("StorageClass {class}");
        Ok(class)
    }

    /// A VolumeSnapshotClass of a StorageClass's driver: the default one, or any.
    ///
    /// # Errors
    /// None fits; there is no such StorageClass.
    pub fn snapshot_class(&self, of: &str) -> Result<String, StandInError> {
        let classes = self.list(&["storageclasses"]);
        let storage = classes.iter().find(|one| one["metadata"]["name"] == of);
        let driver = storage.map(|one| one["provisioner"].clone());
        let is_its = |one: &Value| Some(&one["driver"]) == driver.as_ref();
        let default = "snapshot.storage.kubernetes.io/is-default-class";
        let found = first(self.list(&["volumesnapshotclasses"]), default, is_its);
        found.ok_or_else(|| {
            StandInError::Kubectl(format!("no VolumeSnapshotClass is of StorageClass {of}"))
        })
    }

    /// The lab's scene in this namespace, all ready.
    ///
    /// # Errors
    /// No class fits; what does not become ready.
    pub fn make_scene(&self, space: &str, shape: Shape) -> Result<(), StandInError> {
        scene::make(&self.words, space, &self.storage_class()?, None, shape)
    }
}

/// The name of the first that fits; one with this annotation comes before others.
fn first(mut all: Vec<Value>, default: &str, fits: impl Fn(&Value) -> bool) -> Option<String> {
    all.retain(fits);
    all.sort_by_key(|one| one["metadata"]["annotations"][default] != "true");
    let name = all.first().map(|one| &one["metadata"]["name"]);
    name.and_then(Value::as_str).map(str::to_owned)
}
