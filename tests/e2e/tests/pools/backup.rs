//! Backups by bound hooks, one pool after the other and several at once.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::sync::Mutex;
            use std::time::Duration;

            use serde_json::Map;
            use slackwater_cut::{Cut, State};
            use slackwater_stand_ins::POOLS;

            use crate::k10_stand_in::{proven, retire};
            use crate::place::{Place, turn};
            use crate::stand_in::{Backup, Now, backup, hook, opted_in, runs};

            fn confirmed(cut: &Cut) -> bool {
                cut.snapshot
                    .as_ref()
                    .is_some_and(|one| one.confirmed_ms.is_some())
            }

            fn must_be_proven(place: &Place, made: &Backup) -> Cut {
                let run = made.run();
                let cut = proven(place, &run, Duration::from_secs(4));
                let taken = cut.snapshot.as_ref().unwrap();
                assert_eq!((taken.volumes.len(), taken.identities.len()), (7, 7));
                // What each pool's restore is given is what was sealed.
                let sealed = cut.sealed_digest().unwrap().unwrap();
                for (pool, artifacts) in &made.artifacts {
                    let artifact = &artifacts["mirrorCut"]["keyValue"];
                    assert_eq!(artifact["sealed"], sealed.as_str(), "{pool}");
                    assert_eq!(artifact["pool"], pool.as_str());
                    let hooks = cut.bound.as_ref().unwrap().pool(pool).unwrap();
                    assert!(hooks.joined_ms.is_some() && hooks.left_ms.is_some());
                    let at = taken
                        .volumes
                        .iter()
                        .position(|one| one.volume == hooks.volumes[0]);
                    let uid = &taken.identities[at.unwrap()].uid;
                    let snapshots = format!("{}={uid}", hooks.volumes[0]);
                    assert_eq!(artifact["snapshots"], snapshots, "{pool}");
                    let late = &artifacts["lateCaptureCut"]["keyValue"]["name"];
                    assert_eq!(*late, format!("slackwater-{run}-run").as_str());
                }
                cut
            }

            #[test]
            fn seven_pools_one_after_another_are_one_cut_and_nothing_is_let_go_before_the_last_is_snapped()
             {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let before = runs(&place);
                place.load(240, 50);
                let left = Mutex::new(0);
                let place = &mut *place;
                let looked: &Place = place;
                let made = backup(looked, "slow", 1, &|now, pool| {
                    let run = looked.newest();
                    match now {
                        Now::Joined => assert!(!looked.is_running(), "at {pool}"),
                        Now::Snapped if pool == POOLS[POOLS.len() - 1] => {
                            looked.must_be_let_go(&feeder)
                        }
                        Now::Snapped => assert!(!looked.is_running(), "at {pool}"),
                        Now::Left => {
                            let mut left = left.lock().unwrap();
                            *left += 1;
                            assert_eq!(confirmed(&looked.cut(&run)), *left == 7, "at {pool}");
                        }
                    }
                });
                let made = made.unwrap();
                assert_eq!(runs(looked), before + 1);
                let cut = must_be_proven(looked, &made);
                // The hook that is told again finds all as it was, and one of a pool that
                // was snapped a second time does not.
                let none = Map::new();
                let again = hook(looked, "backupPosthook", "c", &none).unwrap();
                assert_eq!(again["mirrorCut"], made.artifacts["c"]["mirrorCut"]);
                let mut made = made.snapshots;
                made.extend(crate::stand_in::snapshots(
                    looked,
                    "again",
                    &["data-mirror-c-2".to_owned()],
                ));
                let said = hook(looked, "backupPosthook", "c", &none).unwrap_err();
                assert!(said.contains("two snapshots of volume"), "{said}");
                assert!(matches!(
                    looked.cut(&cut.run_id).state,
                    State::Closed { .. }
                ));
                place.must_be_equal();
                retire(place, &made);
            }

            #[test]
            fn three_pools_at_a_time_share_one_run_and_a_backup_right_after_has_one_of_its_own() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                let before = runs(&place);
                place.load(120, 50);
                let looked: &Place = &place;
                let look = |now: Now, pool: &str| {
                    if now == Now::Joined {
                        assert!(!looked.is_running(), "at {pool}");
                    }
                };
                let first = backup(looked, "first", 3, &look).unwrap();
                looked.must_be_let_go(&feeder);
                assert_eq!(runs(looked), before + 1);
                assert!(confirmed(&looked.cut(&first.run())));
                must_be_proven(looked, &first);
                let second = backup(looked, "second", 7, &look).unwrap();
                assert_ne!(first.run(), second.run());
                must_be_proven(looked, &second);
                assert_eq!(runs(looked), before + 2);
                place.must_be_equal();
                retire(&place, &first.snapshots);
                retire(&place, &second.snapshots);
            }
        }
    }
}
