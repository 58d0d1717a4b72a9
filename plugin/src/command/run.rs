//! What backup and phase share: beginning a run, running its phases, giving
//! it up.

use std::sync::{Arc, OnceLock};

use slackwater_cut::{Cut, SnapshotsBy, State, Strategy, Verify};
use slackwater_hold::{Deck, LeaseLook, Released, Salvage, Step};
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{Clock, Outcome, Seen};
use slackwater_store::{Holder, LeaseState, RunId};

use super::again::asked_again;
use crate::adapters::{ScratchStore, SystemClock};
use crate::exit::{Exit, Stop, of_claims};
use crate::guard::{GuardClient, GuardPort, Recovered, Salvor, recover, void};
use crate::site::{GuardWith, Held, News, Site};

/// How long a mirror that is settled may run before it is stopped once more.
const SETTLE_MS: u64 = 5_000;

/// A run that is under way.
pub(super) struct Run<'a> {
    site: &'a Site,
    id: RunId,
    guard: GuardClient,
    port: Arc<GuardPort>,
    /// As its document has it, once that was read: the mirror may stand still meanwhile.
    strategy: OnceLock<Strategy>,
}

impl<'a> Run<'a> {
    /// Begins a new run: puts right what was left behind, refuses a mirror
    /// that is held, writes the document.
    pub(super) fn begin(site: &'a Site, leashed: bool) -> Result<Self, Stop> {
        Self::begin_with(site, leashed, |_| ())
    }

    /// The same, with something more in its document from the first.
    pub(super) fn begin_with(
        site: &'a Site,
        leashed: bool,
        more: impl FnOnce(&mut Cut),
    ) -> Result<Self, Stop> {
        match recover(site)? {
            Recovered::Nothing => {}
            Recovered::Held(holder) => {
                let who = holder.map_or_else(|| "another run".to_owned(), |one| one.to_string());
                return Err(Stop::held(format!("the mirror is held by {who}")));
            }
            Recovered::PutRight { left, summary } => {
                let run = left.run_id;
                site.terminal
                    .say(&format!("run {run} was left behind: {summary}"));
            }
        }
        void_what_was_left_open(site)?;
        keep_what_was_closed(site);
        nothing_is_known_against_the_volumes(site)?;
        site.prepare()?;
        site.ground().is_ready()?;
        site.ground()
            .has_room_and_leave(site.settings.verify != Verify::Off)?;
        let now = SystemClock.now_ms();
        let id: RunId = format!("{}-{now}-{}", slug(&site.name), std::process::id())
            .parse()
            .map_err(Stop::failed)?;
        let mut cut = Cut::open(
            id.to_string(),
            site.name.clone(),
            now,
            site.settings.clone(),
        );
        cut.components = site.components.used();
        more(&mut cut);
        let document = cut.to_canonical().map_err(Stop::failed)?;
        site.runs().create(&id, &document).map_err(Stop::failed)?;
        let run = Self::of(site, id, leashed);
        run.strategy.get_or_init(|| cut.settings.strategy);
        Ok(run)
    }

