//! What happens in the window, between the seal and the snapshots, where no
//! look at the heads shows what it left: other leaders with the same ends, and
//! a transaction of which only its coordinator knows.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod shared;

use std::sync::{Arc, Mutex};

use slackwater_cut::{Claim, ClaimName, Cut, Movement, Verdict};
use slackwater_e2e::{Finished, Gate, Interlude, Scene};
use slackwater_lab::{Lab, PreparedTransaction, Volumes};

use shared::{QUICK, Slot, Turn, produce_and_mirror, says};

/// Names a file for the cut whose leaders changed: a fixture of the claims'
/// own tests.
const KEEP: &str = "SLACKWATER_KEEP_CUT";

static SLOT: Slot = Slot::new(None);

fn turn() -> Turn {
    Turn::take(&SLOT, || {
        let lab = Lab::builder()
            .name("window")
            .exactly_once(true)
            .volumes(Volumes::LoopImages)
            .start()
            .unwrap();
        let scene = Scene::new(lab, QUICK).unwrap();
        produce_and_mirror(&scene, "blogs", 0, 500);
        produce_and_mirror(&scene, "items", 1, 500);
        scene
    })
}

/// A backup to this exit code, with something done in its window.
fn backup<T>(scene: &Scene, code: i32, act: impl FnOnce() -> T) -> (Finished, Cut, T) {
    let interlude = Interlude::set_up(scene).unwrap();
    let run = || scene.backup(&[], code).unwrap();
    let ((finished, cut), acted) = interlude.during(run, act).unwrap();
    (finished, cut, acted)
}

/// A refuted backup. The broker whose answers are put off may be the one that
/// the closing look asks; then there is none, and it is tried again.
fn with_a_closing_look(scene: &Scene, act: impl Fn()) -> (Finished, Cut) {
    for _ in 0..3 {
        let interlude = Interlude::set_up(scene).unwrap();
        let (backup, ()) = interlude.during(|| scene.backup(&[], 1), &act).unwrap();
        match backup {
            Ok(refuted) => return refuted,
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains("warning: no closing look"), "{said}");
                println!("again: there was no closing look");
            }
        }
    }
    panic!("no closing look in three backups");
}

fn claim(cut: &Cut, name: ClaimName) -> &Claim {
    cut.claims.iter().find(|claim| claim.name == name).unwrap()
}

mod needs_root {
    use super::*;

    #[test]
    fn leaders_that_change_in_the_window_leave_still_open_until_the_snapshot_is_read() {
        let scene = turn();
        let lab = &scene.lab;
        // In this order they lead when leaders are elected, and not before.
        let next = |first: usize| {
            lab.reassign(|_, partition| {
                let mut replicas = vec![1, 2, 3];
                replicas.rotate_left((first + partition as usize) % 3);
                replicas
            })
            .unwrap();
        };
        next(0);
        lab.elect_preferred_leaders().unwrap();
        next(1);
        scene
            .rewrite(|text| text.to_owned() + "verify: off\nrequire: [covers]\n")
            .unwrap();
        let elect = || lab.elect_preferred_leaders().unwrap();
        let (_, cut, ()) = backup(&scene, 0, elect);
        let moved = &cut.bracket.as_ref().unwrap().moved;
        println!("{} partitions have another leader", moved.len());
        assert!(!moved.is_empty());
        for moved in moved {
            let led_anew = matches!(moved.change, Movement::LeaderEpoch { .. });
            assert!(led_anew, "{moved:?}");
        }
        let still = claim(&cut, ClaimName::Still);
        assert_eq!(still.verdict, Verdict::Unproven, "{still:?}");
        says(&still.reason, &["a leader changed in the window"]);

        let verified = scene
            .run(&["verify", &cut.run_id, "--output=json"])
            .unwrap()
            .expect(0)
            .unwrap();
        if let Some(file) = std::env::var_os(KEEP) {
            std::fs::write(file, &verified.stdout).unwrap();
        }
        let again = Cut::parse(&verified.stdout).unwrap();
        for name in [ClaimName::Still, ClaimName::Durable, ClaimName::Intact] {
            let claim = claim(&again, name);
            println!("{name}: {}", claim.reason);
            assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
        }
        says(&claim(&again, ClaimName::Still).reason, &["another leader"]);
        assert_eq!(again.previous, cut.digest);
    }

    mod takes_long {
        use super::*;

        #[test]
        fn a_transaction_that_is_prepared_and_not_complete_refutes_durable_alone() {
            let scene = turn();
            let held: Arc<Mutex<Option<PreparedTransaction>>> = Arc::default();
            let own = scene.lab.connect().url();
            let port = own.rsplit(':').next().unwrap().parse().unwrap();
            let gate = {
                // Its marker comes after the closing look, as does what
                // MirrorMaker writes when it is resumed.
                let held = held.clone();
                let let_go = move |line: &str| {
                    if line.contains("/resume") {
                        drop(held.lock().unwrap().take());
                    }
                };
                Gate::open(port, let_go).unwrap()
            };
            scene
                .rewrite(|text| text.replace(&own, &gate.url()))
                .unwrap();
            let prepare = || {
                let prepared = PreparedTransaction::abort(&scene.lab, "blogs", 0).unwrap();
                *held.lock().unwrap() = Some(prepared);
            };
            let (finished, cut) = with_a_closing_look(&scene, prepare);
            for claim in &cut.claims {
                println!("{:?} {:?}: {}", claim.name, claim.verdict, claim.reason);
            }
            use ClaimName::{Covers, Intact, Resumable, Still};
            for name in [Still, Covers, Resumable, Intact] {
                let claim = claim(&cut, name);
                assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
            }
            let durable = claim(&cut, ClaimName::Durable);
            assert_eq!(durable.verdict, Verdict::Refuted, "{durable:?}");
            says(&durable.reason, &["slackwater-prepared", "blogs-0"]);
            says(finished.cause(), &["durable is refuted"]);

            // Complete, it leaves its marker, and nothing that would be added.
            let (_, cut) = scene.backup(&[], 0).unwrap();
            assert_eq!(claim(&cut, ClaimName::Durable).verdict, Verdict::Proven);
        }
    }
}
