//! A mirror on machines: its Connect by REST, its volumes mounted here, runs
//! and the lease in a folder, and the guard a process beside this one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use slackwater_connect::{ConnectClusters, Selection};
use slackwater_content::SnapshotContent;
use slackwater_kafka::KafkaClusters;
use slackwater_ports::{
    BrokerAnswer, BrokerProcesses, BrokerStart, Cluster, Flushed, Heads as _, Seen, VolumeContent,
    VolumeFlush, VolumeSnapshot,
};
use slackwater_store::{Holder, Lease, LeaseState, MirrorName, RunId, Store};
use slackwater_volumes::{Brokers, FlushHandles, Processes, RunName, Snapshots, Volumes};

use super::Runs;
use super::flush_notes::InFolder;
use super::ground::{
    Feeders, Flush, FlushNotes, Ground, GuardWith, Held, Launch, Leases, Line, News,
};
use crate::config::{self, Mirror, SnapshotSite};
use crate::exit::Stop;
use crate::guard::{GuardProcess, SocketLine, log_file, socket};

/// See the module.
pub struct Local {
    config_file: PathBuf,
    store: Store,
    runs: Runs,
    folder: FolderLeases,
    /// The brokers' volumes.
    volumes: Volumes,
    brokers: Brokers,
    snapshot: SnapshotSite,
    feeders: Feeders,
}

/// What a loaded mirror takes in so long is written in some milliseconds.
const AHEAD_MS: u64 = 200;

/// The lease in a folder.
struct FolderLeases {
    dir: PathBuf,
    mirror: MirrorName,
}

impl Local {
    /// The mirror's brokers are asked for their advertised addresses; where
    /// they don't answer, the bootstrap addresses have to do.
    ///
    /// # Errors
    /// A store that can't be opened; a Connect that can't be asked so.
    pub fn open(
        mirror: &Mirror,
        config_file: PathBuf,
        kafka: &KafkaClusters,
    ) -> Result<Self, Stop> {
        let store = Store::open(&mirror.store).map_err(Stop::bad_input)?;
        let connect = Arc::new(connect(mirror, kafka)?);
        Ok(Self {
            config_file,
            runs: Runs::Folder(store.clone()),
            folder: FolderLeases {
                dir: store.dir().to_owned(),
                mirror: mirror.name.clone(),
            },
            store,
            volumes: mirror.volumes.clone(),
            brokers: mirror.brokers.clone(),
            snapshot: mirror.snapshot.clone(),
            feeders: Feeders {
                look: connect.clone(),
                stop: connect.clone(),
                start: connect.clone(),
                position: connect,
            },
        })
    }

    /// The folder of the store.
    pub fn dir(&self) -> &Path {
        self.store.dir()
    }

    /// The brokers' volumes.
    pub fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    /// The snapshots.
    ///
    /// # Errors
    /// A driver that does not fit the volumes.
    pub fn snapshots(&self, plain_copy: bool) -> Result<Snapshots, Stop> {
        let driver = self.snapshot.driver(plain_copy).map_err(Stop::bad_input)?;
        Snapshots::new(driver, self.volumes.clone()).map_err(Stop::bad_input)
    }

    /// What the snapshot of `run` holds.
    ///
    /// # Errors
    /// See [`Local::snapshots`].
    pub fn content(&self, run: &RunId, plain_copy: bool) -> Result<SnapshotContent, Stop> {
        let name = RunName::new(run.as_str()).map_err(Stop::bad_input)?;
        let at = self.dir().join("open").join(run.as_str());
        let snapshots = self.snapshots(plain_copy)?;
        Ok(SnapshotContent::new(snapshots, name, at))
    }
}

impl Ground for Local {
    fn runs(&self) -> &Runs {
        &self.runs
    }

    fn leases(&self) -> &dyn Leases {
        &self.folder
    }

    fn feeders(&self) -> &Feeders {
        &self.feeders
    }

    fn volume_snapshot(
        &self,
        run: &RunId,
        plain_copy: bool,
    ) -> Result<Arc<dyn VolumeSnapshot + Send + Sync>, Stop> {
        let name = RunName::new(run.as_str()).map_err(Stop::bad_input)?;
        Ok(Arc::new(self.snapshots(plain_copy)?.of_run(name)))
    }

    fn volume_content(
        &self,
        run: &RunId,
        plain_copy: bool,
    ) -> Result<Arc<dyn VolumeContent + Send + Sync>, Stop> {
        Ok(Arc::new(self.content(run, plain_copy)?))
    }

    fn is_ready(&self) -> Result<(), Stop> {
        Ok(())
    }

    fn leave_kafka(&self) -> Result<(), Stop> {
        Err(Stop::bad_input(
            "--no-pause is for a mirror in Strimzi: say which by --kafka",
        ))
    }

    fn may_let_go(&self, _run: &RunId) -> Result<(), Stop> {
        Ok(())
    }

