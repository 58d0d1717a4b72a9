//! The world: what is there, and what goes on by itself. See `WORLD.md`.
//!
//! It knows nothing of the phases. `view` and `content` say what is seen of it
//! through the capabilities.

pub(crate) mod connect;
pub(crate) mod content;
pub(crate) mod log;
pub(crate) mod mirror;
pub(crate) mod process;
pub(crate) mod source;
pub(crate) mod store;
pub(crate) mod strimzi;
pub(crate) mod tasks;
pub(crate) mod view;
pub(crate) mod volumes;

use fastrand::Rng;

use self::connect::Connect;
use self::log::{Body, Entry};
use self::mirror::{BROKERS, Broker, Mirror, Partition, Role};
use self::process::Process;
use self::source::Source;
use self::store::Store;
use self::strimzi::Strimzi;
use self::volumes::Volumes;
use crate::schedule::Scene;

/// The true clock's zero, in milliseconds since the Unix epoch.
pub(crate) const EPOCH_MS: u64 = 1_790_000_000_000;

/// Numbers that are given once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    last: u64,
    last_txn: u32,
}

impl Ids {
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(crate) fn next_txn(&mut self) -> u32 {
        self.last_txn += 1;
        self.last_txn
    }

    /// A new entry without a meaning of its own.
    pub(crate) fn word(&mut self, now: u64) -> Entry {
        Entry {
            id: self.next(),
            ts: (EPOCH_MS + now) as i64,
            epoch: 0,
            txn: 0,
            body: Body::Data,
        }
    }
}

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Milliseconds of the true clock.
    pub(crate) now: u64,
    pub(crate) rng: Rng,
    pub(crate) ids: Ids,
    pub(crate) source: Source,
    pub(crate) mirror: Mirror,
    pub(crate) connect: Connect,
    pub(crate) volumes: Volumes,
    pub(crate) store: Store,
    /// Where the mirror is in Strimzi.
    pub(crate) strimzi: Option<Strimzi>,
    pub(crate) processes: Vec<Process>,
    /// Somebody writes to a copy until then.
    pub(crate) foreign_until: u64,
    /// Somebody puts the connectors back to RUNNING until then.
    pub(crate) reverts_until: u64,
}

impl World {
    pub(crate) fn new(scene: &Scene, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut roles: Vec<Role> = (0..scene.partitions).map(Role::Copy).collect();
        roles.extend([Role::Config, Role::Offset, Role::Status, Role::Groups]);
        roles.push(Role::Transactions);
        let partitions = roles.into_iter().map(|role| {
            let mut replicas: Vec<usize> = (0..BROKERS).collect();
            rng.shuffle(&mut replicas);
            replicas.truncate(scene.replicas);
            Partition::new(role, replicas)
        });
        let mirror = Mirror {
            partitions: partitions.collect(),
            brokers: std::array::from_fn(|_| Broker::default()),
            config_version: 0,
            strange_topics: 0,
        };
        let source = Source {
            partitions: vec![source::SourcePartition::default(); scene.partitions],
            silent_until: 0,
            rate: scene.rate,
        };
        let mut connect = Connect::new(scene.eos, scene.tasks, scene.commit_every_ms);
        connect.send_ms = scene.send_ms;
        let count = connect.connectors.len();
        Self {
            now: 0,
            rng,
            ids: Ids::default(),
            source,
            mirror,
            connect,
            volumes: Volumes::default(),
            store: Store::default(),
            strimzi: scene.strimzi.map(|_| Strimzi::new(seed, count)),
            processes: Vec::new(),
            foreign_until: 0,
            reverts_until: 0,
        }
    }

    /// What goes by itself, once.
    pub(crate) fn step(&mut self) {
        let now = self.now;
        let Self {
            source,
            mirror,
            connect,
            ids,
            rng,
            ..
        } = self;
        if rng.bool() {
            mirror.tick(now, rng);
            source.tick(now, EPOCH_MS, ids, rng);
            connect.tick(now, source, mirror, ids, rng);
        } else {
            connect.tick(now, source, mirror, ids, rng);
            source.tick(now, EPOCH_MS, ids, rng);
            mirror.tick(now, rng);
        }
        if now < self.foreign_until && self.rng.u8(..) < 100 {
            let entry = self.ids.word(now);
            self.mirror.partitions[0].append(now, entry);
        }
        if now < self.reverts_until && self.rng.u8(..) < 40 {
            self.tell_all(connect::Told::Run);
        }
        // The mirror's own clients.
        if self.rng.u8(..) < 30 {
            let groups = self.mirror.of_role(Role::Groups);
            let entry = self.ids.word(now);
            self.mirror.partitions[groups].append(now, entry);
        }
        self.step_strimzi();
    }

    /// Somebody else tells Connect.
    pub(crate) fn tell_all(&mut self, told: connect::Told) {
        for at in 0..self.connect.connectors.len() {
            let _ = self.connect_told(at, told);
        }
    }

    /// Connect is told something; `None` while it can't write that down.
    pub(crate) fn connect_told(
        &mut self,
        at: usize,
        told: connect::Told,
    ) -> Option<slackwater_ports::Seen<()>> {
        let Self {
            mirror,
            connect,
            ids,
            rng,
            now,
            ..
        } = self;
        connect.tell(at, told, *now, mirror, ids, rng)
    }
}
