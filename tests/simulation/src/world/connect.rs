//! Connect: MirrorMaker's connectors, what they are told, and what they say.

use fastrand::Rng;
use slackwater_ports::{ConnectorState, PortError, PortErrorKind, Seen};

use super::Ids;
use super::log::{Body, Entry};
use super::mirror::{Mirror, Role};
use super::source::Source;
use super::tasks::{Orphan, Stray, Task};

/// How long a stop waits for a task (`task.shutdown.graceful.timeout.ms`).
const GRACEFUL_MS: u64 = 5_000;

/// What a connector was told last: it stands in Connect's config topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Run,
    Stop,
}

/// A connector.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) name: &'static str,
    pub(crate) copies: bool,
    pub(crate) told: Told,
    shown: ConnectorState,
    /// When it says RUNNING.
    shown_at: Option<u64>,
    /// No worker has it before then.
    assigned_at: u64,
    pub(crate) tasks: Vec<Task>,
    /// When its tasks start.
    tasks_at: Option<u64>,
}

impl Connector {
    /// What its status says.
    pub(crate) fn state(&self, now: u64) -> ConnectorState {
        if now < self.assigned_at {
            return ConnectorState::Unassigned;
        }
        self.shown.clone()
    }
}

/// The cluster: one worker.
#[derive(Debug, Clone)]
pub(crate) struct Connect {
    pub(crate) connectors: Vec<Connector>,
    /// The worker is gone until then.
    pub(crate) down_until: u64,
    was_down: bool,
    /// Its group's coordinator is gone.
    was_cut_off: bool,
    /// It can't be reached before then.
    pub(crate) silent_until: u64,
    /// It answers 404, 409 or 503 before then.
    settling_until: u64,
    /// When it writes to its status topic.
    status_at: Vec<u64>,
    pub(crate) strays: Vec<Stray>,
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) eos: bool,
    /// How long a batch takes to land, at the most.
    pub(crate) send_ms: u64,
    pub(crate) slow_until: u64,
    pub(crate) commit_every_ms: u64,
    pub(crate) task_count: usize,
}

impl Connect {
    pub(crate) fn new(eos: bool, task_count: usize, commit_every_ms: u64) -> Self {
        let connector = |name, copies| Connector {
            name,
            copies,
            told: Told::Run,
            shown: ConnectorState::Running,
            shown_at: None,
            assigned_at: 0,
            tasks: Vec::new(),
            tasks_at: copies.then_some(0),
        };
        Self {
            connectors: vec![connector("source", true), connector("checkpoint", false)],
            down_until: 0,
            was_down: false,
            was_cut_off: false,
            silent_until: 0,
            settling_until: 0,
            status_at: Vec::new(),
            strays: Vec::new(),
            orphans: Vec::new(),
            eos,
            send_ms: 20,
            slow_until: 0,
            commit_every_ms,
            task_count,
        }
    }

    /// Whether it answers, and what it says where it does not.
    pub(crate) fn answers(&self, now: u64, rng: &mut Rng) -> Seen<()> {
        if now < self.down_until || now < self.silent_until {
            return Err(PortError::new(
                PortErrorKind::Unreachable,
                "Connect can't be reached",
            ));
        }
        if now < self.settling_until {
            let status = [404, 409, 503][rng.usize(..3)];
            let error = PortError::new(PortErrorKind::Refused, "Connect is starting");
            return Err(error.with_status(status));
        }
        Ok(())
    }

    /// A stop or a start. It is written to the config topic first; `None` while
    /// that can't be acknowledged.
    pub(crate) fn tell(
        &mut self,
        at: usize,
        told: Told,
        now: u64,
        mirror: &mut Mirror,
        ids: &mut Ids,
        rng: &mut Rng,
    ) -> Option<Seen<()>> {
        if let Err(error) = self.answers(now, rng) {
            return Some(Err(error));
        }
        let config = mirror.of_role(Role::Config);
        if !mirror.acknowledges(config, now) {
            return None;
        }
        mirror.partitions[config].append(now, ids.word(now))?;
        let connector = &mut self.connectors[at];
        if connector.told == told {
            return Some(Ok(()));
        }
        connector.told = told;
        match told {
            Told::Stop => {
                connector.shown = ConnectorState::Stopped;
                connector.shown_at = None;
                connector.tasks_at = None;
                for task in &mut connector.tasks {
                    task.stop(now);
                }
            }
            Told::Run => {
                connector.shown_at = Some(now + rng.u64(20..300));
                if connector.copies {
                    connector.tasks_at = Some(now + rng.u64(100..1_500));
                }
            }
        }
        self.status_at.push(now + rng.u64(50..150));
        Some(Ok(()))
    }

    /// The worker dies; another one starts later.
    pub(crate) fn kill(&mut self, down_until: u64, now: u64, rng: &mut Rng) {
        self.down_until = down_until;
        self.was_down = true;
        for connector in &mut self.connectors {
            for task in connector.tasks.drain(..) {
                task.die(now, rng, &mut self.strays, &mut self.orphans);
            }
            connector.shown_at = None;
            connector.tasks_at = None;
        }
    }

