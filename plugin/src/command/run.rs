//! What backup and phase share: beginning a run, running its phases, giving
//! it up.

use std::sync::Arc;

use clap::Args;
use slackwater_cut::Cut;
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{Clock, Outcome};
use slackwater_store::{Holder, Lease, LeaseState, RunId};

use crate::adapters::{ScratchStore, SystemClock};
use crate::exit::Stop;
use crate::guard::{GuardClient, GuardPort, Launcher, Recovered, recover, socket, void};
use crate::site::{Site, split_phase};

/// How long a mirror that is settled may run before it is stopped once more.
const SETTLE_MS: u64 = 5_000;

/// What a run may accept. All of it is kept in the cut.
#[derive(Debug, Args, Default)]
pub(super) struct Accept {
    /// A source topic whose timestamps say nothing about retention (0, -1, or
    /// filled in later).
    #[arg(long, value_name = "TOPIC")]
    accept_retention_risk: Vec<String>,
    /// Take a mirror that someone else stopped, and leave it stopped.
    #[arg(long)]
    allow_stopped: bool,
    /// Where Connect cancelled tasks, so that the mirror is ahead of its
    /// committed offsets: resume it briefly and stop it once more. The records
    /// ahead are then on the mirror twice.
    #[arg(long)]
    settle: bool,
    /// Partitions with nothing left to compare fail `resumable`.
    #[arg(long)]
    strict: bool,
    /// Snapshots may be plain copies where blocks can't be shared.
    #[arg(long)]
    allow_plain_copy: bool,
    /// Refuse a component of a phase with another digest: `PHASE=SHA256`.
    #[arg(long, value_name = "PHASE=SHA256")]
    require_digest: Vec<String>,
    /// Take a phase from a file: `PHASE=FILE`.
    #[arg(long, value_name = "PHASE=FILE")]
    component: Vec<String>,
}

impl Accept {
    /// Prepares the site for it.
    pub(super) fn apply(&self, site: &mut Site) -> Result<(), Stop> {
        site.allow_plain_copy = self.allow_plain_copy;
        for pair in &self.component {
            site.take_component(pair)?;
        }
        for pair in &self.require_digest {
            let (phase, digest) = split_phase(pair, "PHASE=SHA256")?;
            site.components
                .get(phase)
                .require_digest(Some(digest))
                .map_err(|error| Stop::bad_input(format!("{phase}: {error}")))?;
        }
        let settings = &mut site.mirror.settings;
        settings
            .accept_retention_risk
            .clone_from(&self.accept_retention_risk);
        settings.allow_stopped = self.allow_stopped;
        settings.strict = self.strict;
        settings.settle = self.settle;
        Ok(())
    }
}

/// A run that is under way.
pub(super) struct Run<'a> {
    site: &'a Site,
    id: RunId,
    guard: GuardClient,
    port: Arc<GuardPort>,
}

impl<'a> Run<'a> {
    /// Begins a new run: puts right what was left behind, refuses a mirror
    /// that is held, writes the document.
    pub(super) fn begin(site: &'a Site, leashed: bool) -> Result<Self, Stop> {
        match recover(site)? {
            Recovered::Nothing => {}
            Recovered::Held(holder) => {
                let who = holder.map_or_else(|| "another run".to_owned(), |one| one.to_string());
                return Err(Stop::held(format!("the mirror is held by {who}")));
            }
            Recovered::PutRight { run, summary } => {
                site.terminal
                    .say(&format!("run {run} was left behind: {summary}"));
            }
        }
        void_what_was_left_open(site)?;
        site.prepare()?;
        let now = SystemClock.now_ms();
        let id: RunId = format!(
            "{}-{now}-{}",
            slug(site.mirror.name.as_str()),
            std::process::id()
        )
        .parse()
        .map_err(Stop::failed)?;
        let mut cut = Cut::open(
            id.to_string(),
            site.mirror.name.to_string(),
            now,
            site.mirror.settings.clone(),
        );
        cut.components = site.components.used();
        let document = cut.to_canonical().map_err(Stop::failed)?;
        site.store
            .create_run(&id, &document)
            .map_err(Stop::failed)?;
        Ok(Self::of(site, id, leashed))
    }

