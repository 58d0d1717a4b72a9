//! The operator: it hears of changes, or looks by itself, and in each round
//! tells Connect what the resource wanted when the round began.

use fastrand::Rng;
use slackwater_ports::ConnectorState;

use super::maker::Maker;
use crate::world::World;
use crate::world::connect::Told;

/// How often it looks though it heard of nothing
/// (`STRIMZI_FULL_RECONCILIATION_INTERVAL_MS`).
pub(crate) const FULL_MS: u64 = 120_000;

/// What it hears while it is at the resource waits for so long, and is dropped
/// then (`AbstractOperator`, `LOCK_TIMEOUT_MS`).
pub(super) const LOCK_MS: u64 = 10_000;

/// How long it waits for Connect's answer.
const ANSWER_MS: u64 = 30_000;

/// Until then it is gone for good.
pub(crate) const FOR_GOOD: u64 = u64::MAX;

/// One round.
#[derive(Debug, Clone)]
struct Round {
    /// As the resource was when it began.
    generation: u64,
    paused: bool,
    wants: Vec<bool>,
    /// When it does the next thing.
    at: u64,
    /// The connector that comes next.
    next: usize,
    /// When it gives up on that one.
    gives_up: u64,
    /// See [`Operator`].
    is_behind: bool,
}

/// It.
#[derive(Debug, Clone)]
pub(crate) struct Operator {
    /// It is gone until then.
    pub(crate) down_until: u64,
    was_down: bool,
    /// When it begins with what it heard.
    heard: Option<u64>,
    /// When it looks by itself.
    full_at: u64,
    /// It had Connect stop what the resource wants to run by now: its round had
    /// begun before. The next one mends that.
    pub(crate) is_behind: bool,
    round: Option<Round>,
}

impl Operator {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self {
            down_until: 0,
            was_down: false,
            heard: None,
            full_at: rng.u64(0..FULL_MS),
            is_behind: false,
            round: None,
        }
    }

    /// Something was written into the resource.
    pub(super) fn hear(&mut self, now: u64, rng: &mut Rng) {
        if now < self.down_until {
            return;
        }
        let at = now + delay(rng);
        self.heard = Some(self.heard.map_or(at, |before| before.min(at)));
    }

    /// It dies; another one comes, and looks at everything.
    pub(crate) fn kill(&mut self, until: u64) {
        self.down_until = self.down_until.max(until);
        self.was_down = true;
        self.heard = None;
        self.round = None;
    }

    /// Nobody is there.
    pub(super) fn is_down(&self, now: u64) -> bool {
        now < self.down_until
    }

    /// Nobody starts it again.
    pub(crate) fn is_gone(&self) -> bool {
        self.down_until == FOR_GOOD
    }

    /// It comes back, if it does.
    pub(super) fn heal(&mut self, now: u64) {
        if self.down_until < FOR_GOOD {
            self.down_until = self.down_until.min(now);
        }
        if let Some(round) = &mut self.round {
            round.at = round.at.min(now);
        }
    }

    /// It looks by itself now.
    pub(crate) fn look(&mut self, now: u64) {
        self.full_at = now;
    }

    /// It begins a round, if none is under way, that takes until then.
    pub(crate) fn hold_up(&mut self, maker: &Maker, now: u64, until: u64) {
        if now < self.down_until {
            return;
        }
        let round = self.round.get_or_insert_with(|| Round::begin(maker, now));
        round.at = round.at.max(until);
    }

    pub(super) fn tick(
        &mut self,
        now: u64,
        [answers, writes]: [bool; 2],
        maker: &mut Maker,
        world: &mut World,
        rng: &mut Rng,
    ) {
        let mut told = world.connect.connectors.iter().map(|one| one.told);
        self.is_behind &= told.any(|one| one == Told::Stop);
        if now < self.down_until {
            return;
        }
        if std::mem::take(&mut self.was_down) {
            self.full_at = now + rng.u64(500..8_000);
        }
        if let Some(round) = &mut self.round {
            let over = round.go_on(now, writes, maker, world, rng);
            self.is_behind |= round.is_behind;
            if over {
                self.round = None;
            }
        }
        // What comes while it is at the resource waits for its lock.
        if self.round.is_some() {
            self.heard = self.heard.filter(|at| now < at + LOCK_MS);
            if now >= self.full_at + LOCK_MS {
                self.full_at += FULL_MS;
            }
            return;
        }
        let due = now >= self.full_at || self.heard.is_some_and(|at| now >= at);
        if due && answers {
            if now >= self.full_at {
                self.full_at = now + FULL_MS;
            }
            self.heard = None;
            let mut round = Round::begin(maker, now);
            round.at = now + rng.u64(50..1_500);
            self.round = Some(round);
        }
    }
}

/// Until it takes up what it heard: most often at once.
pub(super) fn delay(rng: &mut Rng) -> u64 {
    if rng.u8(..4) == 0 {
        rng.u64(200..5_800)
    } else {
        rng.u64(200..700)
    }
}

impl Round {
    fn begin(maker: &Maker, now: u64) -> Self {
        Self {
            generation: maker.generation,
            paused: maker.paused,
            wants: (0..maker.states.len()).map(|at| maker.wants(at)).collect(),
            at: now,
            next: 0,
            gives_up: u64::MAX,
            is_behind: false,
        }
    }

