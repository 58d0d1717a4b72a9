//! A configuration with its adapters: everything that a phase can be given.

mod flush_notes;
mod ground;
mod local;
mod runs;
mod strimzi;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use slackwater_content::Folders;
use slackwater_cut::{Cut, Settings};
use slackwater_host::{Entry, Host, HostOptions, Limits, PhaseName, Ports};
use slackwater_kafka::{ClusterOptions, KafkaClusters};
use slackwater_ports::{Cluster, Outcome, RunStore};
use slackwater_store::RunId;

pub use ground::{Feeders, Flush, FlushNotes, Ground, GuardWith, Held, Launch, Leases, Line, News};
pub use local::Local;
pub use runs::{Document, DocumentError, Listed, Runs};
pub(crate) use strimzi::volumes_of;
pub use strimzi::{
    Apart, KafkaName, Left, Need, OPTED_IN, RestoredContent, SCRATCH, Strimzi, opted_in, order_key,
    sealed_once,
};

use crate::adapters::{NoGuard, ScratchStore, SystemClock, Terminal};
use crate::components::Components;
use crate::config::{self, Mirror};
use crate::exit::Stop;
use crate::recording::{FOLDER, Recorder};

/// Where an image has the phases compiled. What was compiled for another
/// processor is compiled again.
const COMPILED: &str = "/usr/local/share/slackwater/compiled";

