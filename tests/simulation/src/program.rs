//! The program's process: one command of it.

use std::rc::Rc;

use slackwater_cut::{Cut, State, Verdict};
use slackwater_hold::{
    Cause, Deck, LeaseLook, LetGo, Recovered, Released, Salvage, Step as Phase, backup, close,
    drain, give_up, recover, release,
};
use slackwater_kit::Session;
use slackwater_ports::{Clock, Failure, FailureKind, Outcome, RunRecord, RunStore as _, Seen};

use crate::guard;
use crate::hand::Hand;
use crate::lease::{PodLease, Taken};
use crate::settings::settings;
use crate::sim::{Rope, Sim, run_phase};
use crate::step::Step;
use crate::world::process::{ProcessId, Role};
use crate::world::store::Signature;

/// Why a command did not end well.
#[derive(Debug, Clone)]
pub(crate) struct Stop(pub(crate) Failure);

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl Cause for Stop {
    fn cause(&self) -> &str {
        &self.0.reason
    }

    fn because(self, cause: String) -> Self {
        Self(Failure {
            reason: cause,
            ..self.0
        })
    }
}

/// A command that works on a run.
pub(crate) struct Program<'r> {
    hand: Hand<'r>,
}

/// A lease that was taken over, held by this process.
pub(crate) struct TakenOver {
    sim: Rc<Sim>,
    process: ProcessId,
    /// In Kubernetes.
    lease: Option<Rc<PodLease>>,
}

impl Drop for TakenOver {
    fn drop(&mut self) {
        if let Some(lease) = &self.lease {
            lease.let_go();
            return;
        }
        let mut world = self.sim.world.borrow_mut();
        if world.store.locked_by == Some(self.process) {
            world.store.locked_by = None;
        }
    }
}

impl Salvage for Program<'_> {
    type Holder = Signature;
    type Lease = TakenOver;
    type Stop = Stop;

    fn lease(&self) -> Result<LeaseLook<Signature>, Stop> {
        if self.hand.sim.schedule.scene.strimzi.is_some() {
            let (look, _) = self.hand.lease.look(&self.hand).map_err(Failure::from)?;
            return Ok(look);
        }
        self.hand.pause(1);
        let world = self.hand.sim.world.borrow();
        let signature = world.store.signature.clone();
        Ok(match (world.store.locked_by, signature) {
            (Some(_), signature) => LeaseLook::Held(signature),
            (None, Some(left)) => LeaseLook::Expired(left),
            (None, None) => LeaseLook::Free,
        })
    }

    fn take_over(&self, left: &Signature) -> Result<TakenOver, Stop> {
        let hand = &self.hand;
        if hand.sim.schedule.scene.strimzi.is_some() {
            let me = Signature {
                token: format!("recovery-{}", hand.process),
                ..left.clone()
            };
            let taken = hand.lease.take(hand, &me, true).map_err(Failure::from)?;
            return match taken {
                Taken::Ours(_) => Ok(TakenOver {
                    sim: hand.sim.clone(),
                    process: hand.process,
                    lease: Some(hand.lease.clone()),
                }),
                Taken::Held | Taken::LeftBehind => Err(held("somebody else")),
            };
        }
        let mut world = self.hand.sim.world.borrow_mut();
        if world.store.locked_by.is_some() {
            return Err(held("somebody else"));
        }
        world.store.locked_by = Some(self.hand.process);
        Ok(TakenOver {
            sim: self.hand.sim.clone(),
            process: self.hand.process,
            lease: None,
        })
    }

    fn resume_left(&self, left: &Signature) -> Result<String, Stop> {
        let hand = self.beside(&left.run);
        hand.enter(Step::Resume);
        let resumed = run_phase!(&hand, "resume-mirror", "run", slackwater_resume_mirror::run);
        Ok(resumed?.summary)
    }

    fn void_left(&self, left: &Signature, reason: &str) {
        guard::void(&self.beside(&left.run), reason);
    }

    fn give_free(&self, lease: TakenOver) -> Result<(), Stop> {
        if let Some(lease) = &lease.lease {
            return Ok(lease.release(&self.hand).map_err(Failure::from)?);
        }
        self.hand.sim.world.borrow_mut().store.signature = None;
        drop(lease);
        Ok(())
    }
}

fn held(by: &str) -> Stop {
    Stop(Failure {
        kind: FailureKind::Held,
        reason: format!("the mirror is held by {by}"),
    })
}