    /// Gives whether it is over.
    fn go_on(
        &mut self,
        now: u64,
        writes: bool,
        maker: &mut Maker,
        world: &mut World,
        rng: &mut Rng,
    ) -> bool {
        if now < self.at {
            return false;
        }
        if !self.paused && self.next < self.wants.len() {
            match self.tell(now, maker, world) {
                Some(true) => {
                    self.next += 1;
                    self.gives_up = u64::MAX;
                    self.at = now + rng.u64(10..200);
                    return false;
                }
                // A round that could not do all of it says so, and is over.
                Some(false) => {}
                None => return false,
            }
        }
        // What it can't write down is written down by the next one.
        if writes {
            let before = (maker.observed, maker.says_paused);
            if !self.paused {
                maker.observed = self.generation;
            }
            maker.says_paused = self.paused;
            if before != (maker.observed, maker.says_paused) {
                maker.version += 1;
            }
        }
        true
    }

    /// Looks at one connector, and tells Connect where it should be otherwise;
    /// whether that went well, or nothing while Connect does not answer. What is
    /// neither stopped nor runs is left to the next round.
    fn tell(&mut self, now: u64, maker: &Maker, world: &mut World) -> Option<bool> {
        if world.connect.answers(now, &mut world.rng).is_err() {
            return Some(false);
        }
        let told = match world.connect.connectors[self.next].state(now) {
            ConnectorState::Running if !self.wants[self.next] => Told::Stop,
            ConnectorState::Stopped if self.wants[self.next] => Told::Run,
            _ => return Some(true),
        };
        if self.gives_up == u64::MAX {
            self.gives_up = now + ANSWER_MS;
        }
        match world.connect_told(self.next, told) {
            Some(answer) => {
                self.is_behind = told == Told::Stop && maker.wants(self.next);
                Some(answer.is_ok())
            }
            None if now >= self.gives_up => Some(false),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, Way};

    /// A world that is a second old.
    fn world() -> World {
        let mut schedule = Schedule::outside(0);
        schedule.scene.strimzi = Some(Way::State);
        let mut world = World::new(&schedule.scene, 0);
        pass(&mut world, 1_000);
        world
    }

    fn pass(world: &mut World, ms: u64) {
        let until = world.now + ms;
        while world.now < until {
            world.now += 40;
            world.step();
        }
    }

    fn strimzi(world: &mut World) -> &mut crate::world::strimzi::Strimzi {
        world.strimzi.as_mut().unwrap_or_else(|| unreachable!())
    }

    fn told(world: &World) -> Vec<Told> {
        let each = world.connect.connectors.iter();
        each.map(|one| one.told).collect()
    }

    /// What is to be stopped is written into the resource.
    fn write_stop(world: &mut World) {
        let now = world.now;
        let strimzi = strimzi(world);
        let Some(stopped) = strimzi.maker.stop() else {
            unreachable!("it runs");
        };
        strimzi.change(now, |maker| *maker = stopped);
    }

    #[test]
    fn what_is_written_during_a_round_is_told_by_the_next_one() {
        let mut world = world();
        let now = world.now;
        let strimzi = strimzi(&mut world);
        let before = strimzi.maker.clone();
        strimzi.operator.hold_up(&before, now, now + 6_000);
        write_stop(&mut world);
        pass(&mut world, 5_900);
        assert_eq!(told(&world), [Told::Run, Told::Run]);
        assert!(maker(&world).observed < maker(&world).generation);
        pass(&mut world, 9_000);
        assert_eq!(told(&world), [Told::Stop, Told::Stop]);
        assert_eq!(maker(&world).observed, maker(&world).generation);
    }

    #[test]
    fn what_is_written_while_it_is_long_at_the_resource_waits_for_its_own_look() {
        let mut world = world();
        let now = world.now;
        let strimzi = strimzi(&mut world);
        let before = strimzi.maker.clone();
        strimzi.operator.hold_up(&before, now, now + 20_000);
        strimzi.operator.full_at = now + 60_000;
        write_stop(&mut world);
        pass(&mut world, 55_000);
        assert_eq!(told(&world), [Told::Run, Told::Run]);
        pass(&mut world, 10_000);
        assert_eq!(told(&world), [Told::Stop, Told::Stop]);
    }

    #[test]
    fn connectors_that_were_stopped_by_connect_alone_are_started_when_it_looks() {
        let mut world = world();
        world.tell_all(Told::Stop);
        assert_eq!(told(&world), [Told::Stop, Told::Stop]);
        let now = world.now;
        strimzi(&mut world).operator.look(now);
        pass(&mut world, 4_000);
        assert_eq!(told(&world), [Told::Run, Told::Run]);
    }

    #[test]
    fn a_resource_that_is_paused_is_left_alone() {
        let mut world = world();
        let now = world.now;
        let of_it = strimzi(&mut world);
        let Some(paused) = of_it.maker.pause() else {
            unreachable!("it is not paused");
        };
        of_it.change(now, |maker| *maker = paused);
        pass(&mut world, 8_000);
        assert!(maker(&world).says_paused);
        world.tell_all(Told::Stop);
        let now = world.now;
        strimzi(&mut world).operator.look(now);
        pass(&mut world, 8_000);
        assert_eq!(told(&world), [Told::Stop, Told::Stop]);
    }

    fn maker(world: &World) -> &Maker {
        let strimzi = world.strimzi.as_ref();
        strimzi.map_or_else(|| unreachable!(), |one| &one.maker)
    }
}