    pub(crate) fn tick(
        &mut self,
        now: u64,
        source: &Source,
        mirror: &mut Mirror,
        ids: &mut Ids,
        rng: &mut Rng,
    ) {
        self.land_strays(now, mirror);
        self.end_orphans(now, mirror, ids, rng);
        if now < self.down_until {
            return;
        }
        if self.was_down {
            self.come_back(now, rng);
        }
        self.find_group(now, mirror, rng);
        self.write_status(now, mirror, ids);
        let send_ms = if now < self.slow_until {
            self.send_ms * 50
        } else {
            self.send_ms
        };
        let connectors = &mut self.connectors;
        for connector in connectors {
            if connector.shown_at.is_some_and(|at| at <= now) {
                connector.shown = ConnectorState::Running;
                connector.shown_at = None;
            }
            if connector.tasks_at.is_some_and(|at| at <= now) && connector.tasks.is_empty() {
                connector.tasks_at = None;
                // A new task fences what an older one left open.
                for orphan in &mut self.orphans {
                    orphan.abort_at = orphan.abort_at.min(now);
                }
                connector.tasks = Task::spawn(
                    self.task_count,
                    self.eos,
                    self.commit_every_ms,
                    now,
                    mirror,
                    source,
                );
                self.status_at.push(now + rng.u64(50..150));
            }
            for task in &mut connector.tasks {
                task.tick(now, send_ms, source, mirror, ids, rng);
            }
            let (gone, left): (Vec<Task>, Vec<Task>) = connector
                .tasks
                .drain(..)
                .partition(|task| task.is_over(now, GRACEFUL_MS));
            connector.tasks = left;
            for task in gone {
                task.die(now, rng, &mut self.strays, &mut self.orphans);
                self.status_at.push(now + rng.u64(50..150));
            }
        }
    }

    fn come_back(&mut self, now: u64, rng: &mut Rng) {
        self.was_down = false;
        self.settling_until = now + rng.u64(200..3_000);
        for connector in &mut self.connectors {
            match connector.told {
                Told::Stop => connector.shown = ConnectorState::Stopped,
                Told::Run => {
                    connector.shown = ConnectorState::Running;
                    if connector.copies {
                        connector.tasks_at = Some(self.settling_until);
                    }
                }
            }
        }
        self.assign(self.settling_until, rng);
        self.status_at.push(self.settling_until + rng.u64(50..150));
    }

    /// A worker that had lost its group gives up what it had, and gets it back:
    /// a connector that is stopped is so, a moment later, again.
    fn find_group(&mut self, now: u64, mirror: &Mirror, rng: &mut Rng) {
        let cut_off = !mirror.acknowledges(mirror.of_role(Role::Config), now);
        let found = self.was_cut_off && !cut_off;
        self.was_cut_off = cut_off;
        if found && rng.bool() {
            self.assign(now, rng);
        }
    }

    fn assign(&mut self, now: u64, rng: &mut Rng) {
        let stopped = self.connectors.iter_mut();
        for connector in stopped.filter(|one| one.told == Told::Stop) {
            connector.assigned_at = now + rng.u64(0..3_000);
        }
    }

    fn write_status(&mut self, now: u64, mirror: &mut Mirror, ids: &mut Ids) {
        let due = self.status_at.iter().filter(|at| **at <= now).count();
        self.status_at.retain(|at| *at > now);
        let status = mirror.of_role(Role::Status);
        for _ in 0..due {
            let word = ids.word(now);
            mirror.partitions[status].append(now, word);
        }
    }

    /// What was under way when its task died may still arrive.
    fn land_strays(&mut self, now: u64, mirror: &mut Mirror) {
        self.strays.retain(|stray| {
            if stray.at > now {
                return true;
            }
            for entry in &stray.entries {
                mirror.partitions[stray.partition].append(now, *entry);
            }
            false
        });
    }

    /// The coordinator aborts what nobody ends.
    fn end_orphans(&mut self, now: u64, mirror: &mut Mirror, ids: &mut Ids, rng: &mut Rng) {
        let strays = &mut self.strays;
        self.orphans.retain_mut(|orphan| {
            if orphan.abort_at > now {
                return true;
            }
            // A fenced producer's records are not accepted any more.
            strays.retain(|stray| stray.txn() != orphan.txn);
            !orphan.end(now, mirror, ids, rng)
        });
    }

    /// The last source offset that a reader of the offset topic finds.
    pub(crate) fn committed(mirror: &Mirror, source: usize) -> Option<u64> {
        let offsets = &mirror.partitions[mirror.of_role(Role::Offset)];
        let log = offsets.leading()?;
        last_position(&log.entries, offsets.hw, source)
    }
}

/// The last position of a source partition below `end`, of transactions that
/// were committed.
pub(crate) fn last_position(entries: &[Entry], end: u64, source: usize) -> Option<u64> {
    let committed = |txn: u32| {
        txn == 0
            || entries[..end as usize]
                .iter()
                .any(|one| one.txn == txn && one.body == Body::Marker { commit: true })
    };
    entries[..end as usize]
        .iter()
        .rev()
        .find_map(|entry| match entry.body {
            Body::Position { source: of, offset } if of == source && committed(entry.txn) => {
                Some(offset)
            }
            _ => None,
        })
}
