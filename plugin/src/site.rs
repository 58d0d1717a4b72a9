//! A configuration with its adapters: everything that a phase can be given.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use slackwater_connect::{ConnectClusters, Selection};
use slackwater_content::{Folders, SnapshotContent};
use slackwater_cut::Cut;
use slackwater_host::{Entry, Host, HostOptions, Limits, PhaseName, Ports};
use slackwater_kafka::KafkaClusters;
use slackwater_ports::{Cluster, Heads, Outcome, RunStore};
use slackwater_store::{RunHandle, RunId, Store};
use slackwater_volumes::{Processes, RunName, Snapshots};

use crate::adapters::{NoGuard, SystemClock, Terminal};
use crate::components::Components;
use crate::config::{self, Mirror};
use crate::exit::Stop;
use crate::recording::{FOLDER, Recorder};

/// See the module.
pub struct Site {
    /// The checked configuration.
    pub mirror: Mirror,
    /// Where it was read from, in full: the guard reads it again.
    pub config_file: PathBuf,
    /// Run documents and the lease.
    pub store: Store,
    /// Where progress goes.
    pub terminal: Arc<Terminal>,
    /// Whether snapshots may be plain copies.
    pub allow_plain_copy: bool,
    /// The phases.
    pub components: Components,
    /// Phases taken from files, as `PHASE=FILE`: the guard is told too.
    pub overrides: Vec<String>,
    /// What becomes of recordings; none are made where nothing is said.
    pub recorder: Recorder,
    kafka: Arc<KafkaClusters>,
    connect: Arc<ConnectClusters>,
    host: Host,
}

impl Site {
    /// Reads the configuration and sets the adapters up. Only the mirror's
    /// brokers are asked for, so that their advertised addresses are known;
    /// where they don't answer, the bootstrap addresses have to do.
    ///
    /// # Errors
    /// Whatever is wrong with the configuration or the store.
    pub fn open(config_file: &Path, terminal: Terminal) -> Result<Self, Stop> {
        let config_file = std::path::absolute(config_file).map_err(Stop::bad_input)?;
        let mirror = config::load(&config_file).map_err(Stop::bad_input)?;
        Self::of(mirror, config_file, terminal)
    }

    /// The same for a configuration that was read already.
    pub fn of(mirror: Mirror, config_file: PathBuf, terminal: Terminal) -> Result<Self, Stop> {
        if !mirror.store.exists() {
            let store = mirror.store.display();
            terminal.say(&format!(
                "there was no store at {store}: it is made, and holds no run"
            ));
        }
        let store = Store::open(&mirror.store).map_err(Stop::bad_input)?;
        let kafka = Arc::new(KafkaClusters::new(mirror.clusters.clone()));
        let connect = Arc::new(connect(&mirror, &kafka)?);
        let host = Host::new(HostOptions {
            cache_dir: Some(store.dir().join("compiled")),
        })
        .map_err(Stop::failed)?;
        Ok(Self {
            store,
            terminal: Arc::new(terminal),
            allow_plain_copy: false,
            components: Components::embedded().map_err(Stop::failed)?,
            overrides: Vec::new(),
            recorder: Recorder::default(),
            kafka,
            connect,
            host,
            mirror,
            config_file,
        })
    }

    /// Keeps recordings of this run's phases beside its cut.
    pub fn keep_recordings(&mut self) {
        self.recorder.keep_in(self.store.dir().join(FOLDER));
    }

    /// Takes a phase from a file: `PHASE=FILE`.
    ///
    /// # Errors
    /// Another form, a phase that is none, a file that can't be read.
    pub fn take_component(&mut self, pair: &str) -> Result<(), Stop> {
        let (phase, file) = split_phase(pair, "PHASE=FILE")?;
        let file = std::path::absolute(file).map_err(Stop::bad_input)?;
        self.components
            .take_file(phase, &file)
            .map_err(Stop::bad_input)?;
        self.overrides.push(format!("{phase}={}", file.display()));
        Ok(())
    }

    /// Connect, for the guard.
    pub fn connect(&self) -> &ConnectClusters {
        &self.connect
    }

    /// Kafka, for commands that look themselves.
    pub fn kafka(&self) -> &KafkaClusters {
        &self.kafka
    }

    /// The snapshots.
    ///
    /// # Errors
    /// A driver that does not fit the volumes.
    pub fn snapshots(&self) -> Result<Snapshots, Stop> {
        let driver = self
            .mirror
            .snapshot
            .driver(self.allow_plain_copy)
            .map_err(Stop::bad_input)?;
        Snapshots::new(driver, self.mirror.volumes.clone()).map_err(Stop::bad_input)
    }

    /// The run document of `run`.
    ///
    /// # Errors
    /// One that is not there or can't be read.
    pub fn cut(&self, run: &RunId) -> Result<Cut, Stop> {
        let record = self.store.load(run).map_err(Stop::bad_input)?;
        Cut::trusted(&record.document).map_err(Stop::failed)
    }

