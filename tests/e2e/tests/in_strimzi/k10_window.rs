//! What somebody else does in the window in which K10 takes its snapshots, and what never
//! comes of them.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use slackwater_cut::{ClaimName, Verdict};
            use slackwater_stand_ins::Whim;

            use crate::guards::{cron_job, end, without_cron_job};
            use crate::k10_stand_in::{
                asked, before, hook, opted_in, proven, retire, snapshot, snapshots, until_closed,
            };
            use crate::place::{CLAIM, turn};

            #[test]
            fn a_users_own_snapshot_in_the_window_is_nobodys_and_voids_the_cut() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                snapshot(&place, "somebodys-own", CLAIM);
                let mut made = snapshots(&place, "window");
                made.push("somebodys-own".to_owned());
                // Which of the two is in the restore point nobody can tell.
                let said = hook(&place, "afterBackup").unwrap_err();
                let says = ["two snapshots of volume", "is void"];
                assert!(says.iter().any(|words| said.contains(words)), "{said}");
                hook(&place, "afterFailure").unwrap();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn an_error_of_a_snapshot_of_k10s_that_passes_is_none() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                place.lab().storage().set(CLAIM, Whim::FailsAlways);
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = asked(&place, "passes");
                let last = format!("volumesnapshot/k10-csi-snap-passes-{CLAIM}");
                place.until("the storage to say that it failed", || {
                    place.object(&last)["status"]["error"].is_object()
                });
                // The guard looks once a second: it sees that.
                thread::sleep(Duration::from_secs(3));
                place.lab().storage().set_none();
                place.must_be_let_go(&feeder);
                hook(&place, "afterBackup").unwrap();
                proven(&place, &run, Duration::from_secs(1));
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn snapshots_that_are_never_ready_are_given_up_by_whoever_reads_them_and_prove_nothing()
            {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let about = place.about();
                place.set_about(&format!("{about}limits: {{close: 60s}}\n"));
                let later = Whim::ReadyAfter(Duration::from_secs(3_600));
                place.lab().storage().set(CLAIM, later);
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let made = asked(&place, "never");
                // They are cut, and that is all that the mirror waits for.
                place.must_be_let_go(&feeder);
                hook(&place, "afterBackup").unwrap();
                until_closed(&place, &run);
                place.set_about(&about);
                place.lab().storage().set_none();
                let cut = place.cut(&run);
                for name in [ClaimName::Durable, ClaimName::Intact] {
                    let claim = cut.claims.iter().find(|one| one.name == name);
                    let verdict = claim.map(|one| one.verdict);
                    assert_ne!(verdict, Some(Verdict::Proven), "{claim:?}");
                }
                retire(&place, &made);
                place.must_be_equal();
            }

            #[test]
            fn where_both_guards_are_lost_and_no_hook_comes_the_cron_job_lets_the_mirror_run() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                place.ground.apply(&cron_job());
                let run = place.task(&before()).expect(0).output("runId");
                let both = ["a", "b"].map(|which| format!("slackwater-{run}-guard-{which}"));
                end(&place, &[&both[0], &both[1]]);
                place.within(6, "the mirror to run", || place.is_running());
                place.must_be_let_go(&feeder);
                place.until("the run to be void", || place.is_void(&run));
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(said.contains("is void"), "{said}");
                hook(&place, "afterFailure").unwrap();
                without_cron_job(&place);
                place.must_be_equal();
            }
        }
    }
}