impl Deck for Program<'_> {
    fn phase(&self, step: Phase) -> Result<Outcome, Stop> {
        let hand = &self.hand;
        Ok(match step {
            Phase::Quiesce => {
                hand.enter(Step::Sample);
                run_phase!(
                    hand,
                    "quiesce-mirror",
                    "run",
                    slackwater_quiesce_mirror::run
                )?
            }
            Phase::Drain => {
                hand.enter(Step::Drain);
                run_phase!(hand, "await-drain", "run", slackwater_await_drain::run)?
            }
            Phase::Snapshot if hand.sim.schedule.scene.hot => {
                hand.enter(Step::Flush);
                run_phase!(hand, "snapshot-hot", "run", slackwater_snapshot_hot::run)?
            }
            Phase::Snapshot => {
                hand.enter(Step::Flush);
                run_phase!(
                    hand,
                    "snapshot-partitions",
                    "run",
                    slackwater_snapshot_partitions::run
                )?
            }
            Phase::Prove => {
                hand.enter(Step::Prove);
                run_phase!(
                    hand,
                    "validate-head",
                    "prove-content",
                    slackwater_validate_head::prove_content
                )?
            }
        })
    }

    fn told(&self, _step: Phase, _outcome: &Outcome) {}

    fn warn(&self, _line: &str) {}

    fn may_settle(&self) -> Result<bool, Stop> {
        Ok(self.hand.sim.schedule.scene.settle)
    }

    fn resume_briefly(&self) -> Result<(), Stop> {
        let document = Session::load(&self.hand)?.cut().to_canonical();
        let document = document.map_err(|error| Failure::failed(error.to_string()))?;
        let scratch = format!("{}-scratch", self.hand.run);
        let record = RunRecord {
            revision: 1,
            document,
        };
        let mut world = self.hand.sim.world.borrow_mut();
        world.store.documents.insert(scratch.clone(), record);
        drop(world);
        let hand = self.beside(&scratch);
        hand.enter(Step::Resume);
        let resumed = slackwater_resume_mirror::run(&hand);
        self.hand
            .sim
            .world
            .borrow_mut()
            .store
            .documents
            .remove(&scratch);
        resumed?;
        let mut session = Session::load(&self.hand)?;
        session.update(&self.hand, |cut| {
            cut.drain = None;
            cut.rows = slackwater_cut::Rows::default();
            if let Some(quiesce) = &mut cut.quiesce {
                quiesce.stopped = None;
            }
        })?;
        Ok(())
    }

    fn ask_release(&self) -> Seen<Released> {
        guard::ask(&self.hand, guard::RELEASE_MS, |hands, guard| {
            let released = guard.hold.release(hands, LetGo::Asked);
            released.map_err(|why| {
                slackwater_ports::PortError::new(slackwater_ports::PortErrorKind::Refused, why)
            })
        })
    }

    fn ask_abandon(&self, reason: &str) -> Seen<Released> {
        let reason = reason.to_owned();
        guard::ask(&self.hand, guard::RELEASE_MS, move |hands, guard| {
            Ok(guard.hold.abandon(hands, &reason, false))
        })
    }

    fn ask_finish(&self) -> Seen<()> {
        guard::ask(&self.hand, guard::AT_ONCE_MS, |hands, guard| {
            let finished = guard.hold.finish(hands);
            finished.map_err(|why| {
                slackwater_ports::PortError::new(slackwater_ports::PortErrorKind::Refused, why)
            })
        })
    }

    fn guard_answers(&self) -> bool {
        guard::ask(&self.hand, guard::AT_ONCE_MS, |_, _| Ok(())).is_ok()
    }

    fn overtaken_by(&self) -> Option<String> {
        if self.hand.sim.schedule.scene.strimzi.is_some() {
            return match self.lease() {
                Ok(LeaseLook::Held(Some(other))) if other.run != self.hand.run => Some(other.run),
                _ => None,
            };
        }
        let world = self.hand.sim.world.borrow();
        let other = world.store.signature.as_ref()?;
        let living = world.store.locked_by.is_some() && other.run != self.hand.run;
        living.then(|| other.run.clone())
    }

    fn void(&self, reason: &str) {
        guard::void(&self.hand, reason);
    }
}