    /// What the snapshot of `run` holds.
    ///
    /// # Errors
    /// See [`Site::snapshots`].
    pub fn content(&self, run: &RunId) -> Result<SnapshotContent, Stop> {
        let name = RunName::new(run.as_str()).map_err(Stop::bad_input)?;
        let at = self.store.dir().join("open").join(run.as_str());
        Ok(SnapshotContent::new(self.snapshots()?, name, at))
    }

    /// All ports but those of the guard, for `run`.
    ///
    /// # Errors
    /// See [`Site::snapshots`].
    pub fn ports(&self, run: &RunId) -> Result<Ports, Stop> {
        let name = RunName::new(run.as_str()).map_err(Stop::bad_input)?;
        Ok(Ports {
            volume_content: Some(Arc::new(self.content(run)?)),
            volume_snapshot: Some(Arc::new(self.snapshots()?.of_run(name))),
            ..self.ports_on(Arc::new(RunHandle::new(self.store.clone(), run.clone())))
        })
    }

    /// The ports that look and act on the clusters, with this document.
    pub fn ports_on(&self, document: Arc<dyn RunStore + Send + Sync>) -> Ports {
        Ports {
            clock: Some(Arc::new(SystemClock)),
            progress: Some(self.terminal.clone()),
            log: Some(self.terminal.clone()),
            run_store: Some(document),
            heads: Some(self.kafka.clone()),
            records: Some(self.kafka.clone()),
            groups: Some(self.kafka.clone()),
            mirror_look: Some(self.connect.clone()),
            mirror_start: Some(self.connect.clone()),
            connector_position: Some(self.connect.clone()),
            broker_processes: Some(Arc::new(Processes::new(self.mirror.volumes.clone()))),
            broker_start: Some(Arc::new(self.mirror.brokers.clone())),
            // No volumes: whoever has some to read names them.
            volume_content: Some(Arc::new(Folders::new(Vec::new()))),
            ..Ports::default()
        }
    }

    /// These ports for a phase that looks at what nobody holds.
    pub fn without_guard(&self, ports: Ports) -> Ports {
        Ports {
            guard_look: Some(Arc::new(NoGuard)),
            ..ports
        }
    }

    /// Compiles the phases into the cache, so that none is compiled while the
    /// mirror is held. Takes seconds the first time.
    ///
    /// # Errors
    /// A component that is none of its phase's.
    pub fn prepare(&self) -> Result<(), Stop> {
        for phase in PhaseName::ALL {
            self.host
                .check(phase, self.components.get(phase))
                .map_err(|error| Stop::bad_input(format!("{phase}: {error}")))?;
        }
        Ok(())
    }

    /// Runs one export of a phase. Blocks.
    ///
    /// # Errors
    /// The phase's own failure, or why it could not be run.
    pub fn run(&self, phase: PhaseName, entry: Entry, ports: Ports) -> Result<Outcome, Stop> {
        self.run_within(phase, entry, ports, Limits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As for [`Site::run`], the limit among them.
    pub fn run_within(
        &self,
        phase: PhaseName,
        entry: Entry,
        ports: Ports,
        limits: Limits,
    ) -> Result<Outcome, Stop> {
        let component = self.components.get(phase);
        let tape = self.recorder.begin(phase, entry, component.sha256());
        let ports = match &tape {
            Some(tape) => ports.recorded(tape),
            None => ports,
        };
        let run = self
            .host
            .run(phase, entry, component, ports, limits)
            .map_err(Stop::failed)?;
        if let Some(tape) = tape {
            self.recorder.end(phase, entry, &tape, &run.ended);
        }
        tracing::debug!(%phase, %entry, fuel = run.fuel_used, ready = ?run.ready, wall = ?run.wall, "ran");
        Ok(run.ended?)
    }
}

/// `PHASE=VALUE`, or what was wanted.
pub(crate) fn split_phase<'a>(pair: &'a str, form: &str) -> Result<(PhaseName, &'a str), Stop> {
    let (phase, value) = pair
        .split_once('=')
        .ok_or_else(|| Stop::bad_input(format!("{pair:?} is not {form}")))?;
    Ok((phase.parse().map_err(Stop::bad_input)?, value))
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
    let selection = Selection {
        mirror_addresses: addresses,
        listed: mirror
            .connect
            .iter()
            .flat_map(|one| one.connectors.clone())
            .collect(),
        ignored: mirror
            .connect
            .iter()
            .flat_map(|one| one.ignore.clone())
            .collect(),
    };
    let options = mirror
        .connect
        .iter()
        .map(|one| one.options.clone())
        .collect();
    ConnectClusters::new(options, selection).map_err(Stop::bad_input)
}
