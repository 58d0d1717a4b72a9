//! SIGKILL, from outside, at each phase: of the program, of the guard, and of
//! both. The mirror runs again, nothing that was given up claims anything,
//! and the next run succeeds.
//!
//! One lab for all of it, one kill after another, under load: at the end every
//! record is on the mirror, once.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real processes are killed at real moments; a test may panic"
)]

mod begun;

use std::time::Duration;

use slackwater_cut::State;
use slackwater_e2e::{RunFile, Scene, Stage, kill_guard, wait_until};
use slackwater_lab::{Connector, Isolation, Lab, Load, LoadPlan, audit};

use begun::Begun;

/// For the guard to resume after its caller is gone, and to void the run.
const RESUMED: Duration = Duration::from_secs(30);

/// From the run document to a moment within the 3 s and more over which the
/// source is sampled before the first stop. Not a line of progress: there is
/// none where the mirror is past the samples by the time that it is looked at.
const INTO_THE_SAMPLES: Duration = Duration::from_millis(500);

/// A window so short that a test can wait for its end.
const SHORT_WINDOW: &str = "limits: {window: 10s}\n";

#[test]
fn whatever_is_killed_the_mirror_runs_again_and_the_next_run_succeeds() {
    let lab = Lab::builder().name("killed").start().unwrap();
    println!("up: {}", lab.timings());
    let scene = Scene::new(lab, "").unwrap();
    let load = Load::start(&scene.lab.source().bootstrap(), &LoadPlan::new(500)).unwrap();
    let began = std::time::Instant::now();
    let done = |what: &str| println!("[{:>5.1} s] {what}", began.elapsed().as_secs_f64());

    a_backup_killed_before_the_stop_has_stopped_nothing(&scene);
    done("killed before the stop");
    for stage in Stage::ALL {
        a_backup_killed_at(&scene, stage);
        done(&format!("killed while {}", stage.words()));
    }
    a_backup_whose_guard_is_killed_puts_the_mirror_right_itself(&scene);
    done("guard killed");
    a_hold_without_anybody_is_shown_and_put_right(&scene, |scene| {
        scene.run(&["resume"]).unwrap().expect(0).unwrap();
        assert_running(scene);
    });
    done("both killed, then resume");
    a_hold_without_anybody_is_shown_and_put_right(&scene, |scene| {
        scene.backup(&[], 0).unwrap();
    });
    done("both killed, then backup");
    a_phase_killed_while_stopping_goes_on_when_it_is_run_again(&scene);
    done("phase killed and run again");
    a_phase_killed_while_stopping_is_resumed_at_the_deadline(&scene);
    done("phase killed and left to the deadline");

    scene.configure("").unwrap();
    scene.backup(&[], 0).unwrap();
    done("backup");
    assert_no_given_up_run_claims_anything(&scene);
    let load = load.stop().unwrap();
    scene.lab.wait_mirrored(&load, RESUMED).unwrap();
    let mirror = scene.lab.mirror().bootstrap();
    let report = audit(&mirror, &["blogs", "items"], Isolation::ReadCommitted).unwrap();
    assert_eq!(report.problems(), Vec::<String>::new());
    assert_eq!(report.absent(&load, str::to_owned), Vec::<String>::new());
}

fn a_backup_killed_before_the_stop_has_stopped_nothing(scene: &Scene) {
    let begun = Begun::backup(scene);
    std::thread::sleep(INTO_THE_SAMPLES);
    let run = begun.kill();
    let cut = run.cut().unwrap();
    assert_eq!(cut.state, State::Open);
    assert!(cut.quiesce.is_none(), "nothing was stopped");
    assert_running(scene);
    assert_eq!(status(scene)["hold"], "nobody holds the mirror");
}

/// The guard finds its caller gone: the mirror runs again long before the
/// deadline, and the run is void.
fn a_backup_killed_at(scene: &Scene, stage: Stage) {
    let moment = stage.words();
    let run = Begun::backup(scene).wait_until(stage).kill();
    let at_kill = run.cut().unwrap();
    let cut = begun::wait_until_void(&run, RESUMED);
    assert_running(scene);
    let State::Void { at_ms, reason } = &cut.state else {
        panic!("{moment}: {:?}", cut.state);
    };
    println!("  {moment}: was {}; {reason}", at_kill.state.word());
    let deadline_ms =
        cut.quiesce.as_ref().unwrap().stop_started_ms.unwrap() + cut.settings.window_ms;
    assert!(
        *at_ms < deadline_ms,
        "{moment}: voided at {at_ms}, after {deadline_ms}"
    );
    assert!(reason.contains("ended before it"), "{moment}: {reason}");
    wait_until_free(scene);
    let status = status(scene);
    let rows = status["runs"].as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["run"] == *run.id().as_str())
        .unwrap();
    assert_eq!(
        (&row["state"], &row["reason"]),
        (&"void".into(), &reason.as_str().into())
    );
}

