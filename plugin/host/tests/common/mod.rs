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

struct Silence;

fn silence<T>() -> Seen<T> {
    Err(PortError::new(PortErrorKind::Unsupported, "nobody there"))
}

impl Clock for Silence {
    fn now_ms(&self) -> u64 {
        1
    }

    fn monotonic_ms(&self) -> u64 {
        1
    }

    fn sleep_ms(&self, _ms: u64) {}
}

impl Progress for Silence {
    fn waiting(&self, _step: &str, _awaited: &str, _remaining_ms: Option<u64>) {}
}

impl Log for Silence {
    fn log(&self, _level: Level, _message: &str) {}
}

impl RunStore for Silence {
    fn load(&self) -> Seen<RunRecord> {
        silence()
    }

    fn save(&self, _expected: u64, _document: &str) -> Seen<u64> {
        silence()
    }
}

impl Heads for Silence {
    fn describe(&self, _cluster: &Cluster) -> Seen<ClusterView> {
        silence()
    }

    fn configs(&self, _cluster: &Cluster, _topics: &[String]) -> Seen<Vec<TopicConfig>> {
        silence()
    }

    fn sweep(&self, _cluster: &Cluster, _partitions: &[PartitionId]) -> Seen<HeadSweep> {
        silence()
    }
}

impl Groups for Silence {
    fn committed(&self) -> Seen<Vec<GroupOffset>> {
        silence()
    }
}

impl Records for Silence {
    fn read(
        &self,
        _cluster: &Cluster,
        _isolation: Isolation,
        _spans: &[Span],
        _timeout_ms: u64,
    ) -> Seen<Vec<SpanRead>> {
        silence()
    }
}

impl MirrorLook for Silence {
    fn mirror(&self) -> Seen<MirrorView> {
        silence()
    }
}

impl MirrorStop for Silence {
    fn stop(&self, _connectors: &[ConnectorRef]) -> Vec<Answer> {
        Vec::new()
    }
}

impl MirrorStart for Silence {
    fn start(&self, _connectors: &[Want]) -> Vec<Answer> {
        Vec::new()
    }
}

impl ConnectorPosition for Silence {
    fn positions(&self, _connector: &ConnectorRef) -> Seen<Vec<Position>> {
        silence()
    }
}

impl VolumeFlush for Silence {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        silence()
    }
}

impl VolumeSnapshot for Silence {
    fn snapshot(&self) -> Seen<Vec<SnapshotSeen>> {
        silence()
    }

    fn find(&self) -> Seen<Vec<SnapshotSeen>> {
        silence()
    }
}

impl GuardLook for Silence {
    fn guard(&self) -> Seen<GuardView> {
        silence()
    }
}

impl GuardStart for Silence {
    fn engage(&self, _window_ms: u64) -> Seen<GuardView> {
        silence()
    }
}
