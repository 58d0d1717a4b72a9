//! What both sides are measured on: a lab whose mirror holds its data, a load
//! that never stops, and a reader that notes what arrives.

use std::time::Duration;

use slackwater_e2e::{PATIENT, Scene, wait_until};
use slackwater_lab::{Arrivals, Lab, Load, LoadPlan, LoadReport, Volumes};

use super::unfit;
use crate::{BenchError, say};

/// What the source holds before anything is measured, in values of
/// [`FILL_SIZE`]: large ones, so that it is there within a minute or two.
const FILL_BYTES: u64 = 2 << 30;
const FILL_SIZE: usize = 16 << 10;
/// 32 MiB a second.
const FILL_RATE: u32 = 2_000;

/// For both: two cores write three replicas of it, and may be shared.
const FILL_LIMIT: Duration = Duration::from_secs(600);

/// Messages a second while it is measured: so many that the mirror, on two
/// cores, catches up between runs.
pub(super) const RATE: u32 = 4_000;

/// What is produced at first, and as much again by the load of thirty runs.
const VOLUME_BYTES: u64 = 8 << 30;

/// A mirror whose newest records are no older than this has caught up: with
/// exactly-once they arrive a poll and a commit after they were made.
const CAUGHT_UP: Duration = Duration::from_millis(1_500);

/// For that.
const CATCH_UP: Duration = Duration::from_secs(180);

/// How long the first record after a resume may take: brokers that start
/// after a clean stop and a worker that joins its group take tens of seconds.
const ARRIVAL: Duration = Duration::from_secs(180);

/// Topics that carry the load.
const TOPICS: [&str; 2] = ["blogs", "items"];

/// See the module.
pub(super) struct Stage {
    // Fields drop in this order: the load, its reader, then the clusters.
    load: Load,
    arrivals: Arrivals,
    filled: LoadReport,
    pub(super) scene: Scene,
}

/// What the source took in all.
#[derive(Default)]
pub(super) struct Produced {
    pub(super) records: u64,
    pub(super) bytes: u64,
    /// Messages a second, while it was measured.
    pub(super) rate: f64,
}

impl Stage {
    /// Brings it up, and fills the source.
    pub(super) fn set() -> Result<Self, BenchError> {
        say("starting a source, a mirror of three brokers, and MirrorMaker 2");
        let lab = Lab::builder()
            .name("bench-window")
            .exactly_once(true)
            .volumes(Volumes::LoopImages)
            .volume_bytes(VOLUME_BYTES)
            .start()?;
        let source = lab.source().bootstrap();
        let scene = Scene::new(lab, PATIENT)?;
        say(&format!("{} MiB of data first", FILL_BYTES >> 20));
        let fill = Load::start(&source, &LoadPlan::new(FILL_RATE).size(FILL_SIZE))?;
        wait_until("the data to be on the source", FILL_LIMIT, || {
            fill.acked() * FILL_SIZE as u64 >= FILL_BYTES
        })?;
        let filled = fill.stop()?;
        scene.lab.wait_mirrored(&filled, FILL_LIMIT)?;
        say(&format!("a load of {RATE} messages a second from now on"));
        let mirrored = TOPICS.map(|topic| scene.lab.policy().mirrored(topic));
        let arrivals = Arrivals::watch(
            &scene.lab.mirror().bootstrap(),
            &mirrored.each_ref().map(String::as_str),
        )?;
        let load = Load::start(&source, &LoadPlan::new(RATE).producer(2))?;
        Ok(Self {
            load,
            arrivals,
            filled,
            scene,
        })
    }

    /// Waits until the mirror has all but the newest records.
    pub(super) fn catch_up(&self) -> Result<(), BenchError> {
        let near = |age: Duration| age <= CAUGHT_UP;
        Ok(wait_until("the mirror's catching up", CATCH_UP, || {
            self.arrivals.behind().is_some_and(near)
        })?)
    }

    /// When the first record arrived from this instant on, which may still be
    /// to come. Milliseconds since the Unix epoch.
    pub(super) fn first_arrival(&self, from_ms: u64) -> Result<u64, BenchError> {
        wait_until("the arrival of a record", ARRIVAL, || {
            self.arrivals.first_from(from_ms).is_some()
        })?;
        let first = self.arrivals.first_from(from_ms);
        first.ok_or_else(|| unfit("no record arrived"))
    }

    /// How long nothing arrived before this arrival.
    pub(super) fn silence_before(&self, arrival_ms: u64) -> Result<u64, BenchError> {
        let last = self.arrivals.last_before(arrival_ms);
        last.map(|last| arrival_ms - last)
            .ok_or_else(|| unfit("nothing arrived before the stop"))
    }

    /// Ends the load and takes the lab down.
    pub(super) fn end(self) -> Result<Produced, BenchError> {
        let load = self.load.stop()?;
        let values = |load: &LoadReport, size: u64| load.acked() * size;
        let plan = LoadPlan::new(RATE);
        Ok(Produced {
            records: self.filled.acked() + load.acked(),
            bytes: values(&self.filled, FILL_SIZE as u64) + values(&load, plan.size as u64),
            rate: load.rate(),
        })
    }
}
