//! Starting a guard, and the guard as the ports that phases see.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use slackwater_ports::{
    Answer, BrokerAnswer, BrokerStop, Clock, ConnectorRef, Flushed, GuardLook, GuardStart,
    GuardView, MirrorStop, PortError, PortErrorKind, Seen, VolumeFlush,
};
use slackwater_store::RunId;

use super::GuardClient;
use crate::adapters::SystemClock;
use crate::site::{GuardWith, Launch};

/// How long a guard may take until it answers: it starts a program and opens
/// the volumes.
const START_MS: u64 = 15_000;

/// Between two tries.
const LOOK_MS: u64 = 20;

/// This very program, even where its file was replaced meanwhile: a guard of
/// another version would hold the mirror with other phases.
const PROGRAM: &str = "/proc/self/exe";

/// A guard that is a process of this very program, detached.
pub struct GuardProcess {
    config_file: PathBuf,
    log: PathBuf,
    run: RunId,
    with: GuardWith,
}

impl GuardProcess {
    /// For `run`; what it has to say goes to `log`.
    pub fn new(config_file: &Path, log: PathBuf, run: &RunId, with: GuardWith) -> Self {
        Self {
            config_file: config_file.to_owned(),
            log,
            run: run.clone(),
            with,
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder)?;
        }
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)?;
        Command::new(PROGRAM)
            .arg("guard")
            .arg("--config")
            .arg(&self.config_file)
            .args(["--run", self.run.as_str()])
            .args(self.with.args())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
    }

    fn last_words(&self) -> String {
        fs::read_to_string(&self.log)
            .ok()
            .and_then(|log| log.lines().last().map(str::to_owned))
            .unwrap_or_else(|| "it said nothing".to_owned())
    }
}

impl Launch for GuardProcess {
    fn launch(&self, alive: &dyn Fn() -> bool) -> Seen<()> {
        let fault = |message: String| PortError::new(PortErrorKind::Refused, message);
        let mut child = self
            .start()
            .map_err(|error| fault(format!("can't start the guard: {error}")))?;
        let give_up = SystemClock.monotonic_ms() + START_MS;
        loop {
            if alive() {
                return Ok(());
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(fault(format!(
                    "the guard ended at once ({status}): {}",
                    self.last_words()
                )));
            }
            if SystemClock.monotonic_ms() > give_up {
                return Err(fault(format!(
                    "the guard does not answer within {START_MS} ms; see {}",
                    self.log.display()
                )));
            }
            SystemClock.sleep_ms(LOOK_MS);
        }
    }
}

/// The guard of one run, as ports.
pub struct GuardPort {
    client: GuardClient,
    launch: Box<dyn Launch>,
    /// Whether the run ends with this process.
    leashed: bool,
    leash: Mutex<Option<Box<dyn Send>>>,
}

impl GuardPort {
    /// With `leashed`, the run is given up when this process ends before it.
    pub fn new(client: GuardClient, launch: Box<dyn Launch>, leashed: bool) -> Self {
        Self {
            client,
            launch,
            leashed,
            leash: Mutex::new(None),
        }
    }
}

impl GuardStart for GuardPort {
    fn engage(&self, window_ms: u64) -> Seen<GuardView> {
        if self.client.look().is_err() {
            self.launch.launch(&|| self.client.look().is_ok())?;
        }
        let mut leash = self.leash.lock().unwrap_or_else(PoisonError::into_inner);
        if self.leashed && leash.is_none() {
            *leash = Some(self.client.attach()?);
        }
        self.client.engage(window_ms)
    }
}

impl GuardLook for GuardPort {
    fn guard(&self) -> Seen<GuardView> {
        self.client.look()
    }
}

impl MirrorStop for GuardPort {
    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        let told = self.client.stop(connectors);
        told.unwrap_or_else(|error| Answer::none_told(connectors, &error))
    }
}

impl BrokerStop for GuardPort {
    fn stop_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        self.client.stop_brokers()
    }
}

impl VolumeFlush for GuardPort {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        self.client.flush()
    }
}
