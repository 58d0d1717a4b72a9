//! The control side of a CSI driver with snapshots: what csi-provisioner,
//! snapshot-controller, csi-snapshotter and the driver behind them do, in one
//! loop (`claims` and `snapshots` say where). A volume is an image of a file system, a
//! snapshot a clone of it that shares its blocks; the kubelet mounts it by the lab's own
//! node driver.
//!
//! It looks at everything that there is and does what is missing, again and
//! again, as controllers do.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: what it plays takes its time"
)]

mod claims;
mod images;
mod object;
mod snapshots;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use slackwater_kubernetes::ApiServer;
use slackwater_lab::kubernetes::Cluster;

use crate::StandInError;
use crate::changes::Changes;
use images::Images;

pub use slackwater_lab::kubernetes::STORAGE_DRIVER as DRIVER;

/// The StorageClass that claims name.
pub const CLASS: &str = "lab";

/// One whose volumes are made where the first pod that has them is to run, as those of
/// most drivers are (`WaitForFirstConsumer`), and can be nowhere else.
pub const LATE_CLASS: &str = "lab-late";

/// The VolumeSnapshotClass of the driver.
pub const SNAPSHOT_CLASS: &str = "lab-snapshots";

/// Between two looks at whether anything changed. The real ones watch, and are as fast.
const BETWEEN: Duration = Duration::from_millis(250);

/// What a driver does with snapshots when it does not just take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whim {
    /// Cuts at once, and is ready after so long: an upload.
    ReadyAfter(Duration),
    /// Says that an attempt failed, and takes it at the next look.
    FailsOnce,
    /// Says that each attempt fails.
    FailsAlways,
    /// Says nothing.
    Hangs,
}

/// By the claim that a snapshot is of, whatever its namespace.
type Whims = BTreeMap<String, Whim>;

/// A running one. It ends when it is dropped.
pub struct Storage {
    whims: Arc<Mutex<Whims>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Storage {
    /// Makes the classes, and begins to serve.
    ///
    /// # Errors
    /// The API server does not take them.
    pub fn start(cluster: &Cluster) -> Result<Self, StandInError> {
        let server = ApiServer::connect(Some(cluster.plane().kubeconfig()))?;
        let mut changes = Changes::of(cluster.plane().kubeconfig())?;
        let images = Images::new(cluster.volumes());
        object::make_classes(&server)?;
        let whims = Arc::new(Mutex::new(Whims::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (theirs, stop) = (Arc::clone(&whims), Arc::clone(&over));
        let thread = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                if !changes.are_due() {
                    thread::sleep(BETWEEN);
                    continue;
                }
                let whims = theirs
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                if let Err(error) = look(&server, &images, &whims) {
                    // As a controller does, it tries again.
                    eprintln!("storage stand-in: {error}");
                }
                thread::sleep(BETWEEN);
            }
        });
        Ok(Self {
            whims,
            over,
            thread: Some(thread),
        })
    }

    /// What it does with snapshots of this claim from the next look on; without
    /// this they are cut and ready at once.
    pub fn set(&self, claim: &str, whim: Whim) {
        let mut whims = self.whims.lock().unwrap_or_else(PoisonError::into_inner);
        whims.insert(claim.to_owned(), whim);
    }

    /// All are cut and ready at once again.
    pub fn set_none(&self) {
        let mut whims = self.whims.lock().unwrap_or_else(PoisonError::into_inner);
        whims.clear();
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn look(server: &ApiServer, images: &Images, whims: &Whims) -> Result<(), StandInError> {
    claims::provision(server, images)?;
    claims::reclaim(server, images)?;
    snapshots::take(server, images, whims)?;
    snapshots::reclaim(server, images)
}

impl Images {
    fn path(&self, handle: &str) -> PathBuf {
        self.folder.join(format!("{handle}.img"))
    }
}
