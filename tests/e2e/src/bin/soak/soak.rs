//! The rounds of a soak: a backup each, what befalls it, and what came of it.

use std::thread;
use std::time::Duration;

use slackwater_cut::Cut;
use slackwater_e2e::{Scene, SceneError};
use slackwater_lab::{Load, LoadPlan, LoadReport};

use crate::backup::{Backup, Ended};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::hand::{Hand, Struck};
use crate::outcome::{Outcome, Resumer, Verdicts, resumer, verdicts};
use crate::plan::Round;
use crate::proof;
use crate::stops::stops;
use crate::timer::{self, Timer};
use crate::watch::{Watch, now_ms};

/// The window of the runs: long enough for a backup under load, so short that
/// many faults outlast it.
pub(crate) const WINDOW_MS: u64 = 15_000;

/// The other limits: no round shall wait for minutes.
pub(crate) const LIMITS: &str =
    "limits: {window: 15s, stop: 10s, drain: 10s, coverWait: 30s, catchUp: 30s, close: 90s}\n";

/// Messages a second: the mirror keeps up with them beside a second cluster
/// on two cores, and the comparison of all of them at the end of half an hour
/// takes seconds.
pub(crate) const RATE: u32 = 500;

/// Records in a transaction, and the share that is aborted. Without
/// exactly-once none is: the lab's MirrorMaker copies aborted records then,
/// and the audit knows of committed ones.
const TRANSACTION: (u32, f64) = (50, 0.1);

/// For what the source has accepted to be copied.
pub(crate) const MIRRORED: Duration = Duration::from_secs(120);

/// See the module.
pub(crate) struct Soak<'s> {
    pub(crate) scene: &'s Scene,
    pub(crate) watch: &'s Watch,
    pub(crate) timer: &'s Timer,
    pub(crate) seed: u64,
    pub(crate) exactly_once: bool,
    /// Loads that are over, and wholly on the mirror.
    pub(crate) loads: Vec<LoadReport>,
    load: Option<Load>,
    producer: u64,
}

impl<'s> Soak<'s> {
    pub(crate) fn new(
        scene: &'s Scene,
        watch: &'s Watch,
        timer: &'s Timer,
        (seed, exactly_once): (u64, bool),
    ) -> Self {
        Self {
            scene,
            watch,
            timer,
            seed,
            exactly_once,
            loads: Vec::new(),
            load: None,
            producer: 0,
        }
    }

    /// Loads the source, with another producer from now on.
    pub(crate) fn load(&mut self, transactional: bool) -> Result<(), SceneError> {
        self.producer += 1;
        let mut plan = LoadPlan::new(RATE).producer(self.producer);
        if transactional {
            let (records, aborted) = TRANSACTION;
            plan = plan.transactional(records, if self.exactly_once { aborted } else { 0.0 });
        }
        self.load = Some(Load::start(&self.scene.lab.source().bootstrap(), &plan)?);
        Ok(())
    }

    /// Ends the load. One of which a record was not acknowledged is not held
    /// against the mirror: nobody knows whether the source has it.
    pub(crate) fn unload(&mut self) -> Result<Option<LoadReport>, SceneError> {
        let Some(load) = self.load.take() else {
            return Ok(None);
        };
        match load.stop() {
            Ok(report) if report.is_whole() => Ok(Some(report)),
            Ok(report) => {
                println!(
                    "    the load was not acknowledged whole: {:?}",
                    report.first_error
                );
                Ok(None)
            }
            Err(error) => {
                println!("    the load ended by itself: {error}");
                Ok(None)
            }
        }
    }

