//! An operator that is deaf to a Kafka: after one start with a wrong cluster id the real
//! one was, for longer than 140 s. A restore waits for it, and not for ever.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::time::{Duration, Instant};

            use crate::place::{Place, Ran, mirror, turn};

            /// Longer than was seen.
            const FOR_A_WHILE: Duration = Duration::from_secs(160);

            /// Longer than a restore waits for an operator: 330 s.
            const TOO_LONG: Duration = Duration::from_secs(420);

            fn restore(place: &mut Place, args: &[&str]) -> Ran {
                let kafka = mirror();
                let all = [&["restore"], args, &["--kafka", &kafka]].concat();
                let ran = place.task_as("slackwater-restore", &all);
                println!("{}", ran.said);
                ran
            }

            #[test]
            fn a_restore_waits_for_an_operator_that_hears_again_and_names_what_one_does_not_do() {
                let mut place = turn();
                place.produce(100);
                let run = place.backup();
                place.produce(100);
                place.must_be_equal();
                let (volumes, feeder) = (place.volumes(), place.feeder());

                place.lab().deafen("mirror", TOO_LONG);
                let late = restore(&mut place, &[&run]).expect(1);
                let named = "the operator has not taken up the pause of the Kafka";
                let last = late.said.trim_end().lines().last().unwrap_or_default();
                assert!(last.contains(named), "{}", late.said);
                // It did nothing that can't wait: all is there, and the mirror is fed.
                assert_eq!(place.volumes(), volumes);
                assert_eq!(place.names("pod", "mirror-dual").len(), 3);
                assert!(place.is_running());
                assert_eq!(place.feeder(), feeder);

                // Told again it goes on as soon as it is heard.
                place.lab().deafen("mirror", FOR_A_WHILE);
                let began = Instant::now();
                restore(&mut place, &[&run]).expect(0);
                assert!(began.elapsed() > FOR_A_WHILE);
                place.must_be_equal();
                restore(&mut place, &["--undo", &run]).expect(0);
                assert_eq!(place.volumes(), volumes);
                place.must_be_equal();
            }
        }
    }
}
