//! The lab itself: a source of one broker, a mirror of three, MirrorMaker 2 on
//! Connect between them. Brings it up; dropping it leaves nothing behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::builder::LabBuilder;
use crate::cables::Cables;
use crate::cluster::{Cluster, Place};
use crate::cluster_spec::{ClusterSpec, NodeSpec};
use crate::command;
use crate::connect::Connect;
use crate::error::LabError;
use crate::jvm::Jvm;
use crate::mirror_maker::{MirrorMaker, ReplicationPolicy};
use crate::ports::PortBlock;
use crate::run_dir::RunDir;
use crate::volume::{Store, Volume, Volumes};
use crate::wait::Timings;
use crate::{setup, sweep};

/// Brokers of the mirror: replication 3 with min ISR 2.
const MIRROR_NODES: u16 = 3;

/// Where everything listens but a worker that is apart.
pub(crate) const LOCALHOST: &str = "127.0.0.1";

/// A running lab. Everything goes when it is dropped; the logs stay when the
/// thread panics, or after [`Lab::keep`].
#[derive(Debug)]
pub struct Lab {
    // Fields drop in this order: processes, then volumes, then the directory.
    connect: Connect,
    cables: Option<Cables>,
    mirror: Cluster,
    source: Cluster,
    store: Option<Store>,
    jvm: Jvm,
    policy: ReplicationPolicy,
    timings: Timings,
    pub(crate) restored: AtomicU32,
    run: Arc<RunDir>,
    _ports: PortBlock,
}

impl Lab {
    /// A lab with the defaults; see [`LabBuilder`].
    #[must_use]
    pub fn builder() -> LabBuilder {
        LabBuilder::new()
    }

