//! The mirror's brokers and partitions: replication, elections, what is on
//! which disk.

use fastrand::Rng;
use slackwater_ports::PartitionId;

use super::Ids;
use super::log::{Body, Entry, TxnStatus, last_stable};

/// `broker.session.timeout.ms`
const SESSION_MS: u64 = 9_000;

/// `replica.lag.time.max.ms`
const LAG_MS: u64 = 30_000;

/// Replicas that must be in sync for a record to be accepted
/// (`min.insync.replicas`).
const MIN_ISR: usize = 2;

pub(crate) const BROKERS: usize = 3;

/// Who writes to a partition, and what it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A copy of this partition of the source.
    Copy(usize),
    Config,
    Offset,
    Status,
    Groups,
    Transactions,
}

/// One replica's log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replica {
    pub(crate) entries: Vec<Entry>,
    /// What lies on disk: a prefix.
    pub(crate) disk: u64,
    /// Log end that the leader knows of, from the last fetch.
    known: u64,
    caught_up_at: u64,
    /// Its fetcher does nothing until then.
    pub(crate) hung_until: u64,
}

/// A partition.
#[derive(Debug, Clone)]
pub(crate) struct Partition {
    pub(crate) role: Role,
    pub(crate) name: PartitionId,
    pub(crate) replicas: Vec<usize>,
    pub(crate) leader: Option<usize>,
    pub(crate) epoch: i32,
    pub(crate) isr: Vec<usize>,
    pub(crate) hw: u64,
    /// No answer for it before then: a leader was just elected.
    pub(crate) silent_until: u64,
    pub(crate) logs: [Replica; BROKERS],
    /// What was acknowledged, for good.
    pub(crate) history: Vec<Entry>,
    /// When the high watermark moved last, and when something was appended.
    pub(crate) moved_at: u64,
    pub(crate) appended_at: u64,
}

/// A broker's process and machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Broker {
    /// Its process is gone until then.
    pub(crate) down_until: u64,
    /// It was stopped cleanly, and nobody has started it since.
    pub(crate) at_rest: bool,
    /// It does nothing until then.
    pub(crate) frozen_until: u64,
    /// Since when it has not spoken to the controller.
    silent_since: Option<u64>,
    pub(crate) fenced: bool,
    pub(crate) pid: u32,
}

impl Broker {
    pub(crate) fn answers(&self, now: u64) -> bool {
        self.lives(now) && now >= self.frozen_until
    }

    pub(crate) fn lives(&self, now: u64) -> bool {
        !self.at_rest && now >= self.down_until
    }
}

/// The cluster.
#[derive(Debug, Clone)]
pub(crate) struct Mirror {
    pub(crate) brokers: [Broker; BROKERS],
    pub(crate) partitions: Vec<Partition>,
    /// Raised when somebody changes a topic's configuration.
    pub(crate) config_version: u64,
    /// Raised when somebody adds a topic.
    pub(crate) strange_topics: u32,
}

impl Partition {
    pub(crate) fn new(role: Role, replicas: Vec<usize>) -> Self {
        let leader = replicas.first().copied();
        Self {
            role,
            name: super::view::name_of(role),
            isr: replicas.clone(),
            replicas,
            leader,
            epoch: 0,
            hw: 0,
            silent_until: 0,
            logs: Default::default(),
            history: Vec::new(),
            moved_at: 0,
            appended_at: 0,
        }
    }

    /// The leader's log, where there is a leader.
    pub(crate) fn leading(&self) -> Option<&Replica> {
        self.leader.map(|broker| &self.logs[broker])
    }

    pub(crate) fn last_stable(&self) -> u64 {
        self.leading()
            .map_or(0, |log| last_stable(&log.entries, self.hw))
    }

    /// Appends, if it is accepted: gives the end and epoch that must be
    /// acknowledged.
    pub(crate) fn append(&mut self, now: u64, mut entry: Entry) -> Option<(u64, i32)> {
        let leader = self.leader?;
        if self.isr.len() < MIN_ISR.min(self.replicas.len()) {
            return None;
        }
        entry.epoch = self.epoch;
        let log = &mut self.logs[leader];
        log.entries.push(entry);
        self.appended_at = now;
        Some((log.entries.len() as u64, self.epoch))
    }

    /// Log end of the leader; 0 without one.
    pub(crate) fn end(&self) -> u64 {
        self.leading().map_or(0, |log| log.entries.len() as u64)
    }

    /// Whether these, ending there, were acknowledged.
    pub(crate) fn holds(&self, entries: &[Entry], end: u64) -> bool {
        ends_with(&self.history, entries, end)
    }

    /// Whether these, ending there, are in the leader's log.
    pub(crate) fn leads_with(&self, entries: &[Entry], end: u64) -> bool {
        self.leading()
            .is_some_and(|log| ends_with(&log.entries, entries, end))
    }

    /// How many of these, from the first on, the leader's log holds.
    pub(crate) fn known_of(&self, entries: &[Entry]) -> usize {
        let log = self.leading().map_or(&[][..], |log| &log.entries);
        let known = |entry: &&Entry| log.iter().rev().take(64).any(|one| one.id == entry.id);
        entries.iter().take_while(known).count()
    }

