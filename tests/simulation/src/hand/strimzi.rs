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
use crate::world::strimzi::maker::Maker;

/// How long the operator may take to begin a round with what was just written;
/// how long before it is poked; between two looks (`mirror.rs`).
const TAKEN_UP_MS: u64 = 10_000;
const POKE_MS: u64 = 3_000;
const BETWEEN_MS: u64 = 200;

/// How often a patch is made anew because the resource changed (`makers.rs`).
const MOST_TRIES: usize = 10;

impl Hand<'_> {
    /// The resource, as it stands there now.
    fn again(&self) -> Seen<Maker> {
        self.reach(|world| Ok(strimzi(world)?.maker.clone()))
    }

    /// Patches it until the patch is of what stands there, and reads it again.
    fn change(&self, patch: impl Fn(&Maker) -> Option<Maker>) -> Seen<Maker> {
        for _ in 0..MOST_TRIES {
            let before = self.again()?;
            let Some(after) = patch(&before) else {
                return Ok(before);
            };
            let patched = self.reach(|world| {
                let now = world.now;
                world.takes_writes()?;
                let strimzi = strimzi(world)?;
                if strimzi.maker.version != before.version {
                    return Ok(false);
                }
                strimzi.change(now, |maker| *maker = after);
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
        let began = self.sim.now();
        let mut poked = began;
        loop {
            if is_so(&self.again()?) {
                return Ok(());
            }
            let now = self.sim.now();
            if now - began >= TAKEN_UP_MS {
                let why = "the operator has not taken up what was written";
                return Err(PortError::new(PortErrorKind::Timeout, why));
            }
            if now - poked >= POKE_MS {
                poked = now;
                self.poke()?;
            }
            self.pause(BETWEEN_MS);
        }
    }

    /// By `state`: the operator is to tell Connect.
    fn write_stop(&self) -> Seen<()> {
        let before = self.again()?;
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
        let now = self.again()?;
        if !now.paused && now.says_paused {
            self.wait_until(|now| !now.says_paused)?;
        }
        if !self.change(Maker::pause)?.paused {
            return Err(not_read_back());
        }
        self.wait_until(|now| now.says_paused)
    }

    fn put_back(&self) -> Seen<()> {
        let before = self.again()?;
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
        let was_ours = self.again()?.pause_is_ours;
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
        match self.sim.schedule.scene.strimzi {
            None => self.tell(connectors, Told::Run),
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
        }
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