    pub(crate) fn start(wanted: LabBuilder) -> Result<Self, LabError> {
        if wanted.volumes == Volumes::LoopImages {
            command::need_root("a volume in an image file of its own")?;
        }
        let mut timings = Timings::start();
        let jars = setup::setup()?;
        sweep::sweep();
        let ports = PortBlock::take()?;
        let run = Arc::new(RunDir::make(&wanted.name)?);
        let jvm = Jvm::new(&jars, run.path())?;
        timings.reached("set up");

        let place = Place {
            jvm: &jvm,
            run_dir: run.path(),
            prefix: Vec::new(),
        };
        let source = Cluster::new(
            source_spec(&wanted, &ports),
            vec![Volume::directory(run.path().join("source"))?],
            &place,
        )?;
        let store = match wanted.volumes {
            Volumes::LoopImages => Some(Store::make(run.path())?),
            Volumes::Directories => None,
        };
        let volumes = (1..=i32::from(MIRROR_NODES))
            .map(|id| {
                let point = run.path().join(format!("volumes/{id}"));
                Volume::make(store.as_ref(), id, wanted.volume_bytes, point)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mirror = Cluster::new(mirror_spec(&wanted, &ports), volumes, &place)?;
        timings.reached("volumes made");

        both(|| mirror.format(&jvm), || source.format(&jvm))?;
        timings.reached("formatted");
        mirror.start()?;
        source.start()?;
        let cables = wanted
            .connect_apart
            .then(|| lay_cables(&run, &ports))
            .transpose()?;
        let place = Place {
            prefix: cables.as_ref().map(Cables::exec_prefix).unwrap_or_default(),
            ..place
        };
        let mut mirror_maker = mirror_maker(&wanted, &ports, &source, &mirror);
        if let Some(cables) = &cables {
            mirror_maker.rest_host = cables.rest_host();
        }
        let connect = Connect::new("connect", mirror_maker, &place)?;
        mirror.wait_ready()?;
        connect.start()?;
        source.wait_ready()?;
        timings.reached("brokers ready");
        source.admin()?.create_topics(&wanted.topics, 1)?;
        connect.wait_ready()?;
        timings.reached("connect ready");
        connect.put_connectors()?;
        connect.wait_running()?;
        timings.reached("mirroring");
        Ok(Self {
            connect,
            cables,
            mirror,
            source,
            store,
            jvm,
            policy: wanted.policy,
            timings,
            restored: AtomicU32::new(0),
            run,
            _ports: ports,
        })
    }

    /// The cluster that applications write to.
    #[must_use]
    pub fn source(&self) -> &Cluster {
        &self.source
    }

    /// The cluster that only MirrorMaker writes to.
    #[must_use]
    pub fn mirror(&self) -> &Cluster {
        &self.mirror
    }

    /// The worker that runs MirrorMaker's connectors.
    #[must_use]
    pub fn connect(&self) -> &Connect {
        &self.connect
    }

    /// Those of Connect, where it is apart.
    #[must_use]
    pub fn cables(&self) -> Option<&Cables> {
        self.cables.as_ref()
    }

    /// How topics are named on the mirror.
    #[must_use]
    pub fn policy(&self) -> ReplicationPolicy {
        self.policy
    }

    /// Where clones of the volumes' images belong: on the same XFS. `None` with
    /// plain directories.
    #[must_use]
    pub fn snapshots_dir(&self) -> Option<PathBuf> {
        self.store.as_ref().map(Store::snapshots)
    }

    /// The lab's own directory: properties, `logs/`, volumes. For a test's own
    /// files too; it goes with the lab.
    #[must_use]
    pub fn run_dir(&self) -> &Path {
        self.run.path()
    }

    /// How long each step of the start took.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Keeps the logs when the lab is dropped, and says where.
    pub fn keep(&self) {
        self.run.keep();
    }

    pub(crate) fn jvm(&self) -> &Jvm {
        &self.jvm
    }

    pub(crate) fn run(&self) -> &Arc<RunDir> {
        &self.run
    }
}

fn lay_cables(run: &RunDir, ports: &PortBlock) -> Result<Cables, LabError> {
    let mirror = format!("{}-{}", ports.port(2), ports.port(1 + MIRROR_NODES));
    let source = format!("{0}-{0}", ports.port(0));
    Cables::lay(run, ports, &mirror, &source)
}

fn source_spec(wanted: &LabBuilder, ports: &PortBlock) -> ClusterSpec {
    ClusterSpec {
        name: "source".to_owned(),
        cluster_id: cluster_id("source"),
        nodes: vec![NodeSpec {
            id: 1,
            port: ports.port(0),
            controller_port: ports.port(1),
        }],
        log_dirs: 1,
        extra: wanted.source.clone(),
        extra_of_node: Vec::new(),
    }
}

fn mirror_spec(wanted: &LabBuilder, ports: &PortBlock) -> ClusterSpec {
    ClusterSpec {
        name: "mirror".to_owned(),
        cluster_id: cluster_id("mirror"),
        nodes: (1..=MIRROR_NODES)
            .map(|n| NodeSpec {
                id: i32::from(n),
                port: ports.port(1 + n),
                controller_port: ports.port(1 + MIRROR_NODES + n),
            })
            .collect(),
        log_dirs: 1,
        extra: wanted.mirror.clone(),
        extra_of_node: wanted.mirror_broker.clone(),
    }
}

fn mirror_maker(
    wanted: &LabBuilder,
    ports: &PortBlock,
    source: &Cluster,
    mirror: &Cluster,
) -> MirrorMaker {
    MirrorMaker {
        exactly_once: wanted.exactly_once,
        policy: wanted.policy,
        topics: wanted
            .topics
            .iter()
            .map(|topic| topic.name.clone())
            .collect(),
        tasks_max: wanted.tasks_max,
        source_bootstrap: source.bootstrap(),
        mirror_bootstrap: mirror.bootstrap(),
        rest_host: LOCALHOST.to_owned(),
        rest_port: ports.port(2 + 2 * MIRROR_NODES),
        worker_extra: wanted.connect.clone(),
        connector_extra: wanted.connectors.clone(),
    }
}

/// A cluster id of its own for every cluster of every lab on this machine, so
/// that none can join another's: 16 bytes in URL-safe base64, of which the
/// 22nd character carries two bits only.
pub(crate) fn cluster_id(role: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) % 10_000;
    format!("{role:-<6}-{:010}{count:04}A", std::process::id())
}

/// Runs two steps at once; the first error counts.
fn both(
    one: impl FnOnce() -> Result<(), LabError> + Send,
    two: impl FnOnce() -> Result<(), LabError> + Send,
) -> Result<(), LabError> {
    std::thread::scope(|scope| {
        let two = scope.spawn(two);
        let one = one();
        let two = two
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        one.and(two)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_ids_have_kafkas_length_and_differ() {
        let (one, two) = (cluster_id("source"), cluster_id("mirror"));
        assert_eq!((one.len(), two.len()), (22, 22));
        assert_ne!(one, two);
    }
}
