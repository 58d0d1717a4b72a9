//! A world that answers nothing and writes down what it is told, and guests
//! that are written by hand.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests' helpers, of which each file uses a part"
)]

pub mod guest;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use slackwater_host::{Entry, Host, HostError, HostOptions, Limits, PhaseComponent, PhaseName};
use slackwater_host::{PhaseRun, Ports};
use slackwater_ports::*;

/// What a run did to the world.
#[derive(Default)]
pub struct World {
    pub lines: Mutex<Vec<(Level, String)>>,
    pub slept: Mutex<Vec<u64>>,
}

impl Clock for World {
    fn now_ms(&self) -> u64 {
        1
    }

    fn monotonic_ms(&self) -> u64 {
        1
    }

    fn sleep_ms(&self, ms: u64) {
        self.slept.lock().unwrap().push(ms);
    }
}

impl Progress for World {
    fn waiting(&self, _step: &str, _awaited: &str, _remaining_ms: Option<u64>) {}
}

impl Log for World {
    fn log(&self, level: Level, message: &str) {
        self.lines.lock().unwrap().push((level, message.to_owned()));
    }
}

/// Ports with the three that every guest here may call, and silence for the
/// rest.
pub fn ports(world: &Arc<World>) -> Ports {
    Ports {
        clock: Some(world.clone()),
        progress: Some(world.clone()),
        log: Some(world.clone()),
        ..Ports::of(Arc::new(Silence))
    }
}

/// Runs `await-drain` from this text.
pub fn run(wat: &str, world: &Arc<World>, limits: Limits) -> Result<PhaseRun, HostError> {
    Host::new(HostOptions::default())?.run(
        PhaseName::AwaitDrain,
        Entry::Run,
        &component(wat),
        ports(world),
        limits,
    )
}

/// The component that this text describes.
pub fn component(wat: &str) -> PhaseComponent {
    PhaseComponent::load(wat::parse_str(wat).unwrap()).unwrap()
}

/// Limits with this wall time, and fuel for ever.
pub fn wall_only(wall: Duration) -> Limits {
    Limits {
        fuel: u64::MAX,
        wall,
        ..Limits::default()
    }
}
