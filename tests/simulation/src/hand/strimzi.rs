//! The mirror's control where it is in Strimzi: by the resource, through the
//! API server, and by Connect's REST, asked in its pods.
//!
//! It does what `plugin/kubernetes/src/mirror.rs` and `makers.rs` do, request
//! by request, and decides no more than they.

use slackwater_ports::{Answer, ConnectorRef, PortError, PortErrorKind, Seen};

use super::Hand;
use crate::schedule::Way;
use crate::world::World;
use crate::world::connect::Told;
use crate::world::strimzi::Strimzi;
use crate::world::strimzi::kafka::Kafka;
use crate::world::strimzi::maker::Maker;

/// How long the operator may take to begin a round with what was just written;
/// how long before it is poked; between two looks (`mirror.rs`).
const TAKEN_UP_MS: u64 = 10_000;
const POKE_MS: u64 = 3_000;
const BETWEEN_MS: u64 = 200;

/// How long a pause from before may take to be over, and how long its Kafka's operator to
/// take up another (`window.rs`).
const SETTLES_MS: u64 = 120_000;
const KAFKA_TAKEN_UP_MS: u64 = 20_000;

/// How often a patch is made anew because the resource changed (`makers.rs`).
const MOST_TRIES: usize = 30;

/// What is patched through the API server.
trait Resource: Clone {
    fn of(strimzi: &Strimzi) -> &Self;
    fn version(&self) -> u64;
    /// Writes it.
    fn put(self, strimzi: &mut Strimzi, now: u64);
}

impl Resource for Maker {
    fn of(strimzi: &Strimzi) -> &Self {
        &strimzi.maker
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn put(self, strimzi: &mut Strimzi, now: u64) {
        strimzi.change(now, |maker| *maker = self);
    }
}

impl Resource for Kafka {
    fn of(strimzi: &Strimzi) -> &Self {
        &strimzi.kafka
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn put(self, strimzi: &mut Strimzi, now: u64) {
        strimzi.change_kafka(now, |kafka| *kafka = self);
    }
}

impl Hand<'_> {
    /// The resource, as it stands there now.
    fn again<R: Resource>(&self) -> Seen<R> {
        self.reach(|world| Ok(R::of(strimzi(world)?).clone()))
    }

    /// Patches it until the patch is of what stands there, and reads it again.
    fn change<R: Resource>(&self, patch: impl Fn(&R) -> Option<R>) -> Seen<R> {
        for _ in 0..MOST_TRIES {
            let before: R = self.again()?;
            let Some(after) = patch(&before) else {
                return Ok(before);
            };
            let patched = self.reach(|world| {
                let now = world.now;
                world.takes_writes()?;
                let strimzi = strimzi(world)?;
                if R::of(strimzi).version() != before.version() {
                    return Ok(false);
                }
                after.put(strimzi, now);
                Ok(true)
            });
            if patched? {
                return self.again();
            }
        }
        let why = "the resource changed all the time";
        Err(PortError::new(PortErrorKind::Conflict, why))
    }

    fn poke(&self) -> Seen<()> {
        self.reach(|world| {
            let now = world.now;
            world.takes_writes()?;
            strimzi(world)?.change(now, |_| {});
            Ok(())
        })
    }

    /// Waits until its operator says so, and pokes it where it does not.
    fn wait_until(&self, is_so: impl Fn(&Maker) -> bool) -> Seen<()> {
        self.await_operator(
            TAKEN_UP_MS,
            || self.again().map(|now| is_so(&now)),
            || self.poke(),
        )
    }

    fn await_operator(
        &self,
        within_ms: u64,
        is_so: impl Fn() -> Seen<bool>,
        poke: impl Fn() -> Seen<()>,
    ) -> Seen<()> {
        let began = self.sim.now();
        let mut poked = began;
        loop {
            if is_so()? {
                return Ok(());
            }
            let now = self.sim.now();
            if now - began >= within_ms {
                let why = "the operator has not taken up what was written";
                return Err(PortError::new(PortErrorKind::Timeout, why));
            }
            if now - poked >= POKE_MS {
                poked = now;
                poke()?;
            }
            self.pause(BETWEEN_MS);
        }
    }

    fn wait_for_kafka(&self, within_ms: u64, is_so: impl Fn(&Kafka) -> bool) -> Seen<()> {
        let poke = || {
            self.reach(|world| {
                let now = world.now;
                world.takes_writes()?;
                strimzi(world)?.change_kafka(now, |_| {});
                Ok(())
            })
        };
        self.await_operator(within_ms, || self.again().map(|now| is_so(&now)), poke)
    }

