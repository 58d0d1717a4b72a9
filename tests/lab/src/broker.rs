//! One node of a cluster: its process and its volume.

use std::path::{Path, PathBuf};

use crate::service::Service;
use crate::volume::Volume;

/// One node of a cluster: a [`Service`], with its volume.
#[derive(Debug)]
pub struct Broker {
    pub(crate) id: i32,
    pub(crate) port: u16,
    // Before the volume: fields drop in order, and a volume in use stays mounted.
    pub(crate) service: Service,
    pub(crate) log_dirs: Vec<PathBuf>,
    pub(crate) volume: Volume,
}

/// A broker is controlled as any service is: `pause`, `cont`, `kill9`, `stop`,
/// `start`, `pid`.
impl std::ops::Deref for Broker {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Broker {
    /// The node id.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.id
    }

    /// `127.0.0.1:port` for clients.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The root of its volume: a mount point, or a plain directory.
    #[must_use]
    pub fn mount_point(&self) -> &Path {
        &self.volume.point
    }

    /// The first directory of Kafka's `log.dirs`, mostly the only one:
    /// `<mount point>/data`. A controller's metadata is there.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.log_dirs.first().cloned().unwrap_or_default()
    }

    /// All directories of Kafka's `log.dirs`.
    #[must_use]
    pub fn log_dirs(&self) -> &[PathBuf] {
        &self.log_dirs
    }

    /// The image file that holds its volume; `None` for a plain directory.
    #[must_use]
    pub fn image(&self) -> Option<&Path> {
        self.volume.image.as_deref()
    }
}
