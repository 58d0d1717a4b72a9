//! The other side: what kafka-kasten's blueprint has Kanister do around the
//! snapshots (`scale-down-up-kafka-bp.yaml`), without what Kubernetes adds to
//! it. Stop MirrorMaker 2's process, `sync` for each broker, stop the brokers,
//! clone the volumes, start the brokers, start MirrorMaker 2.
//!
//! Where a choice is left it is the quick one. The volumes are synced at once,
//! the blueprint does one after the other; the brokers stop and start at once,
//! a StatefulSet's do one after the other; no pod is scheduled and no volume
//! is attached; the clone is the same as ours.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use slackwater_lab::Broker;

use super::stage::Stage;
use super::steps::Steps;
use super::{now_ms, unfit};
use crate::{BenchError, failed};

/// One run.
pub(super) struct Peer {
    /// From before MirrorMaker is told to stop to the first record that the
    /// reader saw after its start.
    pub(super) window_ms: u64,
    /// Of these, those in which the volumes were cloned.
    pub(super) clone_ms: u64,
    /// How long the reader saw nothing arrive.
    pub(super) silent_ms: u64,
    pub(super) steps: Steps,
    /// Whether every process ended when it was asked to. Two of three brokers
    /// that are their own controllers may be gone before the third has been
    /// granted its shutdown, which then waits in vain until it is killed.
    pub(super) cleanly: bool,
}

/// Goes through the steps, and removes the clones.
pub(super) fn run(stage: &Stage) -> Result<Peer, BenchError> {
    let lab = &stage.scene.lab;
    let brokers = lab.mirror().brokers();
    let began = now_ms();
    let mut cleanly = lab.connect().stop()?;
    let stopped = now_ms();
    at_once(brokers, |broker| {
        let mut sync = Command::new("sync");
        ran(sync.arg("-f").arg(broker.mount_point()))
    })?;
    let synced = now_ms();
    let ended = at_once(brokers, |broker| Ok(broker.stop()?))?;
    cleanly &= ended.into_iter().all(|ended| ended);
    let down = now_ms();
    at_once(brokers, |broker| {
        let (image, clone) = (image(broker)?, clone_of(stage, broker)?);
        ran(Command::new("cp").args(["--reflink=always".into(), image, clone]))
    })?;
    let cloned = now_ms();
    at_once(brokers, |broker| Ok(broker.start()?))?;
    lab.mirror().wait_ready()?;
    let up = now_ms();
    lab.connect().start()?;
    let first = stage.first_arrival(up)?;
    for broker in brokers {
        fs::remove_file(clone_of(stage, broker)?).map_err(failed("remove a clone"))?;
    }
    lab.connect().wait_running()?;
    Ok(Peer {
        window_ms: first - began,
        clone_ms: cloned - down,
        silent_ms: stage.silence_before(first)?,
        steps: Steps::between(
            began,
            &[
                ("mm2_stopped", stopped),
                ("synced", synced),
                ("brokers_stopped", down),
                ("cloned", cloned),
                ("brokers_ready", up),
                ("mm2_mirrors", first),
            ],
        ),
        cleanly,
    })
}

fn image(broker: &Broker) -> Result<PathBuf, BenchError> {
    let image = broker.image().map(ToOwned::to_owned);
    image.ok_or_else(|| unfit(format!("{} has no image", broker.name())))
}

fn clone_of(stage: &Stage, broker: &Broker) -> Result<PathBuf, BenchError> {
    let clones = stage.scene.lab.snapshots_dir();
    let clones = clones.ok_or_else(|| unfit("the lab has no place for clones"))?;
    Ok(clones.join(format!("kafka-kasten-{}.img", broker.id())))
}

fn ran(command: &mut Command) -> Result<(), BenchError> {
    let status = command.status().map_err(failed("start a command"))?;
    match status.success() {
        true => Ok(()),
        false => Err(unfit(format!("{command:?} ended with {status}"))),
    }
}

/// Does it for all brokers at once; the first error counts.
fn at_once<T: Send>(
    brokers: &[Broker],
    act: impl Fn(&Broker) -> Result<T, BenchError> + Sync,
) -> Result<Vec<T>, BenchError> {
    thread::scope(|scope| {
        let acts: Vec<_> = brokers
            .iter()
            .map(|broker| scope.spawn(|| act(broker)))
            .collect();
        let ended = acts.into_iter().map(|act| {
            act.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ended.collect()
    })
}