    /// Goes on with the run that holds the mirror.
    pub(super) fn current(site: &'a Site, named: Option<&RunId>) -> Result<Self, Stop> {
        let holder = match asked_again(|| site.ground().leases().look())? {
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

    /// One that may be over: to look at it.
    pub(super) fn named(site: &'a Site, id: &RunId) -> Self {
        Self::of(site, id.clone(), false)
    }

    fn of(site: &'a Site, id: RunId, leashed: bool) -> Self {
        site.recorder.of_run(&id);
        let guard = GuardClient::of(site, &id);
        let with = GuardWith {
            plain_copy: site.allow_plain_copy,
            components: site.overrides.clone(),
            records: site.recorder.keeps(),
            leaves_kafka: site.leaves_kafka,
        };
        let launch = site.ground().guard_launch(&id, with);
        let port = Arc::new(GuardPort::new(guard.clone(), launch, leashed));
        Self {
            site,
            id,
            guard,
            port,
            strategy: OnceLock::new(),
        }
    }

    /// Which.
    pub(super) fn id(&self) -> &RunId {
        &self.id
    }

    /// Whether its guard holds the mirror at this instant; `None` where it gives no answer.
    pub(super) fn is_holding(&self) -> Option<bool> {
        self.guard.look().ok().map(|view| view.holding)
    }

    /// Has the guard wait for the snapshots that others make.
    pub(super) fn await_others(&self) -> Result<(), Stop> {
        let asked = self.guard.await_others();
        asked.map_err(|error| Stop::failed(error.message))
    }

    /// Runs one export of a phase.
    pub(super) fn run(&self, phase: PhaseName, entry: Entry) -> Result<Outcome, Stop> {
        let mut ports = self.site.ports(&self.id)?;
        ports.guard_look = Some(self.port.clone());
        ports.guard_start = Some(self.port.clone());
        ports.volume_flush = Some(self.port.clone());
        ports.broker_stop = Some(self.port.clone());
        // Through the guard, and through nobody else: a program that was
        // overtaken can't stop what the guard has resumed.
        ports.mirror_stop = Some(self.port.clone());
        self.site.run(phase, entry, ports)
    }

    /// The connectors go on from their committed offsets; the run is back
    /// before its stop, and its deadline stays.
    fn settle(&self, mut cut: Cut) -> Result<(), Stop> {
        cut.settings.catch_up_timeout_ms = SETTLE_MS;
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let ports = self.site.ports_on(Arc::new(ScratchStore::new(document)));
        self.site.run(PhaseName::ResumeMirror, Entry::Run, ports)?;
        let handle = self.site.runs().document(&self.id);
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

    /// Reads the snapshots and closes the cut; both outlive what they are of then.
    fn prove(&self) -> Result<Outcome, Stop> {
        // Whatever becomes of the reading, and of this program while it reads.
        self.site.ground().retain(&self.id)?;
        let outcome = self.run(PhaseName::ValidateHead, Entry::ProveContent)?;
        match self.site.ground().keep(&self.id) {
            Ok(()) => Ok(outcome),
            Err(stop) => Err(Stop::failed(format!(
                "the cut is closed ({}), and it goes with its namespace: {stop}; when that is mended, \
                 `slackwater verify {}` keeps it, and so does the next backup",
                outcome.summary, self.id
            ))),
        }
    }

    /// Whether it is closed; it is kept then, and the guard is let go.
    pub(super) fn kept_once_closed(&self) -> Result<bool, Stop> {
        if !matches!(self.site.cut(&self.id)?.state, State::Closed { .. }) {
            return Ok(false);
        }
        self.site.ground().keep(&self.id)?;
        if let Err(error) = self.ask_finish() {
            self.warn(&format!("the guard was not let go: {}", error.message));
        }
        Ok(true)
    }

    /// Tells whoever looks at the mirror that a step is done.
    pub(super) fn tell(&self, step: Step) {
        let news = match step {
            _ if self.is_hot() => self.news_of_hot(step),
            Step::Quiesce => vec![News::Quiesced],
            Step::Drain => vec![News::Drained],
            Step::Snapshot => vec![News::Sealed, News::Cut],
            Step::Prove => match self.site.cut(&self.id) {
                Ok(cut) => match of_claims(&cut, &cut.settings.require) {
                    Ok(()) => vec![News::Proven],
                    Err(stop) if stop.exit == Exit::Unproven => vec![News::Unproven(stop.cause)],
                    Err(stop) => vec![News::Refuted(stop.cause)],
                },
                Err(stop) => return tracing::warn!("{stop}"),
            },
        };
        for one in &news {
            self.site.ground().tell(&self.id, one);
        }
    }

    fn strategy(&self) -> Result<Strategy, Stop> {
        if let Some(strategy) = self.strategy.get() {
            return Ok(*strategy);
        }
        let strategy = self.site.cut(&self.id)?.settings.strategy;
        Ok(*self.strategy.get_or_init(|| strategy))
    }

    fn is_hot(&self) -> bool {
        self.strategy()
            .is_ok_and(|strategy| strategy == Strategy::Hot)
    }

    /// Nothing stands still, and what is proven is no backup yet.
    fn news_of_hot(&self, step: Step) -> Vec<News> {
        let why = "it is hot: no backup before it is planned and trimmed";
        match step {
            Step::Quiesce | Step::Drain => Vec::new(),
            Step::Snapshot => vec![News::Cut],
            Step::Prove => vec![News::Unproven(why.to_owned())],
        }
    }

    /// Makes sure that the mirror runs. A run with a finished snapshot can
    /// still be closed after it; another one is given up.
    pub(super) fn resume(&self) -> Result<String, Stop> {
        let cut = self.site.cut(&self.id)?;
        let finished = cut
            .snapshot
            .is_some_and(|snapshot| snapshot.ended_ms.is_some());
        if finished {
            slackwater_hold::release(self)?;
            return Ok("the mirror runs again".to_owned());
        }
        let released = self
            .guard
            .abandon("resumed before there was a snapshot")
            .map_err(|error| Stop::failed(error.message))?;
        released.resume.map_err(Stop::failed)
    }
}

impl Salvage for Run<'_> {
    type Holder = Holder;
    type Lease = Box<dyn Held>;
    type Stop = Stop;

    fn lease(&self) -> Result<LeaseLook<Holder>, Stop> {
        Salvor(self.site).lease()
    }

    fn take_over(&self, left: &Holder) -> Result<Box<dyn Held>, Stop> {
        Salvor(self.site).take_over(left)
    }

    fn resume_left(&self, left: &Holder) -> Result<String, Stop> {
        Salvor(self.site).resume_left(left)
    }

    fn void_left(&self, left: &Holder, reason: &str) {
        Salvor(self.site).void_left(left, reason);
    }

    fn give_free(&self, lease: Box<dyn Held>) -> Result<(), Stop> {
        Salvor(self.site).give_free(lease)
    }
}

impl Deck for Run<'_> {
    fn phase(&self, step: Step) -> Result<Outcome, Stop> {
        match step {
            Step::Prove => self.prove(),
            Step::Snapshot if self.strategy()? == Strategy::Hot => {
                self.run(PhaseName::SnapshotHot, Entry::Run)
            }
            step => {
                let (phase, entry) = of_step(step);
                self.run(phase, entry)
            }
        }
    }

    fn told(&self, step: Step, outcome: &Outcome) {
        let phase = of_step(step).0;
        self.site
            .terminal
            .say(&format!("{}: {}", phase.function(), outcome.summary));
        self.tell(step);
    }

    fn warn(&self, line: &str) {
        self.site.terminal.say(line);
    }

    fn may_settle(&self) -> Result<bool, Stop> {
        Ok(self.site.cut(&self.id)?.settings.settle)
    }

    fn resume_briefly(&self) -> Result<(), Stop> {
        self.settle(self.site.cut(&self.id)?)
    }

    fn ask_release(&self) -> Seen<Released> {
        let released = self.guard.release()?;
        if released.resume.is_ok() && !self.is_hot() {
            self.site.ground().tell(&self.id, &News::Resumed);
        }
        Ok(released)
    }

    fn ask_abandon(&self, reason: &str) -> Seen<Released> {
        self.guard.abandon(reason)
    }

    fn ask_finish(&self) -> Seen<()> {
        self.guard.finish()
    }

    fn guard_answers(&self) -> bool {
        self.guard.look().is_ok()
    }

    fn overtaken_by(&self) -> Option<String> {
        match self.site.ground().leases().look() {
            Ok(LeaseState::Held(Some(holder))) if holder.run_id != self.id => {
                Some(holder.to_string())
            }
            _ => None,
        }
    }

    fn void(&self, reason: &str) {
        void(self.site, &self.id, reason);
    }
}

/// Of the last run that was closed: whoever closed it may have ended before he kept it.
/// Nobody fails for it.
pub(in crate::command) fn keep_what_was_closed(site: &Site) {
    let Ok(listed) = site.runs().last_of(&site.name, LAST_RUNS) else {
        return;
    };
    let closed = listed.into_iter().find(|listed| {
        let cut = listed.record.as_ref().ok();
        let cut = cut.and_then(|record| Cut::parse(&record.document).ok());
        cut.is_some_and(|cut| matches!(cut.state, State::Closed { .. }) && cut.mirror == site.name)
    });
    let Some(closed) = closed else { return };
    let kept = site
        .ground()
        .is_kept(&closed.run)
        .and_then(|kept| match kept {
            true => Ok(()),
            false => site.ground().keep(&closed.run),
        });
    if let Err(stop) = kept {
        let run = &closed.run;
        let warning = format!("warning: the backup of run {run} goes with its namespace: {stop}");
        site.terminal.say(&warning);
    }
}

/// Its flush would fail, after the mirror was stopped for it.
fn nothing_is_known_against_the_volumes(site: &Site) -> Result<(), Stop> {
    let known = site.ground().flush_notes().known().map_err(|why| {
        Stop::failed(format!(
            "what earlier flushes told of the volumes is not known: {why}"
        ))
    })?;
    match known.into_iter().next() {
        None => Ok(()),
        Some((volume, told)) => Err(Stop::bad_input(format!("volume {volume}: {told}"))),
    }
}

fn of_step(step: Step) -> (PhaseName, Entry) {
    match step {
        Step::Quiesce => (PhaseName::QuiesceMirror, Entry::Run),
        Step::Drain => (PhaseName::AwaitDrain, Entry::Run),
        Step::Snapshot => (PhaseName::SnapshotPartitions, Entry::Run),
        Step::Prove => (PhaseName::ValidateHead, Entry::ProveContent),
    }
}

/// So many of the last runs are looked at for one that was left open.
const LAST_RUNS: usize = 10;

/// A program that died before its guard lived has stopped nothing, and left
/// its run open. One that is sealed for others' snapshots has a guard until it is closed:
/// where nobody holds the mirror it was restored with its namespace, and is what that is to
/// be held against.
fn void_what_was_left_open(site: &Site) -> Result<(), Stop> {
    for listed in site
        .runs()
        .last_of(&site.name, LAST_RUNS)
        .map_err(Stop::failed)?
    {
        let Ok(record) = listed.record else { continue };
        // What a restore has shown by its seal is over, and may be restored once more.
        let left = Cut::parse(&record.document).is_ok_and(|cut| {
            let by_others = cut.settings.snapshots_by == SnapshotsBy::Others;
            let came_so = by_others && matches!(cut.state, State::Sealed);
            !cut.state.is_final() && !came_so && cut.mirror == site.name && cut.claims.is_empty()
        });
        if left && !site.ground().is_beginning(&listed.run) {
            void(site, &listed.run, "its program ended before it did");
        }
    }
    Ok(())
}

/// What a run's id may hold of a mirror's name.
pub(crate) fn slug(name: &str) -> String {
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