    fn is_level(&self) -> bool {
        self.isr.len() == self.replicas.len()
            && self.replicas.iter().all(|broker| {
                let log = &self.logs[*broker];
                log.entries.len() as u64 == self.hw && log.known == self.hw
            })
    }

    fn replicate(&mut self, now: u64, brokers: &[Broker; BROKERS]) {
        let Some(leader) = self.leader.filter(|one| brokers[*one].answers(now)) else {
            return;
        };
        if self.is_level() {
            for broker in &self.replicas {
                self.logs[*broker].caught_up_at = now;
            }
            return;
        }
        let end = self.logs[leader].entries.len() as u64;
        self.logs[leader].known = end;
        for follower in self.replicas.clone() {
            if follower == leader {
                continue;
            }
            let fetches = brokers[follower].answers(now)
                && !brokers[follower].fenced
                && now >= self.logs[follower].hung_until;
            if fetches {
                self.fetch(leader, follower, now);
            }
            let log = &self.logs[follower];
            if now.saturating_sub(log.caught_up_at) > LAG_MS {
                self.isr.retain(|one| *one != follower);
            } else if fetches && log.known >= self.hw && !self.isr.contains(&follower) {
                self.isr.push(follower);
            }
        }
        let acknowledged = self.isr.iter().map(|one| self.logs[*one].known).min();
        self.acknowledge(acknowledged.unwrap_or(0).min(end), now);
    }

    /// One fetch: what the leader learns is where the follower stood when it
    /// asked.
    fn fetch(&mut self, leader: usize, follower: usize, now: u64) {
        let [of_leader, of_follower] = self
            .logs
            .get_disjoint_mut([leader, follower])
            .unwrap_or_else(|_| unreachable!("two different brokers"));
        // Logs that agree at an offset agree below it.
        let mut common = of_leader.entries.len().min(of_follower.entries.len());
        while common > 0 && of_leader.entries[common - 1] != of_follower.entries[common - 1] {
            common -= 1;
        }
        of_follower.entries.truncate(common);
        of_follower.disk = of_follower.disk.min(common as u64);
        of_follower.known = common as u64;
        of_follower
            .entries
            .extend_from_slice(&of_leader.entries[common..]);
        if common == of_leader.entries.len() {
            of_follower.caught_up_at = now;
        }
    }

    fn acknowledge(&mut self, end: u64, now: u64) {
        if end <= self.hw {
            return;
        }
        self.hw = end;
        self.moved_at = now;
        if let Some(leader) = self.leader {
            let from = self.history.len();
            self.history
                .extend_from_slice(&self.logs[leader].entries[from..end as usize]);
        }
    }

    /// Those in sync that could lead in the place of its leader.
    pub(crate) fn able(&self, now: u64, brokers: &[Broker; BROKERS]) -> Vec<usize> {
        let others = self.isr.iter().copied();
        others
            .filter(|one| Some(*one) != self.leader)
            .filter(|one| !brokers[*one].fenced && brokers[*one].answers(now))
            .collect()
    }

    /// Another leader, of those in sync.
    pub(crate) fn elect(&mut self, now: u64, brokers: &[Broker; BROKERS], rng: &mut Rng) {
        let able = self.able(now, brokers);
        self.leader = able.get(rng.usize(..able.len().max(1))).copied();
        self.epoch += 1;
        self.silent_until = now + rng.u64(0..300);
        for broker in &self.replicas {
            // The new leader has yet to hear from its followers.
            self.logs[*broker].known = self.logs[*broker].known.min(self.hw);
            self.logs[*broker].caught_up_at = now;
        }
    }
}

fn ends_with(log: &[Entry], entries: &[Entry], end: u64) -> bool {
    let Some(from) = (end as usize).checked_sub(entries.len()) else {
        return false;
    };
    log.get(from..end as usize).is_some_and(|there| {
        there
            .iter()
            .zip(entries)
            .all(|(one, other)| one.id == other.id)
    })
}

impl Mirror {
    /// The partition of this role.
    pub(crate) fn of_role(&self, role: Role) -> usize {
        let at = self.partitions.iter().position(|one| one.role == role);
        at.unwrap_or_else(|| unreachable!("every role has its partition"))
    }

    /// Whether a record of this partition would be acknowledged soon.
    pub(crate) fn acknowledges(&self, partition: usize, now: u64) -> bool {
        let partition = &self.partitions[partition];
        let leads = partition
            .leader
            .is_some_and(|one| self.brokers[one].answers(now));
        leads
            && partition.isr.len() >= MIN_ISR.min(partition.replicas.len())
            && partition.isr.iter().all(|one| {
                self.brokers[*one].answers(now) && now >= partition.logs[*one].hung_until
            })
    }