    /// Goes on with the run that holds the mirror.
    pub(super) fn current(site: &'a Site, named: Option<&RunId>) -> Result<Self, Stop> {
        let state = Lease::read(site.store.dir(), &site.mirror.name).map_err(Stop::failed)?;
        let holder = match state {
            LeaseState::Held(holder) => holder,
            LeaseState::Expired(left) => {
                let words = left.to_string();
                recover(site)?;
                return Err(Stop::failed(format!(
                    "the guard of {words} died: the mirror was resumed and the run is void"
                )));
            }
            LeaseState::Free => None,
        };
        let id = match (holder, named) {
            (Some(holder), Some(named)) if holder.run_id != *named => {
                return Err(Stop::held(format!("the mirror is held by {holder}")));
            }
            (Some(holder), _) => holder.run_id,
            (None, _) => {
                return Err(Stop::bad_input(
                    "no run holds the mirror: begin with quiesceMirror",
                ));
            }
        };
        Ok(Self::of(site, id, false))
    }

    fn of(site: &'a Site, id: RunId, leashed: bool) -> Self {
        let path = socket(site.store.dir(), &site.mirror.name);
        let guard = GuardClient::new(path, id.clone(), site.terminal.clone());
        let launcher = Launcher::new(site, &id);
        let port = Arc::new(GuardPort::new(guard.clone(), launcher, leashed));
        Self {
            site,
            id,
            guard,
            port,
        }
    }

    /// Which.
    pub(super) fn id(&self) -> &RunId {
        &self.id
    }

    /// Runs one export of a phase.
    pub(super) fn phase(&self, phase: PhaseName, entry: Entry) -> Result<Outcome, Stop> {
        let mut ports = self.site.ports(&self.id)?;
        ports.guard_look = Some(self.port.clone());
        ports.guard_start = Some(self.port.clone());
        ports.volume_flush = Some(self.port.clone());
        // Through the guard, and through nobody else: a program that was
        // overtaken can't stop what the guard has resumed.
        ports.mirror_stop = Some(self.port.clone());
        self.site.run(phase, entry, ports)
    }

    /// Waits for the drain; where the mirror is ahead of its committed offsets
    /// and the run may settle that, it does so once and waits again.
    pub(super) fn drain(&self) -> Result<Outcome, Stop> {
        let outcome = self.phase(PhaseName::AwaitDrain, Entry::Run)?;
        let ahead = outcome
            .outputs
            .iter()
            .any(|one| one.key == "ahead" && one.value != "0");
        let cut = self.site.cut(&self.id)?;
        if !ahead || !cut.settings.settle {
            return Ok(outcome);
        }
        self.site
            .terminal
            .say(&format!("settling: {}", outcome.summary));
        self.resume_briefly(cut)?;
        self.phase(PhaseName::QuiesceMirror, Entry::Run)?;
        self.phase(PhaseName::AwaitDrain, Entry::Run)
    }

    /// The connectors go on from their committed offsets; the run is back
    /// before its stop, and its deadline stays.
    fn resume_briefly(&self, mut cut: Cut) -> Result<(), Stop> {
        cut.settings.catch_up_timeout_ms = SETTLE_MS;
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let ports = self.site.ports_on(Arc::new(ScratchStore::new(document)));
        self.site.run(PhaseName::ResumeMirror, Entry::Run, ports)?;
        let handle = slackwater_store::RunHandle::new(self.site.store.clone(), self.id.clone());
        let mut session = slackwater_kit::Session::load(&handle)?;
        session.update(&handle, |cut| {
            cut.drain = None;
            cut.rows = slackwater_cut::Rows::default();
            if let Some(quiesce) = &mut cut.quiesce {
                quiesce.stopped = None;
            }
        })?;
        Ok(())
    }