    /// A snapshot shares its blocks, and what is too little shows when it is made.
    fn has_room_and_leave(&self, _reads: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn broker_processes(&self) -> Arc<dyn BrokerProcesses + Send + Sync> {
        Arc::new(Processes::new(self.volumes.clone()))
    }

    fn broker_start(&self) -> Arc<dyn BrokerStart + Send + Sync> {
        Arc::new(self.brokers.clone())
    }

    /// Nobody restarts them.
    fn leave_brokers_alone(&self) -> Seen<()> {
        Ok(())
    }

    fn leaves_brokers_alone(&self) -> Seen<()> {
        Ok(())
    }

    fn stop_brokers(&self, within: Duration) -> Seen<Vec<BrokerAnswer>> {
        self.brokers.stop_within(within)
    }

    fn open_flush(&self) -> Result<Box<dyn Flush>, Stop> {
        let handles = FlushHandles::open(&self.volumes).map_err(Stop::failed)?;
        Ok(Box::new(Handles(handles)))
    }

    fn flush_notes(&self) -> Box<dyn FlushNotes> {
        let mirror = self.folder.mirror.clone();
        Box::new(InFolder::new(self.store.clone(), mirror))
    }

    fn guard_socket(&self) -> PathBuf {
        socket(self.dir(), &self.folder.mirror)
    }

    fn guard_note(&self) -> String {
        "the guard".to_owned()
    }

    fn guard_line(&self, _run: &RunId) -> Arc<dyn Line> {
        Arc::new(SocketLine::new(self.guard_socket()))
    }

    fn guard_launch(&self, run: &RunId, with: GuardWith) -> Box<dyn Launch> {
        let log = log_file(self.dir(), run);
        Box::new(GuardProcess::new(&self.config_file, log, run, with))
    }

    /// Nothing is noted anywhere but in runs.
    fn let_go(&self) -> Result<bool, Stop> {
        Ok(false)
    }

    /// Connect's own REST is by hand.
    fn by_hand(&self) -> Result<Vec<String>, Stop> {
        Ok(Vec::new())
    }

    /// Nobody deletes them with the volumes.
    fn retain(&self, _run: &RunId) -> Result<(), Stop> {
        Ok(())
    }

    fn is_kept(&self, _run: &RunId) -> Result<bool, Stop> {
        Ok(true)
    }

    /// Its store is elsewhere than the volumes as it is.
    fn keep(&self, _run: &RunId) -> Result<(), Stop> {
        Ok(())
    }

    /// Its store, `slackwater status` and the program itself tell it.
    fn tell(&self, _run: &RunId, _news: &News) {}

    fn stands_by(&self) -> bool {
        false
    }

    /// A run's id ends with the process that began it.
    fn is_beginning(&self, run: &RunId) -> bool {
        let process = run.as_str().rsplit('-').next().unwrap_or_default();
        Path::new("/proc").join(process).exists()
    }
}

struct Handles(FlushHandles);

impl VolumeFlush for Handles {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        self.0.flush()
    }
}

impl Flush for Handles {
    fn write_ahead(&self) {
        self.0.write_ahead();
    }

    fn ahead_every_ms(&self) -> u64 {
        AHEAD_MS
    }

    fn told(&self) -> BTreeMap<String, String> {
        self.0.told()
    }

    /// It lies nowhere else.
    fn is_kept(&self, _: &str) {}
}

impl Leases for FolderLeases {
    fn look(&self) -> Result<LeaseState, Stop> {
        Lease::read(&self.dir, &self.mirror).map_err(Stop::failed)
    }

    /// A lock is held by a process that lives.
    fn watch(&self) -> Result<LeaseState, Stop> {
        self.look()
    }

    fn take(&self, holder: Holder) -> Result<Box<dyn Held>, Stop> {
        let lease = Lease::try_take(&self.dir, &self.mirror, holder).map_err(Stop::held)?;
        Ok(Box::new(Locked(lease)))
    }

    fn take_over(&self, holder: Holder) -> Result<Box<dyn Held>, Stop> {
        let lease = Lease::take_over(&self.dir, &self.mirror, holder).map_err(Stop::held)?;
        Ok(Box::new(Locked(lease)))
    }
}

/// The kernel keeps it for as long as this process lives.
struct Locked(Lease);

impl Held for Locked {
    fn holder(&self) -> &Holder {
        self.0.holder()
    }

    fn taken_from(&self) -> Option<&Holder> {
        self.0.taken_from()
    }

    fn is_ours(&self) -> bool {
        true
    }

    fn sign(&mut self, holder: Holder) -> Result<(), String> {
        self.0.update(holder).map_err(|error| error.to_string())
    }

    fn note_by_hand(&self, _lines: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn release(self: Box<Self>) -> Result<(), String> {
        self.0.release().map_err(|error| error.to_string())
    }
}

fn connect(mirror: &Mirror, kafka: &KafkaClusters) -> Result<ConnectClusters, Stop> {
    let mut addresses = config::addresses(&mirror.clusters[&Cluster::Mirror].bootstrap);
    if let Ok(view) = kafka.describe(&Cluster::Mirror) {
        addresses.extend(
            view.brokers
                .into_iter()
                .filter_map(|broker| Some((broker.host, u16::try_from(broker.port).ok()?))),
        );
    }
    let sites = || mirror.connect.iter();
    let selection = Selection {
        mirror_addresses: addresses,
        listed: sites().flat_map(|one| one.connectors.clone()).collect(),
        ignored: sites().flat_map(|one| one.ignore.clone()).collect(),
    };
    let options = sites().map(|one| one.options.clone()).collect();
    ConnectClusters::new(options, selection).map_err(Stop::bad_input)
}
