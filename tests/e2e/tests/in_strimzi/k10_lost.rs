//! Guards that are lost while K10 takes its snapshots, and brokers that are to be rolled
//! meanwhile.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use slackwater_cut::Verdict;
            use slackwater_stand_ins::Whim;

            use crate::ground::names;
            use crate::guards::{end, holder};
            use crate::k10_stand_in::{
                asked, hook, opted_in, proven, retire, snapshots, until_closed,
            };
            use crate::no_room;
            use crate::place::{CLAIM, turn};
            use crate::rolls::{are_all_others, await_rolled, brokers, set_delay};

            #[test]
            fn guards_that_are_lost_while_k10_snaps_leave_a_mirror_that_runs_and_nothing_proven() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let first = holder(&place);
                assert!(first.contains(&run), "{first}");
                end(&place, &[&first]);
                place.within(3, "another guard", || holder(&place) != first);
                let made = snapshots(&place, "lost");
                let said = hook(&place, "afterBackup");
                println!("{said:?}");
                if said.is_err() {
                    hook(&place, "afterFailure").unwrap();
                }
                place.must_be_let_go(&feeder);
                // What nobody held all the time was not seen to stand still.
                let cut = place.cut(&run);
                let proven = cut.claims.iter().find(|one| one.verdict == Verdict::Proven);
                assert!(said.is_err() && place.is_void(&run), "{proven:?}");
                retire(&place, &made);

                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let both = ["a", "b"].map(|which| format!("slackwater-{run}-guard-{which}"));
                end(&place, &[&both[0], &both[1]]);
                let made = snapshots(&place, "alone");
                hook(&place, "afterBackup").unwrap_err();
                hook(&place, "afterFailure").unwrap();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn a_guard_that_goes_when_the_mirror_runs_again_costs_no_backup() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                // As a node that is lost, and as one that is drained.
                for (of, is_drained) in [("gone", false), ("drained", true)] {
                    hook(&place, "beforeBackup").unwrap();
                    let run = place.newest();
                    let made = snapshots(&place, of);
                    place.must_be_let_go(&feeder);
                    // Not in the middle of its resume.
                    place.until("the resume to be noted", || {
                        let resume = place.cut(&run).resume;
                        resume.is_some_and(|one| one.running_ms.is_some())
                    });
                    let first = holder(&place);
                    match is_drained {
                        true => drop(place.own(&["delete", "pod", &first]).unwrap()),
                        false => end(&place, &[&first]),
                    }
                    place.within(3, "another guard", || {
                        let now = holder(&place);
                        !now.is_empty() && now != first
                    });
                    assert!(!place.is_void(&run));
                    hook(&place, "afterBackup").unwrap();
                    proven(&place, &run, Duration::from_secs(1));
                    retire(&place, &made);
                }
                place.must_be_equal();
            }

            #[test]
            fn a_reader_that_finds_no_place_at_first_costs_no_backup() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = snapshots(&place, "full");
                place.must_be_let_go(&feeder);
                no_room::for_one_pod(&place);
                let told = ["hook", "afterBackup", "--namespace", &names().space];
                let pod = place.begin("slackwater", &told);
                // It is told that nobody may read, and asks again for a while.
                let was_refused = (0..600).any(|_| {
                    thread::sleep(Duration::from_millis(200));
                    place.said(&pod).contains("exceeded quota")
                });
                no_room::lift(&place);
                assert!(was_refused, "{}", place.said(&pod));
                place.ended(&pod, &told).expect(0);
                proven(&place, &run, Duration::from_secs(1));
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn whoever_reads_what_k10_snapped_and_is_evicted_is_started_again_by_the_guard() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                // They are cut, and nobody can read one of them for now.
                let later = Whim::ReadyAfter(Duration::from_secs(3_600));
                place.lab().storage().set(CLAIM, later);
                let made = asked(&place, "evicted");
                place.must_be_let_go(&feeder);
                hook(&place, "afterBackup").unwrap();
                let pod = format!("slackwater-{run}-prove");
                let path = "jsonpath={.metadata.uid}";
                let uid = || place.own(&["get", "pod", &pod, "-o", path]);
                // The guard looks by the minute.
                thread::sleep(Duration::from_secs(130));
                let first = uid().unwrap();
                place.own(&["delete", "pod", &pod]).unwrap();
                place.within(4, "another to read them", || {
                    uid().is_ok_and(|now| !now.is_empty() && now != first)
                });
                place.lab().storage().set_none();
                proven(&place, &run, Duration::from_secs(1));
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn no_broker_is_rolled_while_k10_snaps_and_the_next_hook_waits_for_those_that_are() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let before = brokers(&place);
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                set_delay(&place, Some(33_000));
                // An operator that was not told to wait has restarted a broker by then.
                thread::sleep(Duration::from_secs(10));
                let made = snapshots(&place, "rolled");
                assert_eq!(brokers(&place), before);
                hook(&place, "afterBackup").unwrap();
                place.within(3, "the first broker to be restarted", || {
                    let now = brokers(&place);
                    before.iter().any(|(name, uid)| now.get(name) != Some(uid))
                });
                // The next policy comes in the middle of it. (The run before is still read,
                // perhaps: that is said, and it comes again.)
                until_closed(&place, &run);
                hook(&place, "beforeBackup").unwrap();
                assert!(are_all_others(&brokers(&place), &before));
                hook(&place, "afterFailure").unwrap();
                set_delay(&place, None);
                await_rolled(&place);
                place.until("the mirror to run", || place.is_running());
                assert_eq!(place.feeder(), feeder);
                retire(&place, &made);
                place.must_be_equal();
            }
        }
    }
}