    /// Lets the guard take the closing look and resume the mirror.
    pub(super) fn release(&self) -> Result<(), Stop> {
        let released = self
            .guard
            .release()
            .map_err(|error| Stop::failed(error.message))?;
        if let Err(why) = &released.bracket {
            self.site
                .terminal
                .say(&format!("warning: no closing look: {why}"));
        }
        released.resume.map_err(Stop::failed)?;
        Ok(())
    }

    /// Makes sure that the mirror runs. A run with a finished snapshot can
    /// still be closed after it; another one is given up.
    pub(super) fn resume(&self) -> Result<String, Stop> {
        let cut = self.site.cut(&self.id)?;
        let finished = cut
            .snapshot
            .is_some_and(|snapshot| snapshot.ended_ms.is_some());
        if finished {
            self.release()?;
            return Ok("the mirror runs again".to_owned());
        }
        let released = self
            .guard
            .abandon("resumed before there was a snapshot")
            .map_err(|error| Stop::failed(error.message))?;
        released.resume.map_err(Stop::failed)
    }

    /// Judges the claims and closes the cut, and lets the guard go.
    pub(super) fn close(&self) -> Result<Outcome, Stop> {
        let outcome = self.phase(PhaseName::ValidateHead, Entry::ProveContent)?;
        self.guard
            .finish()
            .map_err(|error| Stop::failed(error.message))?;
        Ok(outcome)
    }

    /// Gives the run up because of `stop`: the mirror runs again before this
    /// ends. What could not be undone is said with the cause.
    pub(super) fn give_up(&self, stop: Stop) -> Stop {
        if let Some(holder) = self.overtaken() {
            void(self.site, &self.id, &stop.cause);
            return Stop::held(format!("the mirror is held by {holder}"));
        }
        let undone = if self.guard.look().is_ok() {
            self.guard
                .abandon(&stop.cause)
                .map_err(|error| error.message)
                .and_then(|released| released.resume)
        } else {
            // No guard: nothing was stopped, or what it left is put right.
            match recover(self.site) {
                Ok(Recovered::PutRight { .. }) => {
                    let cause = format!(
                        "the guard died: the mirror was resumed, and the run is void ({})",
                        stop.cause
                    );
                    return Stop { cause, ..stop };
                }
                Ok(_) => Ok(String::new()),
                Err(error) => Err(error.cause),
            }
        };
        // Where no guard was there to do it.
        void(self.site, &self.id, &stop.cause);
        match undone {
            Ok(_) => stop,
            Err(why) => Stop::failed(format!(
                "{}; and the mirror is not resumed: {why}",
                stop.cause
            )),
        }
    }

    /// Who else took the mirror after this run began: what it does with the
    /// mirror is not this run's to undo.
    fn overtaken(&self) -> Option<Holder> {
        match Lease::read(self.site.store.dir(), &self.site.mirror.name) {
            Ok(LeaseState::Held(Some(holder))) if holder.run_id != self.id => Some(holder),
            _ => None,
        }
    }
}

/// So many of the last runs are looked at for one that was left open.
const LAST_RUNS: usize = 10;

/// A program that died before its guard lived has stopped nothing, and left
/// its run open.
fn void_what_was_left_open(site: &Site) -> Result<(), Stop> {
    let runs = site.store.list().map_err(Stop::failed)?;
    for summary in runs.into_iter().take(LAST_RUNS) {
        let Ok(record) = summary.record else { continue };
        let left = Cut::parse(&record.document)
            .is_ok_and(|cut| !cut.state.is_final() && cut.mirror == site.mirror.name.as_str());
        if left && !is_begun_by_the_living(&summary.run_id) {
            void(site, &summary.run_id, "its program ended before it did");
        }
    }
    Ok(())
}

/// A run's id ends with the process that began it.
fn is_begun_by_the_living(run: &RunId) -> bool {
    let process = run.as_str().rsplit('-').next().unwrap_or_default();
    std::path::Path::new("/proc").join(process).exists()
}

/// What a run's id may hold of a mirror's name.
fn slug(name: &str) -> String {
    name.chars()
        .take(32)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}