/// The run can't be proven any more; the program that lives says so, and the
/// mirror runs again before it ends.
fn a_backup_whose_guard_is_killed_puts_the_mirror_right_itself(scene: &Scene) {
    let begun = Begun::backup(scene).wait_until(Stage::Draining);
    kill_guard(scene).unwrap();
    let (run, finished) = begun.wait();
    assert_running(scene);
    let finished = finished.expect(1).unwrap();
    println!("  guard killed: {}", finished.cause());
    assert!(matches!(run.cut().unwrap().state, State::Void { .. }));
    assert_eq!(status(scene)["hold"], "nobody holds the mirror");
}

fn a_hold_without_anybody_is_shown_and_put_right(scene: &Scene, put_right: fn(&Scene)) {
    let begun = Begun::backup(scene).wait_until(Stage::Draining);
    // The program must not see the guard's end.
    begun.freeze();
    kill_guard(scene).unwrap();
    let run = begun.kill();

    let hold = status(scene)["hold"].as_str().unwrap().to_owned();
    assert!(
        hold.starts_with("EXPIRED") && hold.contains(run.id().as_str()),
        "{hold}"
    );
    for connector in Connector::ALL {
        let seen = scene.lab.connect().status(connector.name()).unwrap();
        assert_eq!(seen.connector, "STOPPED", "{}", connector.name());
    }
    put_right(scene);
    scene.lab.connect().wait_running().unwrap();
    let cut = run.cut().unwrap();
    assert!(matches!(cut.state, State::Void { .. }), "{:?}", cut.state);
    assert_eq!(status(scene)["hold"], "nobody holds the mirror");
}

/// A blueprint's phase is no leash: each is a process of its own.
fn a_phase_killed_while_stopping_goes_on_when_it_is_run_again(scene: &Scene) {
    let run = killed_phase(scene);
    let id = run.id();
    let named = ["phase", "quiesceMirror", "--run", &id];
    let again = scene.run(&named).unwrap().expect(0).unwrap();
    assert!(
        again.stdout.contains("connectorsStopped"),
        "{}",
        again.stdout
    );
    assert!(run.cut().unwrap().quiesce.unwrap().stopped.is_some());
    for phase in ["awaitDrain", "snapshotPartitions", "validateHead"] {
        let mut args = vec!["phase", phase];
        if phase == "snapshotPartitions" {
            args.push("--allow-plain-copy");
        }
        scene.run(&args).unwrap().expect(0).unwrap();
    }
    assert_running(scene);
    assert!(matches!(run.cut().unwrap().state, State::Closed { .. }));
}

fn a_phase_killed_while_stopping_is_resumed_at_the_deadline(scene: &Scene) {
    scene.configure(SHORT_WINDOW).unwrap();
    let run = killed_phase(scene);
    let cut = begun::wait_until_void(&run, RESUMED);
    let State::Void { at_ms, reason } = &cut.state else {
        panic!("{:?}", cut.state);
    };
    assert!(reason.contains("the deadline passed"), "{reason}");
    let deadline_ms = cut
        .quiesce
        .as_ref()
        .unwrap()
        .guard
        .as_ref()
        .unwrap()
        .deadline_ms
        .unwrap();
    assert!(*at_ms >= deadline_ms, "{at_ms} is before {deadline_ms}");
    assert_running(scene);
    wait_until_free(scene);
    let late = scene
        .run(&["phase", "awaitDrain", "--run", run.id().as_str()])
        .unwrap();
    let late = late.expect(2).unwrap();
    assert!(
        late.cause().contains("no run holds the mirror"),
        "{}",
        late.cause()
    );
}

/// `phase quiesceMirror`, killed when the first connector was asked to stop.
fn killed_phase(scene: &Scene) -> RunFile {
    let begun = Begun::start(scene, &["phase", "quiesceMirror", "--allow-plain-copy"]);
    begun.wait_until(Stage::Stopping).kill()
}

fn assert_running(scene: &Scene) {
    for connector in Connector::ALL {
        let seen = scene.lab.connect().status(connector.name()).unwrap();
        let all = seen.connector == "RUNNING" && seen.tasks.iter().all(|task| task == "RUNNING");
        let enough = connector != Connector::Source || !seen.tasks.is_empty();
        assert!(all && enough, "{}: {seen:?}", connector.name());
    }
}

/// The guard gives the lease back after the run is void.
fn wait_until_free(scene: &Scene) {
    let is_free = || status(scene)["hold"] == "nobody holds the mirror";
    wait_until("the end of the hold", RESUMED, is_free).unwrap();
}

fn status(scene: &Scene) -> serde_json::Value {
    let shown = scene
        .run(&["status", "--output", "json", "--runs", "100"])
        .unwrap();
    serde_json::from_str(&shown.expect(0).unwrap().stdout).unwrap()
}

fn assert_no_given_up_run_claims_anything(scene: &Scene) {
    let status = status(scene);
    let rows = status["runs"].as_array().unwrap();
    let claiming = |row: &&serde_json::Value| !row["claims"].as_array().unwrap().is_empty();
    let (closed, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row["state"] == "closed");
    assert_eq!(
        others.iter().filter(|row| claiming(row)).count(),
        0,
        "{status:#}"
    );
    assert_eq!(others.len(), Stage::ALL.len() + 5, "{status:#}");
    assert_eq!(
        closed.iter().filter(|row| claiming(row)).count(),
        3,
        "{status:#}"
    );
}
