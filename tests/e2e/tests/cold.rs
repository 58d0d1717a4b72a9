//! Strategy `cold`: the brokers are stopped for the cut. What proves it is what
//! brokers that stopped cleanly leave on their volumes.
//!
//! One lab for all of it, under load.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod shared;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use slackwater_cut::{Claim, ClaimName, Cut, State, Verdict};
use slackwater_e2e::{Compared, RunFile, Scene, Services, send_signal, wait_until};
use slackwater_lab::{Broker, Isolation, Lab, Load, LoadPlan, Volumes, audit};

use shared::{REACH, nobody_holds, says, source_state};

/// Names a file for the cut: a fixture of the claims' own tests.
const KEEP: &str = "SLACKWATER_KEEP_COLD_CUT";

/// The mirror shares a small machine, and its brokers come and go.
const MORE: &str = "limits: {coverWait: 90s}\n";

fn claim(cut: &Cut, name: ClaimName) -> &Claim {
    cut.claims.iter().find(|claim| claim.name == name).unwrap()
}

/// As a service manager does. A lab's broker is a controller too, and now and
/// then one waits in vain for those that stopped with it, and is killed: then
/// the command fails, and so does the run.
fn cleanly(broker: &Broker) -> bool {
    broker.stop().unwrap_or(false)
}

mod needs_root {
    use super::*;

    mod takes_long {
        use super::*;

        #[test]
        fn a_cold_backup_proves_what_brokers_that_stopped_cleanly_left_and_nothing_else() {
            let lab = Lab::builder()
                .name("cold")
                .exactly_once(true)
                .volumes(Volumes::LoopImages)
                .start()
                .unwrap();
            let scene = Scene::new(lab, "").unwrap();
            let load = Load::start(&scene.lab.source().bootstrap(), &LoadPlan::new(500)).unwrap();
            let services = Services::set_up(&scene, MORE).unwrap();

            let cut = one_that_is_proven(&scene, &services);
            what_is_restored_is_the_cut(&scene, &cut);
            one_that_was_killed_instead_proves_nothing_durable(&scene, &services);
            brokers_are_started_again_when_the_program_dies(&scene, &services);

            let load = load.stop().unwrap();
            scene.lab.wait_mirrored(&load, REACH * 2).unwrap();
            let mirror = scene.lab.mirror().bootstrap();
            let report = audit(&mirror, &["blogs", "items"], Isolation::ReadCommitted).unwrap();
            assert_eq!(report.problems(), Vec::<String>::new());
            assert_eq!(report.absent(&load, str::to_owned), Vec::<String>::new());
        }
    }
}

/// The lab's own fault, see [`cleanly`], is tried again.
fn one_that_is_proven(scene: &Scene, services: &Services<'_>) -> Cut {
    let args = ["backup", "--output", "json"];
    let mut finished = services.during(cleanly, || scene.run(&args).unwrap());
    for _ in 0..3 {
        if finished.code == Some(0) || !finished.stderr.contains("could not be stopped") {
            break;
        }
        println!("again: {}", finished.cause());
        finished = services.during(cleanly, || scene.run(&args).unwrap());
    }
    let finished = finished.expect(0).unwrap();
    let cut = Cut::parse(&finished.stdout).unwrap();
    if let Some(file) = std::env::var_os(KEEP) {
        std::fs::write(file, &finished.stdout).unwrap();
    }
    for claim in &cut.claims {
        println!("{:?} {:?}: {}", claim.name, claim.verdict, claim.reason);
        assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
    }
    let outage = cut.snapshot.as_ref().unwrap().outage.as_ref().unwrap();
    let resume = cut.resume.as_ref().unwrap();
    println!(
        "the brokers were stopped within {} ms, and started {} ms after they were asked to stop; \
         the connectors {} ms",
        outage.stopped_ms.unwrap() - outage.asked_ms,
        outage.started_ms.unwrap() - outage.asked_ms,
        resume.started_ms - outage.asked_ms,
    );
    assert!(
        cut.content
            .as_ref()
            .unwrap()
            .dirs
            .iter()
            .all(|dir| dir.clean_shutdown)
    );
    let led_anew = cut.bracket.as_ref().unwrap().moved.len();
    assert!(led_anew > 0, "brokers that start elect leaders");
    cut
}

fn what_is_restored_is_the_cut(scene: &Scene, cut: &Cut) {
    let copies = scene.restore_volumes(&cut.run_id).unwrap();
    let opened = scene.open(&copies, "cold-opened").unwrap();
    scene
        .validate_volumes(&opened, &cut.run_id, None)
        .unwrap()
        .expect(0)
        .unwrap();
    let compared = scene.compare_volumes(&opened, &cut.run_id).unwrap();
    let compared = Compared::of(&compared.expect(0).unwrap().stdout).unwrap();
    println!("{compared:?}");
    assert!(compared.records > 0 && compared.missing == 0 && compared.extra == 0);
}

/// The command says that the broker is stopped, and it is; but not cleanly.
fn one_that_was_killed_instead_proves_nothing_durable(scene: &Scene, services: &Services<'_>) {
    let kill_one = |broker: &Broker| {
        if broker.id() == 2 {
            broker.kill9();
            return true;
        }
        let _ = broker.stop();
        true
    };
    let args = ["backup", "--output", "json"];
    let finished = services.during(kill_one, || scene.run(&args).unwrap());
    // 1 where Connect wrote to its own topics meanwhile: of an end that moved,
    // only a volume at rest can tell that it did so after the cut.
    assert!(matches!(finished.code, Some(1 | 3)), "{}", finished.cause());
    let cut = Cut::parse(&finished.stdout).unwrap();
    let durable = claim(&cut, ClaimName::Durable);
    assert_eq!(durable.verdict, Verdict::Unproven, "{durable:?}");
    says(&durable.reason, &["volume-2", "had not stopped cleanly"]);
    nobody_holds(scene);
}

/// Killed when all brokers are down: the guard starts them, and then the
/// connectors.
fn brokers_are_started_again_when_the_program_dies(scene: &Scene, services: &Services<'_>) {
    let stopped = AtomicU32::new(0);
    let program = Mutex::new(None);
    let stop = |broker: &Broker| {
        let _ = broker.stop();
        if stopped.fetch_add(1, Ordering::SeqCst) == 2 {
            let pid = program.lock().unwrap().unwrap();
            assert!(send_signal("KILL", pid));
        }
        true
    };
    let cut = services.during(stop, || {
        let mut child = scene.start(&["backup"]).unwrap();
        *program.lock().unwrap() = Some(child.id());
        let run = wait_for(|| RunFile::of_process(scene, child.id()));
        child.wait().unwrap();
        wait_until("the guard to give the run up", REACH * 2, || {
            run.cut()
                .is_ok_and(|cut| matches!(cut.state, State::Void { .. }))
        })
        .unwrap();
        run.cut().unwrap()
    });
    assert_eq!(stopped.load(Ordering::SeqCst), 3);
    let outage = cut.snapshot.as_ref().unwrap().outage.as_ref().unwrap();
    assert!(outage.started_ms.is_some(), "{outage:?}");
    assert!(cut.claims.is_empty());
    for broker in scene.lab.mirror().brokers() {
        broker.check_alive().unwrap();
    }
    assert_eq!(source_state(scene), "RUNNING");
    nobody_holds(scene);
}

fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    let mut found = None;
    wait_until("a run document", REACH, || {
        found = look();
        found.is_some()
    })
    .unwrap();
    found.unwrap()
}
