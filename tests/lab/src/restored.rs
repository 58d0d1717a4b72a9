//! A restored mirror: brokers on copies of the volumes, with the same cluster
//! id, node ids, addresses and ports, in a network namespace of its own; or in
//! the original's place, where that is stopped.
//! Root only, unless the original is stopped and the copies are directories.
//!
//! The isolation is not for tidiness: a restored broker that can reach the
//! original fetches from it, since its metadata still holds those addresses.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::cluster::{Cluster, Place};
use crate::connect::Connect;
use crate::error::LabError;
use crate::lab::{LOCALHOST, Lab};
use crate::netns::Netns;
use crate::run_dir::RunDir;
use crate::volume::Volume;

/// A running restored mirror. Dropping it ends it and unmounts its volumes; the
/// copies that it ran on stay, changed by the run.
#[derive(Debug)]
pub struct Restored {
    // Fields drop in this order: processes, then what they stand on.
    connect: Option<Connect>,
    cluster: Cluster,
    netns: Option<Netns>,
    name: String,
    run: Arc<RunDir>,
}

/// A copy of a volume whose files can be reached; unmounted when dropped.
#[derive(Debug)]
pub struct OpenCopy {
    broker: i32,
    volume: Volume,
}

impl OpenCopy {
    /// `node.id` of the broker that it is of.
    #[must_use]
    pub fn broker(&self) -> i32 {
        self.broker
    }

    /// Where its files are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.volume.point
    }
}

impl Lab {
    /// Opens copies of the mirror's volumes: an image file each, which is
    /// mounted so that its journal is replayed, or a directory each. Give it
    /// throw-away ones.
    ///
    /// # Errors
    /// A mount that failed.
    pub fn open_copies(&self, copies: &[(i32, PathBuf)]) -> Result<Vec<OpenCopy>, LabError> {
        let n = self.restored.fetch_add(1, Ordering::Relaxed) + 1;
        copies
            .iter()
            .map(|(broker, copy)| {
                let point = self
                    .run()
                    .path()
                    .join(format!("open{n}"))
                    .join(broker.to_string());
                let volume = if copy.is_dir() {
                    Volume::directory(copy.clone())?
                } else {
                    Volume::of_image(copy.clone(), point)?
                };
                Ok(OpenCopy {
                    broker: *broker,
                    volume,
                })
            })
            .collect()
    }

    /// Starts brokers on copies of the mirror's volumes: an image file each
    /// (mounted read-write: give it a throw-away one) or a directory each (with
    /// the mount point's content), with the broker's id. Waits until every
    /// partition has a leader and a full ISR, which takes about 20 s after a crash-consistent
    /// copy: the old incarnations' sessions must time out first.
    ///
    /// # Errors
    /// [`LabError::NeedsRoot`] without root, unless the mirror's brokers are
    /// stopped and the copies are directories; the broker that died; a timeout.
    pub fn start_restored(&self, copies: &[(i32, PathBuf)]) -> Result<Restored, LabError> {
        self.start_restored_with(copies, &[])
    }

    /// The same with further properties of the brokers.
    ///
    /// # Errors
    /// The same.
    pub fn start_restored_with(
        &self,
        copies: &[(i32, PathBuf)],
        properties: &[(&str, &str)],
    ) -> Result<Restored, LabError> {
        let n = self.restored.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("restored{n}");
        let netns = self.isolation(&name)?;
        let place = Place {
            jvm: self.jvm(),
            run_dir: self.run().path(),
            prefix: netns.as_ref().map(Netns::exec_prefix).unwrap_or_default(),
        };
        let mut spec = self.mirror().spec().clone();
        spec.name.clone_from(&name);
        let more = properties.iter();
        spec.extra
            .extend(more.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let mut volumes = Vec::new();
        for node in &spec.nodes {
            let copy = copies
                .iter()
                .find(|(id, _)| *id == node.id)
                .map(|(_, copy)| copy);
            let copy = copy.ok_or_else(|| {
                LabError::Invalid(format!(
                    "no copy for broker {}: a restored mirror needs all",
                    node.id
                ))
            })?;
            let point = self.run().path().join(&name).join(node.id.to_string());
            volumes.push(if copy.is_dir() {
                Volume::directory(copy.clone())?
            } else {
                Volume::of_image(copy.clone(), point)?
            });
        }
        let cluster = Cluster::new(spec, volumes, &place)?;
        cluster.start()?;
        let restored = Restored {
            connect: None,
            cluster,
            netns,
            name,
            run: Arc::clone(self.run()),
        };
        restored.run(|| {
            restored.cluster.wait_leaders()?;
            restored.cluster.wait_full_isr()
        })?;
        Ok(restored)
    }

    fn isolation(&self, name: &str) -> Result<Option<Netns>, LabError> {
        let stopped = self
            .mirror()
            .brokers()
            .iter()
            .all(|broker| broker.pid().is_none());
        if stopped {
            return Ok(None);
        }
        let netns = format!("slackwater-{}-{name}", self.label());
        Netns::make(self.run(), netns).map(Some)
    }

    /// The part of the run directory's name that is this lab's own.
    fn label(&self) -> String {
        let name = self
            .run_dir()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        name.trim_start_matches(crate::run_dir::PREFIX).to_owned()
    }
}

impl Restored {
    /// The cluster. Call what talks to it inside [`Self::run`].
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The same addresses as the original's, valid inside the namespace.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        self.cluster.bootstrap()
    }

    /// The worker that [`Self::start_connect`] started.
    #[must_use]
    pub fn connect(&self) -> Option<&Connect> {
        self.connect.as_ref()
    }

    /// The network namespace; `None` when the original is stopped instead.
    #[must_use]
    pub fn netns(&self) -> Option<&Netns> {
        self.netns.as_ref()
    }

    /// Words to put before a command so that it can reach these brokers.
    #[must_use]
    pub fn exec_prefix(&self) -> Vec<String> {
        self.netns
            .as_ref()
            .map(Netns::exec_prefix)
            .unwrap_or_default()
    }

    /// Runs `work` where these brokers can be reached: every client that it
    /// makes talks to them, and not to the original.
    ///
    /// # Errors
    /// What `work` gives.
    pub fn run<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, LabError> + Send,
    ) -> Result<T, LabError> {
        match &self.netns {
            Some(netns) => netns.run(work),
            None => work(),
        }
    }

    /// Starts a Connect worker on the restored mirror, with the lab's own
    /// settings, and waits until it is ready. The source is out of its reach.
    /// Call its REST methods inside [`Self::run`].
    ///
    /// # Errors
    /// When it died, or a timeout.
    pub fn start_connect(&mut self, lab: &Lab) -> Result<&Connect, LabError> {
        let place = Place {
            jvm: lab.jvm(),
            run_dir: self.run.path(),
            prefix: self.exec_prefix(),
        };
        let name = format!("{}-connect", self.name);
        let mut mirror_maker = lab.connect().mirror_maker().clone();
        mirror_maker.rest_host = LOCALHOST.to_owned();
        let connect = Connect::new(&name, mirror_maker, &place)?;
        connect.start()?;
        self.run(|| connect.wait_ready())?;
        Ok(self.connect.insert(connect))
    }
}
