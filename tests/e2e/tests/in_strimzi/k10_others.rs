//! Two policies of K10 on one mirror, and restore points that are retired before they
//! were read.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use slackwater_cut::{ClaimName, State, Verdict};
            use slackwater_stand_ins::Whim;

            use crate::k10_stand_in::{
                claims, hook, must_have_what_it_requires, opted_in, retire, snapshot, snapshots,
                until_closed,
            };
            use crate::place::{mirror, turn};

            #[test]
            fn of_two_policies_whose_times_overlap_none_gets_what_is_not_its_own() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let first = place.newest();
                // The second one begins before the first has taken its snapshots: the mirror
                // runs between them, and stands still for the second alone.
                hook(&place, "beforeBackup").unwrap();
                let second = place.newest();
                assert_ne!(first, second);
                assert!(place.is_void(&first));
                let made = snapshots(&place, "both");
                let more = snapshots(&place, "too");
                // Nobody can tell whose are whose.
                for _ in 0..2 {
                    let said = hook(&place, "afterBackup").unwrap_err();
                    println!("{said}");
                    // Whether the guard came to see one of each before there were two.
                    let says = ["two snapshots of volume", "is void"];
                    assert!(says.iter().any(|words| said.contains(words)), "{said}");
                    hook(&place, "afterFailure").unwrap();
                }
                assert!(place.is_void(&second));
                place.must_be_let_go(&feeder);
                retire(&place, &[made, more].concat());

                // One that is done before the other begins is not touched by it.
                hook(&place, "beforeBackup").unwrap();
                let first = place.newest();
                let made = snapshots(&place, "hourly");
                hook(&place, "afterBackup").unwrap();
                place.within(5, "the cut to be closed", || {
                    thread::sleep(Duration::from_secs(1));
                    matches!(place.cut(&first).state, State::Closed { .. })
                });
                hook(&place, "beforeBackup").unwrap();
                let second = place.newest();
                let more = snapshots(&place, "daily");
                hook(&place, "afterBackup").unwrap();
                place.within(5, "the cut to be closed", || {
                    thread::sleep(Duration::from_secs(1));
                    matches!(place.cut(&second).state, State::Closed { .. })
                });
                for run in [&first, &second] {
                    let cut = place.cut(run);
                    must_have_what_it_requires(&cut);
                }
                place.must_be_let_go(&feeder);
                place.must_be_equal();
                retire(&place, &[made, more].concat());
            }

            #[test]
            fn what_is_damaged_in_a_snapshot_of_k10s_refutes_intact_and_fails_no_hook() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = snapshots(&place, "torn");
                place.must_be_let_go(&feeder);
                place.flip_in_snapshot("k10-csi-snap-torn-data-mirror-dual-1");
                hook(&place, "afterBackup").unwrap();
                until_closed(&place, &run);
                place.show(&run);
                let cut = place.cut(&run);
                let intact = cut.claims.iter().find(|one| one.name == ClaimName::Intact);
                assert_eq!(intact.unwrap().verdict, Verdict::Refuted);
                place.must_have_told("BackupRefuted", &run);
                // It is no backup that anybody may be given.
                let said = place.task_as(
                    "slackwater-restore",
                    &["restore", &run, "--accept-unproven", "--kafka", &mirror()],
                );
                println!("{}", said.said);
                assert_ne!(said.code, 0, "{}", said.said);
                assert!(said.said.contains("is refuted"), "{}", said.said);
                assert!(place.is_running());
                retire(&place, &made);
            }

            #[test]
            fn a_restore_point_that_k10_retires_before_it_was_read_proves_nothing_of_its_content() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                // Cut at once, and uploaded for an hour.
                let late = Whim::ReadyAfter(Duration::from_secs(3_600));
                place.lab().storage().set("data-mirror-dual-1", late);
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let mut made = Vec::new();
                for claim in claims(&place) {
                    let name = format!("k10-csi-snap-early-{claim}");
                    snapshot(&place, &name, &claim);
                    made.push(name);
                }
                place.must_be_let_go(&feeder);
                hook(&place, "afterBackup").unwrap();
                // Its retention is over before anybody could read it.
                retire(&place, &made);
                place.lab().storage().set_none();
                until_closed(&place, &run);
                let cut = place.cut(&run);
                place.show(&run);
                let verdict = |name| {
                    let claim = cut.claims.iter().find(|one| one.name == name);
                    claim.map(|one| one.verdict)
                };
                assert_eq!(verdict(ClaimName::Still), Some(Verdict::Proven));
                assert_eq!(verdict(ClaimName::Durable), Some(Verdict::Unproven));
                assert_ne!(verdict(ClaimName::Intact), Some(Verdict::Proven));
                place.must_be_equal();
            }
        }
    }
}