/// See the module.
pub struct Site {
    /// The mirror, as cuts name it.
    pub name: String,
    /// How the clusters are reached.
    pub clusters: BTreeMap<Cluster, ClusterOptions>,
    /// What a run is asked to do.
    pub settings: Settings,
    /// Whether the configuration says by itself what a run has to prove.
    pub names_required: bool,
    /// How long a run may take from the resume to the close, ms.
    pub close_ms: u64,
    /// Where progress goes.
    pub terminal: Arc<Terminal>,
    /// Whether snapshots may be plain copies.
    pub allow_plain_copy: bool,
    /// Whether the Kafka is left to its operator while the mirror is held.
    pub leaves_kafka: bool,
    /// The phases.
    pub components: Components,
    /// Phases taken from files, as `PHASE=FILE`: the guard is told too.
    pub overrides: Vec<String>,
    /// What becomes of recordings; none are made where nothing is said.
    pub recorder: Recorder,
    ground: Arc<dyn Ground>,
    local: Option<Arc<Local>>,
    strimzi: Option<Arc<Strimzi>>,
    kafka: Arc<KafkaClusters>,
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
        let kafka = Arc::new(KafkaClusters::new(mirror.clusters.clone()));
        let local = Arc::new(Local::open(&mirror, config_file, &kafka)?);
        let host = Host::new(HostOptions {
            cache_dir: Some(local.dir().join("compiled")),
        })
        .map_err(Stop::failed)?;
        Ok(Self {
            name: mirror.name.to_string(),
            clusters: mirror.clusters,
            settings: mirror.settings,
            names_required: mirror.names_required,
            close_ms: mirror.close_ms,
            terminal: Arc::new(terminal),
            allow_plain_copy: false,
            leaves_kafka: false,
            components: Components::embedded().map_err(Stop::failed)?,
            overrides: Vec::new(),
            recorder: Recorder::default(),
            ground: local.clone(),
            local: Some(local),
            strimzi: None,
            kafka,
            host,
        })
    }

    /// A mirror in Strimzi, with all that is found there of it.
    ///
    /// # Errors
    /// Whatever is not as it has to be, before anything is touched.
    pub fn in_strimzi(
        kafka: &KafkaName,
        kubeconfig: Option<&Path>,
        need: &Need,
        terminal: Terminal,
    ) -> Result<Self, Stop> {
        let opened = Strimzi::open(kafka, kubeconfig, need)?;
        let strimzi = Arc::new(opened.strimzi);
        let shipped = Path::new(COMPILED);
        let cache = match shipped.is_dir() {
            true => Some(shipped.to_owned()),
            // Of a pod: where it may write at all.
            false => {
                let cache = std::env::temp_dir().join("compiled");
                std::fs::create_dir_all(&cache).ok().map(|()| cache)
            }
        };
        Ok(Self {
            name: kafka.to_string(),
            settings: opened.settings,
            names_required: opened.names_required,
            close_ms: opened.close_ms,
            terminal: Arc::new(terminal),
            allow_plain_copy: false,
            leaves_kafka: false,
            components: Components::embedded().map_err(Stop::failed)?,
            overrides: Vec::new(),
            recorder: Recorder::default(),
            ground: strimzi.clone(),
            local: None,
            strimzi: Some(strimzi),
            kafka: Arc::new(KafkaClusters::new(opened.clusters.clone())),
            clusters: opened.clusters,
            host: Host::new(HostOptions { cache_dir: cache }).map_err(Stop::failed)?,
        })
    }

    /// What the mirror stands on.
    pub fn ground(&self) -> &dyn Ground {
        &*self.ground
    }

    /// Leaves the Kafka to its operator: here, and in the guard that is started from here.
    ///
    /// # Errors
    /// The mirror has no operator.
    pub fn leave_kafka(&mut self) -> Result<(), Stop> {
        self.ground.leave_kafka()?;
        self.leaves_kafka = true;
        Ok(())
    }

    /// Where run documents are.
    pub fn runs(&self) -> &Runs {
        self.ground.runs()
    }

    /// This machine, for what is only done on one.
    ///
    /// # Errors
    /// The mirror is in a Kubernetes.
    pub fn local(&self) -> Result<&Local, Stop> {
        self.local.as_deref().ok_or_else(|| {
            Stop::bad_input(format!(
                "{} is in a Kubernetes: this works on volumes that are mounted here",
                self.name
            ))
        })
    }

    /// Its Kubernetes, if it is in one.
    pub fn strimzi(&self) -> Option<&Strimzi> {
        self.strimzi.as_deref()
    }

    /// Keeps recordings of this run's phases beside its cut.
    pub fn keep_recordings(&mut self) {
        if let Some(local) = &self.local {
            self.recorder.keep_in(local.dir().join(FOLDER));
        }
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

    /// Kafka, for commands that look themselves.
    pub fn kafka(&self) -> &KafkaClusters {
        &self.kafka
    }

    /// The run document of `run`.
    ///
    /// # Errors
    /// One that is not there or can't be read.
    pub fn cut(&self, run: &RunId) -> Result<Cut, Stop> {
        let record = self.runs().load(run).map_err(Stop::bad_input)?;
        Cut::trusted(&record.document).map_err(Stop::failed)
    }

    /// All ports but those of the guard, for `run`.
    ///
    /// # Errors
    /// Volumes that can't be snapped as they are to be.
    pub fn ports(&self, run: &RunId) -> Result<Ports, Stop> {
        let plain = self.allow_plain_copy;
        Ok(Ports {
            volume_content: Some(self.ground.volume_content(run, plain)?),
            volume_snapshot: Some(self.ground.volume_snapshot(run, plain)?),
            ..self.ports_on(Arc::new(self.runs().document(run)))
        })
    }

    /// The ports that look and act on the clusters, with this document.
    pub fn ports_on(&self, document: Arc<dyn RunStore + Send + Sync>) -> Ports {
        let feeders = self.ground.feeders();
        Ports {
            clock: Some(Arc::new(SystemClock)),
            progress: Some(self.terminal.clone()),
            log: Some(self.terminal.clone()),
            run_store: Some(document),
            heads: Some(self.kafka.clone()),
            records: Some(self.kafka.clone()),
            groups: Some(self.kafka.clone()),
            mirror_look: Some(feeders.look.clone()),
            mirror_start: Some(feeders.start.clone()),
            connector_position: Some(feeders.position.clone()),
            broker_processes: Some(self.ground.broker_processes()),
            broker_start: Some(self.ground.broker_start()),
            // No volumes: whoever has some to read names them.
            volume_content: Some(Arc::new(Folders::new(Vec::new()))),
            ..Ports::default()
        }
    }

    /// The ports of a phase that nobody holds the mirror for, and that writes into this
    /// document alone.
    pub fn ports_on_scratch(&self, document: String) -> (Arc<ScratchStore>, Ports) {
        let store = Arc::new(ScratchStore::new(document));
        let ports = self.without_guard(self.ports_on(store.clone()));
        (store, ports)
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
        let usual = Limits::default();
        let wall = match entry {
            // The mirror runs, and there may be much to read.
            Entry::ProveContent | Entry::CompareVolumes => {
                usual.wall.max(Duration::from_millis(self.close_ms))
            }
            _ => usual.wall,
        };
        self.run_within(phase, entry, ports, Limits { wall, ..usual })
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