impl Program<'_> {
    fn beside(&self, run: &str) -> Hand<'_> {
        let mut hand = Hand::new(&self.hand.sim, self.hand.rope, self.hand.process, run);
        hand.lease = self.hand.lease.clone();
        hand
    }

    /// Puts right what was left behind, and writes the document.
    fn begin(&self) -> Result<(), Stop> {
        if let Recovered::Held(holder) = recover(self)? {
            let by = holder.map_or_else(|| "another run".to_owned(), |one| one.run);
            return Err(held(&by));
        }
        let cut = Cut::open(
            self.hand.run.clone(),
            "mirror".to_owned(),
            self.hand.now_ms(),
            settings(&self.hand.sim.schedule.scene),
        );
        let document = cut.to_canonical();
        let document = document.map_err(|error| Failure::failed(error.to_string()))?;
        if self.hand.sim.schedule.scene.strimzi.is_some() {
            self.hand.save(0, &document).map_err(Failure::from)?;
            return Ok(());
        }
        let mut world = self.hand.sim.world.borrow_mut();
        let now = world.now;
        let saved = world.store.save(&self.hand.run, now, 0, &document);
        saved.map_err(Failure::from)?;
        Ok(())
    }

    /// What its cut said before it is read again is judged, too.
    fn keep_document(&self) {
        let documents = &mut self.hand.sim.world.borrow_mut().store.documents;
        if let Some(record) = documents.get(&self.hand.run).cloned() {
            documents.insert(before(&self.hand.run), record);
        }
    }

    /// The run that holds the mirror is this one.
    fn is_current(&self) -> Result<(), Stop> {
        match self.lease()? {
            LeaseLook::Held(Some(holder)) if holder.run == self.hand.run => Ok(()),
            LeaseLook::Held(holder) => {
                let by = holder.map_or_else(|| "another run".to_owned(), |one| one.run);
                Err(held(&by))
            }
            LeaseLook::Expired(_) => {
                recover(self)?;
                Err(Failure::failed("the guard died: the mirror was resumed").into())
            }
            LeaseLook::Free => Err(Failure::refused("no run holds the mirror").into()),
        }
    }

    /// The verdict of the whole run.
    fn verdict(&self) -> Result<(), Stop> {
        let session = Session::load_any(&self.hand)?;
        let cut = session.cut();
        if !matches!(cut.state, State::Closed { .. }) {
            return Err(Failure::failed(format!("the run is {}", cut.state.word())).into());
        }
        for name in &cut.settings.require {
            let claim = cut.claims.iter().find(|claim| claim.name == *name);
            match claim {
                Some(claim) if claim.verdict == Verdict::Proven => {}
                Some(claim) => {
                    let why = format!("{name} is {}: {}", claim.verdict, claim.reason);
                    return Err(Failure::failed(why).into());
                }
                None => return Err(Failure::failed(format!("{name} is not claimed")).into()),
            }
        }
        Ok(())
    }
}

/// What the cut of a run that was read again is called, as it was before.
pub(crate) fn before(run: &str) -> String {
    format!("{run}-before")
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Backup,
    Quiesce,
    Drain,
    Snapshot,
    Validate,
    /// `resume --if-expired`
    PutRight,
    /// `phase resumeMirror`
    EnsureResumed,
    /// `verify`
    Verify,
}

/// Starts a command in a process of its own. How it ends stands in the record.
pub(crate) fn start(sim: &Rc<Sim>, command: Command, run: &str) -> ProcessId {
    let process = sim.process(Role::Program);
    let (shared, run) = (sim.clone(), run.to_owned());
    sim.spawn(process, move |rope: &Rope| {
        let mut hand = Hand::new(&shared, rope, process, &run);
        hand.leashed = command == Command::Backup;
        let program = Program { hand };
        let began = shared.now();
        let result = execute(&program, command);
        let took = shared.now() - began;
        let mut record = shared.record.borrow_mut();
        record.ended(command, &run, took, result.map_err(|stop| stop.0));
        drop(record);
        shared.end(process);
    });
    process
}

fn execute(program: &Program<'_>, command: Command) -> Result<(), Stop> {
    match command {
        Command::Backup => {
            program.begin()?;
            backup(program)?;
            program.verdict()
        }
        Command::Quiesce => {
            program.begin()?;
            let done = program.phase(Phase::Quiesce);
            done.map(drop).map_err(|stop| give_up(program, stop))
        }
        Command::Drain => {
            program.is_current()?;
            drain(program)
                .map(drop)
                .map_err(|stop| give_up(program, stop))
        }
        Command::Snapshot => {
            program.is_current()?;
            let done = program.phase(Phase::Snapshot);
            done.map(drop).map_err(|stop| give_up(program, stop))
        }
        Command::Validate => {
            program.is_current()?;
            release(program)
                .and_then(|()| close(program))
                .map_err(|stop| give_up(program, stop))?;
            program.verdict()
        }
        Command::PutRight => recover(program).map(drop),
        Command::Verify => {
            program.keep_document();
            let hand = &program.hand;
            hand.enter(Step::ReadAgain);
            run_phase!(
                hand,
                "validate-head",
                "prove-content",
                slackwater_validate_head::prove_content
            )?;
            Ok(())
        }
        Command::EnsureResumed => match recover(program)? {
            Recovered::Held(Some(holder)) if holder.run == program.hand.run => {
                let cut = Session::load_any(&program.hand)?;
                let ended = cut
                    .cut()
                    .snapshot
                    .as_ref()
                    .is_some_and(|one| one.ended_ms.is_some());
                if ended {
                    return release(program);
                }
                let released = program.ask_abandon("resumed before there was a snapshot");
                let released = released.map_err(Failure::from)?;
                released.resume.map_err(Failure::failed)?;
                Ok(())
            }
            _ => Ok(()),
        },
    }
}