    /// The coordinator notes down how far a transaction is.
    pub(crate) fn note_txn(
        &mut self,
        now: u64,
        id: u32,
        status: TxnStatus,
        touched: u64,
        ids: &mut Ids,
    ) -> bool {
        let at = self.of_role(Role::Transactions);
        // What it says is of the transaction; it is no part of it.
        let entry = Entry {
            body: Body::Txn {
                id,
                status,
                touched,
            },
            ..ids.word(now)
        };
        self.partitions[at].append(now, entry).is_some()
    }

    /// Markers in all that it touched, then the coordinator's last word. Gives
    /// whether it is over; what could not be written is left in `touched`.
    pub(crate) fn end_txn(
        &mut self,
        now: u64,
        id: u32,
        touched: &mut u64,
        commit: bool,
        ids: &mut Ids,
    ) -> bool {
        for at in 0..self.partitions.len() {
            if *touched & (1 << at) == 0 {
                continue;
            }
            let marker = Entry {
                txn: id,
                body: Body::Marker { commit },
                ..ids.word(now)
            };
            if self.partitions[at].append(now, marker).is_some() {
                *touched &= !(1 << at);
            }
        }
        *touched == 0 && self.note_txn(now, id, TxnStatus::Complete, 0, ids)
    }

    /// What goes by itself.
    pub(crate) fn tick(&mut self, now: u64, rng: &mut Rng) {
        for broker in 0..BROKERS {
            self.keep_session(broker, now, rng);
        }
        for partition in &mut self.partitions {
            partition.replicate(now, &self.brokers);
            for broker in &partition.replicas {
                let log = &mut partition.logs[*broker];
                let end = log.entries.len() as u64;
                if log.disk < end && rng.u8(..) < 20 {
                    log.disk = rng.u64(log.disk..=end);
                }
            }
        }
    }

    fn keep_session(&mut self, broker: usize, now: u64, rng: &mut Rng) {
        if self.brokers[broker].answers(now) {
            let was_fenced = self.brokers[broker].fenced;
            self.brokers[broker].silent_since = None;
            self.brokers[broker].fenced = false;
            if was_fenced {
                let brokers = self.brokers.clone();
                for partition in &mut self.partitions {
                    if partition.leader.is_none() && partition.isr.contains(&broker) {
                        partition.elect(now, &brokers, rng);
                    }
                }
            }
            return;
        }
        let since = *self.brokers[broker].silent_since.get_or_insert(now);
        if now - since > SESSION_MS && !self.brokers[broker].fenced {
            self.fence(broker, now, rng);
        }
    }

    fn fence(&mut self, broker: usize, now: u64, rng: &mut Rng) {
        self.brokers[broker].fenced = true;
        let brokers = self.brokers.clone();
        for partition in &mut self.partitions {
            if partition.leader == Some(broker) {
                partition.elect(now, &brokers, rng);
            }
            if partition.leader.is_some() {
                partition.isr.retain(|one| *one != broker);
            }
        }
    }

    /// Its process ends, and another one starts later. Its kernel lives on.
    pub(crate) fn kill(&mut self, broker: usize, down_until: u64, now: u64, rng: &mut Rng) {
        self.brokers[broker].down_until = down_until;
        self.brokers[broker].frozen_until = 0;
        self.brokers[broker].pid += 1;
        // A new incarnation is told from the old one at the latest then.
        self.brokers[broker].silent_since = Some(now.saturating_sub(SESSION_MS / 2));
        if rng.bool() {
            self.fence(broker, now, rng);
        }
    }

    /// It stops as it should: others lead before it ends, it has cut off what it alone had
    /// (it follows them by then), and what it has is on disk.
    pub(crate) fn stop(&mut self, broker: usize, now: u64, rng: &mut Rng) {
        self.brokers[broker].at_rest = true;
        self.brokers[broker].frozen_until = 0;
        if !self.brokers[broker].fenced {
            self.fence(broker, now, rng);
        }
        for partition in &mut self.partitions {
            if let Some(leader) = partition.leader.filter(|leader| *leader != broker) {
                let ours = partition.logs[broker].entries.iter();
                let same = ours.zip(&partition.logs[leader].entries);
                let same = same.take_while(|(one, other)| one.id == other.id).count();
                let log = &mut partition.logs[broker];
                log.entries.truncate(same);
                log.known = log.known.min(same as u64);
            }
            let log = &mut partition.logs[broker];
            log.disk = log.entries.len() as u64;
        }
    }

    /// It is started where it was stopped, and serves from then on.
    pub(crate) fn start(&mut self, broker: usize, serves_from: u64) {
        let one = &mut self.brokers[broker];
        if std::mem::take(&mut one.at_rest) {
            one.down_until = one.down_until.max(serves_from);
            one.pid += 1;
        }
    }

    /// Its machine loses power: what was not on disk is gone.
    pub(crate) fn lose_power(&mut self, broker: usize, down_until: u64, now: u64, rng: &mut Rng) {
        self.kill(broker, down_until, now, rng);
        self.fence(broker, now, rng);
        for partition in &mut self.partitions {
            let log = &mut partition.logs[broker];
            log.entries.truncate(log.disk as usize);
            log.known = log.known.min(log.disk);
        }
    }
}
