//! A server of the lab (broker or Connect worker) that can be paused, killed,
//! stopped and started again. Ends only its own process.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::Signal;

use crate::error::LabError;
use crate::jvm::{Jvm, Server};
use crate::process::Process;

/// Everything that is needed to start a server again as it was.
#[derive(Debug)]
pub struct Service {
    name: String,
    jvm: Jvm,
    class: &'static str,
    heap: &'static str,
    prefix: Vec<String>,
    properties: PathBuf,
    directory: PathBuf,
    log: PathBuf,
    process: Mutex<Option<Process>>,
}

/// What a [`Service`] is made of.
pub(crate) struct ServiceSpec {
    pub(crate) name: String,
    pub(crate) class: &'static str,
    pub(crate) heap: &'static str,
    pub(crate) prefix: Vec<String>,
    pub(crate) properties: PathBuf,
    pub(crate) run_dir: PathBuf,
}

impl Service {
    /// A server that does not run yet; its log is `<run_dir>/logs/<name>.log`.
    pub(crate) fn new(jvm: &Jvm, spec: ServiceSpec) -> Self {
        let log = spec.run_dir.join("logs").join(format!("{}.log", spec.name));
        Self {
            name: spec.name,
            jvm: jvm.clone(),
            class: spec.class,
            heap: spec.heap,
            prefix: spec.prefix,
            properties: spec.properties,
            directory: spec.run_dir,
            log,
            process: Mutex::new(None),
        }
    }

    /// The server's name in the lab, e.g. `mirror-1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its log file: everything that it ever printed.
    #[must_use]
    pub fn log(&self) -> &std::path::Path {
        &self.log
    }

    /// Its properties file.
    #[must_use]
    pub fn properties_file(&self) -> &std::path::Path {
        &self.properties
    }

    /// Its process id; `None` while it is stopped.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::pid)
    }

    /// Starts the server; the call does not wait until it answers.
    ///
    /// # Errors
    /// When it runs already, or can't be started.
    pub fn start(&self) -> Result<(), LabError> {
        let mut process = self.lock();
        if let Some(running) = process.as_mut()
            && running.check_alive().is_ok()
        {
            return Err(LabError::Invalid(format!(
                "{} runs already: stop it first",
                self.name
            )));
        }
        *process = Some(self.jvm.serve(&Server {
            name: &self.name,
            class: self.class,
            heap: self.heap,
            prefix: &self.prefix,
            properties: &self.properties,
            directory: &self.directory,
            log: &self.log,
        })?);
        Ok(())
    }

    /// SIGSTOP: the process is frozen, its sockets stay open.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self) -> Result<(), LabError> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT: undoes [`Self::pause`].
    ///
    /// # Errors
    /// When it does not run.
    pub fn cont(&self) -> Result<(), LabError> {
        self.signal(Signal::CONT)
    }

    /// SIGKILL, and waits for the end.
    pub fn kill9(&self) {
        if let Some(mut process) = self.lock().take() {
            process.kill();
        }
    }

    /// SIGTERM, waits for the end, and gives whether it ended by itself (true)
    /// or had to be killed after 30 s (false).
    ///
    /// # Errors
    /// When it can't be signalled.
    pub fn stop(&self) -> Result<bool, LabError> {
        match self.lock().take() {
            Some(mut process) => process.stop(),
            None => Ok(true),
        }
    }

    /// `Err` when the server is not running.
    ///
    /// # Errors
    /// [`LabError::Died`] with the end of its log.
    pub fn check_alive(&self) -> Result<(), LabError> {
        match self.lock().as_mut() {
            Some(process) => process.check_alive(),
            None => Err(self.not_running()),
        }
    }

    /// SIGKILL without waiting, so that several can end at once.
    pub(crate) fn kill_soon(&self) {
        if let Some(process) = self.lock().as_mut() {
            process.kill_soon();
        }
    }

    fn signal(&self, signal: Signal) -> Result<(), LabError> {
        match self.lock().as_mut() {
            Some(process) => process.signal(signal),
            None => Err(self.not_running()),
        }
    }

    fn not_running(&self) -> LabError {
        LabError::Invalid(format!("{} does not run: start it first", self.name))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