    /// One round, `next` being whether the load after it is transactional.
    pub(crate) fn round(
        &mut self,
        number: usize,
        round: Round,
        next: bool,
    ) -> Result<(Outcome, Option<Cut>), SceneError> {
        let clock = Clock::new(self.scene, matches!(round.fault, Fault::Clock(_)))?;
        let hand = Hand {
            scene: self.scene,
            clock: &clock,
        };
        let mut backup = Backup::start(self.scene, number, &clock)?;
        let mut clear_ms = None;
        let mut struck_ms = None;
        if backup.wait_for(self.scene, round.moment)
            && let Some(struck) = hand.strike(round.fault, &mut backup)?
        {
            struck_ms = Some(now_ms());
            let in_the_way = struck.stands_in_the_way(round.fault, self.scene);
            if !matches!(struck, Struck::Gone) {
                thread::sleep(Duration::from_millis(round.lasts_ms));
            }
            hand.undo(struck)?;
            clear_ms = in_the_way.then(now_ms);
        }
        let ended = backup.wait();
        let mut broken = Vec::new();
        if ended.hung {
            broken.push(format!(
                "the backup did not end by itself; see {}",
                backup.log().display()
            ));
        }
        self.wait_free(&mut broken)?;
        self.heal(&hand, &mut broken)?;
        let cut = backup.cut(self.scene);
        let by_timer = backup.run_id().is_some_and(|run| self.timer.resumed(&run));
        let mut outcome = outcome(round, &ended, cut.as_ref(), by_timer);
        outcome.struck = struck_ms.is_some() || round.fault == Fault::Nothing;
        outcome.broken = broken;
        // What nobody was left to resume waits for the timer.
        if outcome.resumer == Resumer::Timer {
            let fired = struck_ms.map(|at| at + timer::EVERY.as_millis() as u64);
            clear_ms = clear_ms.max(fired);
        }
        self.measure(&mut outcome, &backup, cut.as_ref(), clear_ms);
        let before = self.loads.len();
        if let Some(report) = self.unload()? {
            match self.scene.lab.wait_mirrored(&report, MIRRORED) {
                Ok(()) => self.loads.push(report),
                Err(error) => outcome.broken.push(error.to_string()),
            }
        }
        self.load(next)?;
        if let Some(cut) = cut
            .as_ref()
            .filter(|_| outcome.verdicts != Verdicts::Failed)
        {
            self.prove(&mut outcome, cut, before)?;
        }
        if let (Some(run), true) = (backup.run_id(), outcome.false_proof.is_empty()) {
            proof::remove(self.scene, &run)?;
        }
        Ok((outcome, cut))
    }

    /// Loads before the `before`th had ended when the backup began.
    fn prove(&self, outcome: &mut Outcome, cut: &Cut, before: usize) -> Result<(), SceneError> {
        let checked = proof::check(
            self.scene,
            cut,
            &self.loads[..before],
            self.exactly_once,
            matches!(outcome.round.fault, Fault::FillVolume(_)),
        )?;
        outcome.compared = checked.records;
        if checked.differs.is_empty() {
            return Ok(());
        }
        println!("    what came back of {} differs:", cut.run_id);
        for what in &checked.differs {
            println!("      {what}");
        }
        if outcome.verdicts == Verdicts::Proven {
            let kept = proof::keep(self.scene, cut, self.seed)?;
            println!("    FALSE PROOF: see {}", kept.display());
            outcome.false_proof = checked.differs;
        }
        Ok(())
    }

    /// Holds each stop of the mirror against its deadline.
    fn measure(
        &self,
        outcome: &mut Outcome,
        backup: &Backup,
        cut: Option<&Cut>,
        clear_ms: Option<u64>,
    ) {
        let now = now_ms();
        let moved = matches!(outcome.round.fault, Fault::Clock(_));
        let said = cut
            .filter(|_| !moved)
            .and_then(|cut| cut.quiesce.as_ref()?.guard.as_ref()?.deadline_ms);
        for stop in stops(&self.watch.since(backup.began_ms)) {
            let deadline = said.unwrap_or(stop.began_ms + WINDOW_MS);
            let late = stop.late_ms(deadline, clear_ms, now);
            outcome.stopped_ms = outcome.stopped_ms.max(stop.lasted_ms(now));
            outcome.late_ms = outcome.late_ms.max(late);
            if late > stop.grace_ms(deadline, clear_ms) {
                outcome.too_late = true;
                outcome.broken.push(format!(
                    "the mirror was stopped for {} ms, {late} ms too long: {stop:?}, deadline \
                     {deadline}, clear {clear_ms:?}",
                    stop.lasted_ms(now)
                ));
            }
        }
    }
}

fn outcome(round: Round, ended: &Ended, cut: Option<&Cut>, by_timer: bool) -> Outcome {
    Outcome {
        round,
        struck: false,
        code: ended.code,
        cause: ended.cause.clone(),
        hung: ended.hung,
        verdicts: verdicts(cut),
        resumer: resumer(cut, by_timer),
        stopped_ms: 0,
        late_ms: 0,
        too_late: false,
        compared: 0,
        false_proof: Vec::new(),
        broken: Vec::new(),
    }
}
