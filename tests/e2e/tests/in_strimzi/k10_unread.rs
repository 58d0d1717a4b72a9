//! A backup of K10's that was confirmed, and that nobody has read: where K10 then gives it up
//! it is void, and what K10 has of it is restored where that is accepted.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use crate::ground::names;
            use crate::k10_restore::{must_be_proven, restore_here};
            use crate::k10_restore_point::capture;
            use crate::k10_stand_in::{backed_up, hook, opted_in, retire, snapshots, until_closed};
            use crate::place::{mirror, turn};

            #[test]
            fn what_nobody_reads_is_given_up_where_k10_failed_and_is_restored_where_that_is_accepted()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let point = capture(&place);
                let made = snapshots(&place, "unread");
                place.must_be_let_go(&feeder);
                hook(&place, "afterBackup").unwrap();
                // Its node is lost.
                let prover = format!("app.kubernetes.io/component=prover,slackwater.io/run={run}");
                let delete = [
                    "delete",
                    "pod",
                    "-l",
                    &prover,
                    "--grace-period=0",
                    "--force",
                ];
                place.own(&delete).unwrap();
                hook(&place, "afterFailure").unwrap();
                assert!(place.is_void(&run));
                place.must_be_let_go(&feeder);
                place.produce(100);
                place.must_be_equal();

                // Whoever took its label away would have claims restored under its brokers.
                let label = ["label", "kafka", "mirror", "slackwater.io/mirror-"];
                place.space(&label).unwrap();
                let said = hook(&place, "beforeRestore").unwrap_err();
                assert!(said.contains("no more"), "{said}");
                assert!(place.is_running());
                opted_in(&mut place);
                place.must_be_equal();
                hook(&place, "beforeRestore").unwrap();
                restore_here(&place, &point, &|claim| {
                    format!("k10-csi-snap-unread-{claim}")
                });
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(said.contains("--accept-unproven"), "{said}");
                assert!(place.names("pod", "mirror-dual").is_empty());
                let space = names().space.as_str();
                let all_the_same = [
                    "hook",
                    "afterRestore",
                    "--namespace",
                    space,
                    "--accept-unproven",
                ];
                let done = place.task_as("slackwater-restore", &all_the_same).expect(0);
                println!("{}", done.said);
                place.within(5, "it to be shown", || place.is_running());
                must_be_proven(&place, &run);
                place.must_be_equal();
                let gc = ["gc", "--kept-volumes", "--kafka", &mirror()];
                place.task_as("slackwater-restore", &gc).expect(0);
                retire(&place, &made);

                // One that is read is K10's, whatever fails later.
                let (before, _, made) = backed_up(&mut place, "read");
                hook(&place, "afterFailure").unwrap();
                until_closed(&place, &before);
                retire(&place, &made);
            }
        }
    }
}