    /// Its Kafka's operator leaves that alone, before anything is stopped.
    pub(crate) fn leave_kafka_alone(&self) -> Seen<()> {
        if self.sim.schedule.scene.strimzi.is_none() {
            return Ok(());
        }
        self.wait_for_kafka(SETTLES_MS, |now| now.paused || !now.says_paused)?;
        self.change(Kafka::pause)?;
        self.wait_for_kafka(KAFKA_TAKEN_UP_MS, |now| now.says_paused)
    }

    /// That it does so still.
    pub(crate) fn leaves_kafka_alone(&self) -> Seen<()> {
        if self.sim.schedule.scene.strimzi.is_none() {
            return Ok(());
        }
        let now: Kafka = self.again()?;
        match now.paused && now.says_paused {
            true => Ok(()),
            false => {
                let why = "the Kafka is not paused any more";
                Err(PortError::new(PortErrorKind::Refused, why))
            }
        }
    }

    /// It looks after it again.
    fn let_kafka_go(&self) -> Seen<()> {
        match self.change(Kafka::unpause)?.pause_is_ours {
            true => Err(not_read_back()),
            false => Ok(()),
        }
    }

    /// By `state`: the operator is to tell Connect.
    fn write_stop(&self) -> Seen<()> {
        let before: Maker = self.again()?;
        let written = self.change(Maker::stop)?;
        if !written.wants_none() {
            return Err(not_read_back());
        }
        let wanted = written.generation;
        if wanted == before.generation {
            return self.poke();
        }
        self.wait_until(|now| now.observed >= wanted)
    }

    /// By `pause`: the operator is to leave the resource alone.
    fn leave_alone(&self) -> Seen<()> {
        let now: Maker = self.again()?;
        if !now.paused && now.says_paused {
            self.wait_until(|now| !now.says_paused)?;
        }
        if !self.change(Maker::pause)?.paused {
            return Err(not_read_back());
        }
        self.wait_until(|now| now.says_paused)
    }

    fn put_back(&self) -> Seen<()> {
        let before: Maker = self.again()?;
        let back = self.change(Maker::put_back)?;
        if back.prior.is_some() {
            return Err(not_read_back());
        }
        if back.generation == before.generation {
            self.poke()?;
        }
        Ok(())
    }

    fn unpause(&self) -> Seen<()> {
        let was_ours = self.again::<Maker>()?.pause_is_ours;
        if self.change(Maker::unpause)?.paused && was_ours {
            return Err(not_read_back());
        }
        Ok(())
    }

    /// The stop itself.
    pub(crate) fn stop_all(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        match self.sim.schedule.scene.strimzi {
            None => self.tell(connectors, Told::Stop),
            Some(Way::State) => answers(connectors, &self.write_stop()),
            Some(Way::Pause) => match self.leave_alone() {
                Ok(()) => self.tell(connectors, Told::Stop),
                left => answers(connectors, &left),
            },
        }
    }

    /// The start itself.
    pub(crate) fn start_all(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        let mut told = match self.sim.schedule.scene.strimzi {
            None => return self.tell(connectors, Told::Run),
            // Connect is told at once, too, and what it answers is seen.
            Some(Way::State) => {
                let told = self.put_back();
                self.tell(connectors, Told::Run);
                answers(connectors, &told)
            }
            // Connect first: the operator then finds what it wants.
            Some(Way::Pause) => {
                let mut told = self.tell(connectors, Told::Run);
                let left = self.unpause();
                for answer in &mut told {
                    if answer.accepted.is_ok() {
                        answer.accepted.clone_from(&left);
                    }
                }
                told
            }
        };
        // Last: the mirror runs whatever becomes of this, and it is asked for again.
        if let Err(why) = self.let_kafka_go() {
            let taken = told.iter_mut().filter(|one| one.accepted.is_ok());
            taken.for_each(|one| one.accepted = Err(why.clone()));
        }
        told
    }
}

/// One for each: that of its resource.
fn answers(connectors: &[ConnectorRef], told: &Seen<()>) -> Vec<Answer> {
    let answer = |one: &ConnectorRef| Answer {
        connector: one.clone(),
        accepted: told.clone(),
    };
    connectors.iter().map(answer).collect()
}

fn strimzi(world: &mut World) -> Seen<&mut Strimzi> {
    let none = || PortError::new(PortErrorKind::Unsupported, "there is no API server");
    world.strimzi.as_mut().ok_or_else(none)
}

fn not_read_back() -> PortError {
    let why = "the resource does not say what was just written";
    PortError::new(PortErrorKind::Malformed, why)
}
