//! Where the mirror stands in Strimzi: an API server, the resources of what
//! feeds it and of its Kafka, the operator that looks after them, and somebody who puts
//! back what others write into the first. See `WORLD.md`.

pub(crate) mod kafka;
pub(crate) mod maker;
pub(crate) mod operator;

use fastrand::Rng;
use slackwater_ports::{PortError, PortErrorKind, Seen};

use self::kafka::{Kafka, Looks};
use self::maker::{Maker, State};
use self::operator::Operator;
use super::World;
use super::process::ProcessId;

/// The API server. What it keeps stands where else the world keeps it: the
/// resource here, run documents and the lease in the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApiServer {
    /// It does not answer before then.
    pub(crate) silent_until: u64,
    /// Nobody listens: who asks is told so at once.
    pub(crate) refuses: bool,
    /// Each request takes its time before then.
    pub(crate) slow_until: u64,
    /// Raised when it ends: what went on through it is broken off.
    pub(crate) lives: u32,
}

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct Strimzi {
    /// Of its own, so that a mirror elsewhere is none the wiser.
    pub(crate) rng: Rng,
    pub(crate) api: ApiServer,
    pub(crate) maker: Maker,
    pub(crate) kafka: Kafka,
    looks: Looks,
    /// As it was found.
    pub(crate) found: Vec<State>,
    pub(crate) operator: Operator,
    /// Somebody puts back what stood in the resource until then.
    pub(crate) reverts_until: u64,
    /// When he does so next.
    reverts_at: Option<u64>,
    /// Somebody notes something on the resource all the time until then.
    pub(crate) restless_until: u64,
}

impl Strimzi {
    pub(crate) fn new(seed: u64, connectors: usize) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x571_12a1);
        // What is not said is meant: a connector is to run.
        let state = |rng: &mut Rng| {
            if rng.bool() { None } else { Some(true) }
        };
        let found: Vec<State> = (0..connectors).map(|_| state(&mut rng)).collect();
        Self {
            api: ApiServer::default(),
            maker: Maker::new(found.clone()),
            kafka: Kafka::new(),
            looks: Looks::new(seed),
            found,
            operator: Operator::new(&mut rng),
            reverts_until: 0,
            reverts_at: None,
            restless_until: 0,
            rng,
        }
    }

    /// Whether a request gets to the API server.
    pub(crate) fn answers(&self, now: u64) -> Seen<()> {
        if now >= self.api.silent_until {
            return Ok(());
        }
        let kind = if self.api.refuses {
            PortErrorKind::Unreachable
        } else {
            PortErrorKind::Timeout
        };
        Err(PortError::new(kind, "the API server can't be reached"))
    }

    /// Nothing is broken any more, but for an operator that nobody starts again.
    pub(crate) fn heal(&mut self, now: u64) {
        self.api.silent_until = 0;
        self.api.slow_until = 0;
        self.reverts_until = 0;
        self.restless_until = 0;
        self.operator.heal(now);
        self.looks.heal(now);
    }

    /// Its Kafka is changed by somebody.
    pub(crate) fn change_kafka(&mut self, now: u64, change: impl FnOnce(&mut Kafka)) {
        change(&mut self.kafka);
        self.kafka.version += 1;
        self.looks.hear(now, self.operator.is_down(now));
    }

    /// Its operator is at the one or at the other until then.
    pub(crate) fn hold_up(&mut self, at_kafka: bool, now: u64, until: u64) {
        match at_kafka {
            true => self.looks.hold_up(&self.kafka, until),
            false => self.operator.hold_up(&self.maker, now, until),
        }
    }

    /// The resource is changed by somebody: its operator hears of it.
    pub(crate) fn change(&mut self, now: u64, change: impl FnOnce(&mut Maker)) {
        change(&mut self.maker);
        self.maker.version += 1;
        self.operator.hear(now, &mut self.rng);
    }

    /// What goes by itself, once.
    fn tick(&mut self, now: u64, world: &mut World) {
        if now >= world.store.full_until {
            self.revert(now);
        }
        if now < self.restless_until && now >= world.store.full_until {
            self.change(now, |_| {});
        }
        let answers = self.answers(now).is_ok();
        let writes = answers && now >= world.store.full_until;
        let down = self.operator.is_down(now);
        self.looks
            .tick(now, [down, answers, writes], &mut self.kafka);
        let Self {
            operator,
            maker,
            rng,
            ..
        } = self;
        operator.tick(now, [answers, writes], maker, world, rng);
    }

    /// Whoever keeps the resource elsewhere knows nothing of notes on it: he
    /// puts back what `spec` says.
    fn revert(&mut self, now: u64) {
        let differs = self.maker.states != self.found;
        if now >= self.reverts_until || !differs {
            self.reverts_at = None;
            return;
        }
        let takes = self.rng.u64(300..6_000);
        let at = *self.reverts_at.get_or_insert(now + takes);
        if now >= at {
            let found = self.found.clone();
            self.change(now, |maker| maker.say(found));
        }
    }
}

impl World {
    /// What goes on in Strimzi, where the mirror is there.
    pub(super) fn step_strimzi(&mut self) {
        let Some(mut strimzi) = self.strimzi.take() else {
            return;
        };
        strimzi.tick(self.now, self);
        self.strimzi = Some(strimzi);
    }

    /// Whether what this process asks through the API server gets there; yes
    /// where there is none.
    pub(crate) fn is_reached_by(&self, process: ProcessId) -> Seen<()> {
        let Some(strimzi) = &self.strimzi else {
            return Ok(());
        };
        strimzi.answers(self.now)?;
        match self.processes.get(process) {
            Some(one) if self.now < one.cut_off_until => Err(PortError::new(
                PortErrorKind::Timeout,
                "the API server can't be reached from here",
            )),
            _ => Ok(()),
        }
    }

    /// Whether the API server takes what is written: its store is theirs, too.
    pub(crate) fn takes_writes(&self) -> Seen<()> {
        if self.strimzi.is_some() && self.now < self.store.full_until {
            let why = "no space is left for the API server";
            return Err(PortError::new(PortErrorKind::Refused, why));
        }
        Ok(())
    }

    /// Whether an operator stopped what its resource wants to run by now.
    pub(crate) fn operator_is_behind(&self) -> bool {
        let strimzi = self.strimzi.as_ref();
        strimzi.is_some_and(|one| one.operator.is_behind)
    }

    /// How often the API server has ended.
    pub(crate) fn api_lives(&self) -> u32 {
        self.strimzi.as_ref().map_or(0, |one| one.api.lives)
    }
}
