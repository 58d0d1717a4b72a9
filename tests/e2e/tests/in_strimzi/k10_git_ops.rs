//! A mirror that a GitOps controller owns, in K10's order.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use crate::k10_restore::{must_be_proven, restore_here};
            use crate::k10_stand_in::{
                backed_up, hook, hook_told, must_have_what_it_requires, opted_in, retire,
            };
            use crate::pause::needs_root::owned;
            use crate::place::{mirror, turn};

            /// By hand, in the blueprint's command.
            const STANDS_BACK: &str = "--git-ops-suspended";

            #[test]
            fn what_gitops_owns_is_held_by_a_pause_and_restored_where_its_owner_stands_back() {
                let mut place = turn();
                opted_in(&mut place);
                owned(
                    &place,
                    "=apps:kafka.strimzi.io/KafkaMirrorMaker2:kafka/feeder",
                );
                let feeder = place.feeder();
                hook(&place, "beforeBackup").unwrap();
                assert!(!place.is_running());
                // Nothing for its owner to put back.
                assert_eq!(place.feeder(), feeder);
                let held = place.object("kafkamirrormaker2/feeder");
                let pause = &held["metadata"]["annotations"]["strimzi.io/pause-reconciliation"];
                assert_eq!(pause, "true");
                hook(&place, "afterFailure").unwrap();
                place.must_be_let_go(&feeder);

                let (run, point, made) = backed_up(&mut place, "git");
                must_have_what_it_requires(&place.cut(&run));
                place.produce(100);
                place.must_be_equal();

                // Its owner would start connectors before they may: nothing is touched.
                let volumes = place.volumes();
                let said = hook(&place, "beforeRestore").unwrap_err();
                assert!(said.contains(STANDS_BACK), "{said}");
                assert_eq!(place.volumes(), volumes);
                assert!(place.is_running());

                hook_told(&place, "beforeRestore", STANDS_BACK).unwrap();
                restore_here(&place, &point, &|claim| format!("k10-csi-snap-git-{claim}"));
                // As where K10 restores no annotations of claims.
                let label = "strimzi.io/cluster=mirror";
                let note = "slackwater.io/sealed-by-";
                place
                    .space(&["annotate", "pvc", "-l", label, note])
                    .unwrap();
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(said.contains("nothing is noted on its claims"), "{said}");
                assert!(place.names("pod", "mirror-dual").is_empty());
                // Its owner was told to stand back when it began.
                let restore = ["restore", &run, "--on-claims", "--kafka", &mirror()];
                let ran = place.task_as("slackwater-restore", &restore).expect(0);
                println!("{}", ran.said);
                must_be_proven(&place, &run);
                assert!(place.volumes().is_disjoint(&volumes));
                place.must_be_let_go(&feeder);
                place.must_be_equal();

                let gc = ["gc", "--kept-volumes", "--kafka", &mirror()];
                place.task_as("slackwater-restore", &gc).expect(0);
                owned(&place, "-");
                retire(&place, &made);
            }
        }
    }
}
