//! What a seed stands for: a scene, and faults that befall it.

use std::fmt;

use fastrand::Rng;

use crate::fault::{ANYWHERE, Fault, Kind};
use crate::in_strimzi::move_in;
use crate::program::Command;
use crate::step::Step;

/// How the program is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `slackwater backup`: the run ends with the process.
    Backup,
    /// `slackwater phase …`, one process after the other, as a blueprint does.
    Phases,
}

/// How volumes are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    /// What is on disk at one instant of each volume.
    Block,
    /// Each log at an instant of its own, as the kernel has it.
    Copy,
}

/// How a mirror in Strimzi is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By what its resource says.
    State,
    /// By Connect's REST, while its operator leaves the resource alone.
    Pause,
}

/// What there is.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) mode: Mode,
    pub(crate) driver: Driver,
    pub(crate) partitions: usize,
    pub(crate) replicas: usize,
    pub(crate) tasks: usize,
    pub(crate) eos: bool,
    pub(crate) rate: u64,
    pub(crate) send_ms: u64,
    pub(crate) commit_every_ms: u64,
    pub(crate) window_ms: u64,
    pub(crate) verify_full: bool,
    pub(crate) settle: bool,
    /// Whether the brokers are stopped for the cut.
    pub(crate) cold: bool,
    /// Whether nothing is stopped at all.
    pub(crate) hot: bool,
    /// Whether a source that can't be reached is done without.
    pub(crate) does_without: bool,
    /// How often whoever called it calls it again.
    pub(crate) retries: u32,
    /// Whether the mirror is in Strimzi, and how it is stopped there.
    pub(crate) strimzi: Option<Way>,
}

/// A seed's schedule.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) scene: Scene,
    pub(crate) faults: Vec<Fault>,
    /// What befalls the world between two commands, after this one, and has
    /// come to its end when the next one begins.
    pub(crate) between: Option<(Command, Fault)>,
}

/// Of so many schedules one stops the brokers for the cut.
const COLD: u8 = 6;

/// Of so many others one stops nothing.
const HOT: u8 = 8;

/// So much more has its window then: what brokers take to stop and to start.
const COLD_MS: u64 = 12_000;

/// Of so many schedules one may do without its source.
const WITHOUT: u8 = 4;

/// So much more has its window then: less than connectors may take to stop is refused.
const WITHOUT_MS: u64 = 96_000;

/// Of so many schedules one has no fault at all.
const FAULTLESS: u64 = 10;

impl Schedule {
    /// Where the seed says.
    pub(crate) fn of(seed: u64) -> Self {
        let mut schedule = Self::outside(seed);
        move_in(&mut schedule.scene, &mut schedule.faults, seed);
        schedule.fail_later(seed);
        schedule
    }

    /// When its cuts are read again, a call of that may fail.
    fn fail_later(&mut self, seed: u64) {
        let mut rng = Rng::with_seed(seed ^ 0x4ead_a6a1_0000);
        if self.faults.is_empty() || rng.bool() {
            return;
        }
        let step = Step::ReadAgain;
        self.faults.push(Fault {
            kind: Kind::CallFails,
            step,
            call: rng.u32(..step.calls()),
            target: 0,
            lasts_ms: 0,
        });
    }

    /// Not in Strimzi.
    pub(crate) fn outside(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5111_c2a7_e500_0000);
        let mut scene = Scene {
            mode: if rng.u8(..4) == 0 {
                Mode::Phases
            } else {
                Mode::Backup
            },
            driver: if rng.u8(..4) == 0 {
                Driver::Copy
            } else {
                Driver::Block
            },
            partitions: rng.usize(1..=3),
            replicas: rng.usize(2..=3),
            tasks: rng.usize(1..=2),
            eos: rng.bool(),
            rate: rng.u64(1..=3),
            send_ms: [10, 20, 60, 1_200][rng.usize(..4)],
            commit_every_ms: [400, 1_000, 5_000][rng.usize(..3)],
            window_ms: [8_000, 12_000, 20_000][rng.usize(..3)],
            verify_full: rng.u8(..4) != 0,
            settle: rng.u8(..4) == 0,
            // Of its own, so that a seed's other choices stay what they were.
            cold: Rng::with_seed(seed ^ 0xc01d_0000).u8(..COLD) == 0,
            hot: false,
            does_without: Rng::with_seed(seed ^ 0x0050_ce00).u8(..WITHOUT) == 0,
            retries: rng.u32(..2),
            strimzi: None,
        };
        scene.hot = !scene.cold && Rng::with_seed(seed ^ 0x407_0000).u8(..HOT) == 0;
        if scene.cold {
            scene.window_ms += COLD_MS;
        }
        if scene.does_without {
            scene.window_ms += WITHOUT_MS;
        }
        let count = if seed.is_multiple_of(FAULTLESS) {
            0
        } else {
            rng.usize(1..=3)
        };
        let faults = (0..count)
            .map(|_| {
                let kind = ANYWHERE[rng.usize(..ANYWHERE.len())];
                let step = Step::ALL[rng.usize(..Step::ALL.len())];
                Fault {
                    kind,
                    step,
                    call: rng.u32(..step.calls()),
                    target: rng.usize(..3),
                    lasts_ms: kind.lasts(&mut rng),
                }
            })
            .collect();
        Self {
            seed,
            scene,
            faults,
            between: None,
        }
    }

    /// The same without one of its faults.
    pub(crate) fn without(&self, at: usize) -> Self {
        let mut fewer = self.clone();
        fewer.faults.remove(at);
        fewer
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scene {
            mode,
            driver,
            partitions,
            replicas,
            tasks,
            eos,
            cold,
            hot,
            strimzi,
            ..
        } = self.scene;
        let cold = match (cold, hot) {
            (true, _) => "cold ",
            (false, true) => "hot ",
            (false, false) => "",
        };
        let place = match strimzi {
            None => "",
            Some(Way::State) => ", in Strimzi and stopped by state",
            Some(Way::Pause) => ", in Strimzi and stopped by pause",
        };
        writeln!(
            f,
            "seed {}: {mode:?}, {cold}{driver:?} snapshots, {partitions} partitions on {replicas} \
             replicas, {tasks} tasks, {}exactly-once{place}",
            self.seed,
            if eos { "" } else { "not " }
        )?;
        for fault in &self.faults {
            writeln!(f, "  {fault}")?;
        }
        Ok(())
    }
}

/// Kinds that need no target and no time.
impl Kind {
    fn lasts(self, rng: &mut Rng) -> u64 {
        match self {
            Kind::ClockJumps => rng.u64(1_000..90_000),
            Kind::FetcherHangs => rng.u64(2_000..45_000),
            Kind::BrokerFrozen => rng.u64(1_000..15_000),
            Kind::ForeignProducer | Kind::Reverted => rng.u64(100..2_000),
            _ => rng.u64(300..12_000),
        }
    }
}
