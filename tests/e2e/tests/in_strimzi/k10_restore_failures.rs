//! What fails while a mirror that K10 has restored is put to work again: it goes on when
//! it is told again, and no broker starts before it is shown what lies on the volumes.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use crate::ground::names;
            use crate::k10_restore::{must_be_proven, restore_here};
            use crate::k10_stand_in::{backed_up, hook, opted_in, retire};
            use crate::place::{Place, mirror, turn};

            /// Longer than an operator was seen deaf to a Kafka, after it was started with
            /// a wrong id.
            const DEAF: Duration = Duration::from_secs(150);

            /// Tells a hook again whose pod was ended. The Lease of that one counts for a
            /// while.
            fn tell_again(place: &Place, action: &str) {
                let mut tries = 0;
                while let Err(said) = hook(place, action) {
                    let is_held = said.contains("holds the mirror") || said.contains("is held");
                    assert!(is_held && tries < 20, "{said}");
                    tries += 1;
                    thread::sleep(Duration::from_secs(3));
                }
            }

            #[test]
            fn a_hook_that_is_ended_while_its_operator_is_deaf_goes_on_when_k10_tells_it_again() {
                let mut place = turn();
                opted_in(&mut place);
                let (run, point, made) = backed_up(&mut place, "ended");
                place.produce(100);
                place.must_be_equal();
                let feeder = place.feeder();
                let space = names().space.as_str();
                let before = ["hook", "beforeRestore", "--namespace", space];
                let pod = place.begin("slackwater-restore", &before);
                place.within(5, "its brokers to go", || {
                    place.names("pod", "mirror-dual").len() < 3
                });
                place.kill(&pod);
                // Half aside, nothing of it feeds or runs.
                assert!(place.names("pod", "feeder").is_empty());
                tell_again(&place, "beforeRestore");
                assert!(place.volumes().is_empty());
                restore_here(&place, &point, &|claim| {
                    format!("k10-csi-snap-ended-{claim}")
                });
                place.lab().deafen("mirror", DEAF);
                let after = ["hook", "afterRestore", "--namespace", space];
                let pod = place.begin("slackwater-restore", &after);
                place.within(5, "it to wait for the operator", || {
                    place.said(&pod).contains("wait until")
                });
                // No broker runs that nobody has asked for.
                assert!(place.names("pod", "feeder").is_empty());
                // As at the end of K10's 20 minutes.
                place.kill(&pod);
                tell_again(&place, "afterRestore");
                must_be_proven(&place, &run);
                place.must_be_let_go(&feeder);
                place.must_be_equal();
                let gc = ["gc", "--kept-volumes", "--kafka", &mirror()];
                place.task_as("slackwater-restore", &gc).expect(0);
                retire(&place, &made);
            }
        }
    }
}
