//! One lab for all tests of a file: it takes longer to start than any of them
//! takes to run. A test that fails takes the lab down with it, so that its
//! logs are kept and the next test starts from a fresh one.
#![allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "each file uses its part of it; a test may panic, and is timed"
)]

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use slackwater_e2e::{Scene, wait_until};
use slackwater_lab::{Connector, Load, LoadPlan};

/// What the mirror is given to reach a state.
pub(crate) const REACH: Duration = Duration::from_secs(60);

/// No wait is longer here than it must be.
pub(crate) const QUICK: &str = "limits: {coverWait: 2s, catchUp: 30s}\n";

/// Where the tests of one file keep their lab.
pub(crate) type Slot = Mutex<Option<Scene>>;

/// The lab, for one test. Its mirror runs and is whole.
pub(crate) struct Turn {
    slot: MutexGuard<'static, Option<Scene>>,
    began: Instant,
}

impl Turn {
    /// Waits for the test before, and makes the lab where there is none.
    pub(crate) fn take(slot: &'static Slot, make: fn() -> Scene) -> Self {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let scene = slot.get_or_insert_with(make);
        scene.configure(QUICK).unwrap();
        scene.lab.connect().wait_running().unwrap();
        Self {
            slot,
            began: Instant::now(),
        }
    }
}

impl Deref for Turn {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        self.slot.as_ref().unwrap()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(self.slot.take());
        }
        println!("    {:.1} s", self.began.elapsed().as_secs_f64());
    }
}

/// Runs one phase, as a blueprint does, to this exit code.
pub(crate) fn phase(scene: &Scene, name: &str, code: i32) -> slackwater_e2e::Finished {
    scene
        .run(&["phase", name, "--allow-plain-copy"])
        .unwrap()
        .expect(code)
        .unwrap()
}

/// Runs a backup that is refused: exit code 2, and the cause, one line that
/// holds all of `named`. Nothing was stopped.
pub(crate) fn refused(scene: &Scene, more: &[&str], named: &[&str]) {
    let mut args = vec!["backup", "--allow-plain-copy"];
    args.extend(more);
    let finished = scene.run(&args).unwrap().expect(2).unwrap();
    says(finished.cause(), named);
    nobody_holds(scene);
}

/// Asserts that no run holds the mirror.
pub(crate) fn nobody_holds(scene: &Scene) {
    let status = scene.run(&["status"]).unwrap().expect(0).unwrap();
    says(
        status.stdout.lines().next().unwrap(),
        &["nobody holds the mirror"],
    );
}

/// Asserts that `line` holds all of `named`.
pub(crate) fn says(line: &str, named: &[&str]) {
    for word in named {
        assert!(line.contains(word), "{word:?} is not named in: {line}");
    }
}

/// The state of the connector that copies records.
pub(crate) fn source_state(scene: &Scene) -> String {
    let name = Connector::Source.name();
    scene.lab.connect().status(name).unwrap().connector
}

/// Stops the connector that copies records, as an operator does, and waits
/// until its tasks are gone.
pub(crate) fn stop_by_hand(scene: &Scene) {
    let (connect, name) = (scene.lab.connect(), Connector::Source.name());
    connect.stop_connector(name).unwrap();
    wait_until("the stop", REACH, || {
        connect
            .status(name)
            .is_ok_and(|seen| seen.connector == "STOPPED" && seen.tasks.is_empty())
    })
    .unwrap();
}

/// Resumes it, and waits until everything runs.
pub(crate) fn resume_by_hand(scene: &Scene) {
    let connect = scene.lab.connect();
    connect.resume_connector(Connector::Source.name()).unwrap();
    connect.wait_running().unwrap();
}

/// Moves the position that MirrorMaker has committed for blogs-0, while its
/// connector is stopped. Gives the one that it had.
pub(crate) fn move_committed(scene: &Scene, to: impl FnOnce(u64) -> u64) -> u64 {
    let path = "/connectors/mirror-source/offsets";
    let connect = scene.lab.connect();
    let all = connect.request("GET", path, None).unwrap();
    let at = all["offsets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["partition"]["topic"] == "blogs" && one["partition"]["partition"] == 0)
        .unwrap();
    let committed = at["offset"]["offset"].as_u64().unwrap();
    let moved = json!({"offsets": [{
        "partition": at["partition"],
        "offset": {"offset": to(committed)},
    }]});
    connect.request("PATCH", path, Some(&moved)).unwrap();
    committed
}

/// Puts records on one partition of the source, about `count` of them.
pub(crate) fn produce(
    scene: &Scene,
    topic: &str,
    partition: i32,
    count: u64,
) -> slackwater_lab::LoadReport {
    write_to(&scene.lab.source().bootstrap(), topic, partition, count)
}

/// The same on any cluster.
pub(crate) fn write_to(
    bootstrap: &str,
    topic: &str,
    partition: i32,
    count: u64,
) -> slackwater_lab::LoadReport {
    let plan = LoadPlan::new(1_000)
        .topics(&[topic])
        .partitions(topic, &[partition])
        .producer(number());
    let load = Load::start(bootstrap, &plan).unwrap();
    wait_until("the records", REACH, || load.acked() >= count).unwrap();
    load.stop().unwrap()
}

/// Records on one partition of the source, and their copies on the mirror.
pub(crate) fn produce_and_mirror(scene: &Scene, topic: &str, partition: i32, count: u64) {
    let load = produce(scene, topic, partition, count);
    scene.lab.wait_mirrored(&load, REACH).unwrap();
}

/// Each load has a producer of its own, so that records can be told apart.
fn number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(100);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
