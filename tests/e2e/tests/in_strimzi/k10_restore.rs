//! Restores that K10 makes, with the hooks around them.

use slackwater_cut::{ClaimName, Verdict};

use crate::ground::names;
use crate::k10_stand_in::{How, RestorePoint};
use crate::place::Place;

/// On this cluster, from its snapshots.
pub(crate) fn restore_here(place: &Place, point: &RestorePoint, of: &dyn Fn(&str) -> String) {
    let how = How {
        into: &names().space,
        snapshot_of: of,
        class: None,
        with_status: false,
    };
    point.restore(place, &how);
}

pub(crate) fn must_be_proven(place: &Place, run: &str) {
    let cut = place.cut(run);
    for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
        let claim = cut.claims.iter().find(|one| one.name == name);
        println!("{name}: {:?}", claim.map(|one| &one.reason));
        assert_eq!(
            claim.map(|one| one.verdict),
            Some(Verdict::Proven),
            "{name}"
        );
    }
}

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use super::super::super::{must_be_proven, restore_here};
            use crate::k10_stand_in::{backed_up, hook, opted_in, retire, snapshots};
            use crate::place::{mirror, turn};

            #[test]
            fn a_restore_point_before_the_last_is_restored_in_place_and_the_way_back_is_there() {
                let mut place = turn();
                opted_in(&mut place);
                let (first, point, made) = backed_up(&mut place, "old");
                place.produce(200);
                let (_, later, made_later) = backed_up(&mut place, "new");
                place.produce(100);
                place.must_be_equal();
                let volumes = place.volumes();
                let feeder = place.feeder();

                place.load(120, 50);
                hook(&place, "beforeRestore").unwrap();
                assert!(place.volumes().is_empty());
                assert!(place.names("pod", "mirror-dual").is_empty());
                // K10 tells it again where something else of its failed.
                hook(&place, "beforeRestore").unwrap();
                // It has restored nothing yet: nothing may start.
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(said.contains("has no claims"), "{said}");
                // And part of it from another restore point.
                let of = |claim: &str| match claim.ends_with("-2") {
                    true => String::new(),
                    false => format!("k10-csi-snap-old-{claim}"),
                };
                restore_here(&place, &point, &of);
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(
                    said.contains("restored the claims data-mirror-dual-2"),
                    "{said}"
                );
                restore_here(&place, &later, &|claim| format!("k10-csi-snap-new-{claim}"));
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(said.contains("from several backups"), "{said}");
                assert!(place.names("pod", "mirror-dual").is_empty());
                place
                    .space(&["delete", "pvc", "data-mirror-dual-2"])
                    .unwrap();
                restore_here(&place, &point, &|claim| format!("k10-csi-snap-old-{claim}"));
                hook(&place, "afterRestore").unwrap();
                must_be_proven(&place, &first);
                assert!(place.volumes().is_disjoint(&volumes));
                place.must_be_let_go(&feeder);
                place.must_be_equal();

                let back = ["restore", &first, "--undo", "--kafka", &mirror()];
                let back = place.task_as("slackwater-restore", &back).expect(0);
                println!("{}", back.said);
                assert_eq!(place.volumes(), volumes);
                place.must_be_let_go(&feeder);
                place.must_be_equal();
                retire(&place, &made);
                retire(&place, &made_later);
            }

            #[test]
            fn what_k10_has_restored_from_a_running_mirror_gets_no_broker() {
                let mut place = turn();
                opted_in(&mut place);
                let (run, point, made) = backed_up(&mut place, "good");
                // Taken later, and said to be of this backup.
                place.produce(100);
                place.must_be_equal();
                // What is only in memory yet is in no snapshot.
                for pod in place.names("pod", "mirror-dual") {
                    place.exec(&pod, "kafka", &["sync"]).unwrap();
                }
                let later = snapshots(&place, "hot");
                let volumes = place.volumes();
                hook(&place, "beforeRestore").unwrap();
                restore_here(&place, &point, &|claim| format!("k10-csi-snap-hot-{claim}"));
                let said = hook(&place, "afterRestore").unwrap_err();
                println!("{said}");
                assert!(said.contains("restored is refuted"), "{said}");
                assert!(place.names("pod", "mirror-dual").is_empty());
                assert!(place.names("pod", "feeder").is_empty());
                // Restored once more, from what it should have been.
                hook(&place, "beforeRestore").unwrap();
                let label = ["delete", "pvc", "-l", "strimzi.io/cluster=mirror"];
                place.space(&label).unwrap();
                restore_here(&place, &point, &|claim| {
                    format!("k10-csi-snap-good-{claim}")
                });
                hook(&place, "afterRestore").unwrap();
                must_be_proven(&place, &run);
                place.must_be_equal();
                assert!(place.volumes().is_disjoint(&volumes));
                let gc = ["gc", "--kept-volumes", "--kafka", &mirror()];
                place.task_as("slackwater-restore", &gc).expect(0);
                retire(&place, &made);
                retire(&place, &later);
            }
        }
    }
}
