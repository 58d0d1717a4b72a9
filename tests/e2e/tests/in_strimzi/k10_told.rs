//! What is told, or can't be told, while K10 makes a backup: an error of a disk, an API
//! server that is away, no room for what is kept. The failures are those of a backup of
//! our own (`backup`, `failures`), in K10's order.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use crate::k10_stand_in::{before, hook, opted_in, retire, snapshots, until_closed};
            use crate::place::turn;
            use crate::{flush_error, no_room};

            #[test]
            fn an_error_of_a_disk_fails_k10s_backup_and_the_next_until_somebody_has_looked() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                flush_error::set(&place);
                let said = hook(&place, "beforeBackup").unwrap_err();
                flush_error::must_have_been_told(&place);
                for words in ["could not be flushed", "Input/output error"] {
                    assert!(said.contains(words), "{said}");
                }
                let run = place.newest();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                // K10 runs it again: the kernel tells it nobody twice.
                let said = hook(&place, "beforeBackup").unwrap_err();
                for words in flush_error::SAYS {
                    assert!(said.contains(words), "{said}");
                }
                assert_eq!(place.newest(), run);
                hook(&place, "afterFailure").unwrap();
                place.must_be_let_go(&feeder);

                flush_error::forget(&place);
                hook(&place, "beforeBackup").unwrap();
                let made = snapshots(&place, "after-it");
                hook(&place, "afterBackup").unwrap();
                retire(&place, &made);
            }

            #[test]
            fn an_api_server_that_is_away_past_the_deadline_while_k10_snaps_leaves_nothing_proven()
            {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let run = place.task(&before()).expect(0).output("runId");
                let plane = place.lab().cluster().plane();
                plane.kill_api_server();
                // Nobody can be told by now; longer than the Lease counts, too.
                thread::sleep(Duration::from_secs(150));
                plane.start_api_server().unwrap();
                place.until("it to answer", || place.space(&["get", "pods"]).is_ok());
                // K10 was no better off, and goes on.
                let made = snapshots(&place, "away");
                let said = hook(&place, "afterBackup").unwrap_err();
                println!("{said}");
                hook(&place, "afterFailure").unwrap();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn a_cut_that_finds_no_room_to_be_kept_under_k10_is_kept_by_the_next_hook() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = snapshots(&place, "no-room");
                place.must_be_let_go(&feeder);
                no_room::set(&place);
                let confirmed = hook(&place, "afterBackup");
                until_closed(&place, &run);
                // Who closed it has tried, says so, and tries again later.
                let prover = format!("slackwater-{run}-prove");
                place.within(3, "who read it to say so", || {
                    let said = place.said(&prover);
                    said.contains("goes with its namespace") || said.contains("can't create")
                });
                assert!(place.copies(&run).is_empty());
                no_room::lift(&place);
                confirmed.unwrap();
                hook(&place, "afterBackup").unwrap();
                assert_eq!(place.copies(&run).len(), 1);
                retire(&place, &made);
            }
        }
    }
}
