//! Starting a guard, and the guard as the ports that phases see.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use slackwater_ports::{
    Answer, BrokerAnswer, BrokerStop, Clock, ConnectorRef, Flushed, GuardLook, GuardStart,
    GuardView, MirrorStop, PortError, PortErrorKind, Seen, VolumeFlush,
};
use slackwater_store::RunId;

use super::{GuardClient, log_file};
use crate::adapters::SystemClock;
use crate::site::Site;

/// How long a guard may take until it answers: it starts a program and opens
/// the volumes.
const START_MS: u64 = 15_000;

/// Between two tries.
const LOOK_MS: u64 = 20;

/// This very program, even where its file was replaced meanwhile: a guard of
/// another version would hold the mirror with other phases.
const PROGRAM: &str = "/proc/self/exe";

/// How a guard is started: this very program, detached.
pub struct Launcher {
    config_file: PathBuf,
    log: PathBuf,
    run: RunId,
    plain_copy: bool,
    overrides: Vec<String>,
    records: bool,
}

impl Launcher {
    /// For `run`.
    pub fn new(site: &Site, run: &RunId) -> Self {
        Self {
            config_file: site.config_file.clone(),
            log: log_file(site.store.dir(), run),
            run: run.clone(),
            plain_copy: site.allow_plain_copy,
            overrides: site.overrides.clone(),
            records: site.recorder.keeps(),
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
        let mut command = Command::new(PROGRAM);
        command
            .arg("guard")
            .arg("--config")
            .arg(&self.config_file)
            .args(["--run", self.run.as_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if self.plain_copy {
            command.arg("--allow-plain-copy");
        }
        if !self.records {
            command.arg("--no-recording");
        }
        for pair in &self.overrides {
            command.args(["--component", pair]);
        }
        command.spawn()
    }
}

/// The guard of one run, as ports.
pub struct GuardPort {
    client: GuardClient,
    launcher: Launcher,
    /// Whether the run ends with this process.
    leashed: bool,
    leash: Mutex<Option<UnixStream>>,
}

impl GuardPort {
    /// With `leashed`, the run is given up when this process ends before it.
    pub fn new(client: GuardClient, launcher: Launcher, leashed: bool) -> Self {
        Self {
            client,
            launcher,
            leashed,
            leash: Mutex::new(None),
        }
    }

    fn started(&self) -> Seen<()> {
        let fault = |message: String| PortError::new(PortErrorKind::Refused, message);
        let mut child = self
            .launcher
            .start()
            .map_err(|error| fault(format!("can't start the guard: {error}")))?;
        let give_up = SystemClock.monotonic_ms() + START_MS;
        loop {
            if self.client.look().is_ok() {
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
                    self.launcher.log.display()
                )));
            }
            SystemClock.sleep_ms(LOOK_MS);
        }
    }

    fn last_words(&self) -> String {
        fs::read_to_string(&self.launcher.log)
            .ok()
            .and_then(|log| log.lines().last().map(str::to_owned))
            .unwrap_or_else(|| "it said nothing".to_owned())
    }
}

impl GuardStart for GuardPort {
    fn engage(&self, window_ms: u64) -> Seen<GuardView> {
        if self.client.look().is_err() {
            self.started()?;
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
        self.client.stop(connectors).unwrap_or_else(|error| {
            let refused = |one: &ConnectorRef| Answer {
                connector: one.clone(),
                accepted: Err(error.clone()),
            };
            connectors.iter().map(refused).collect()
        })
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
