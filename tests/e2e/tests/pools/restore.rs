//! Restores by bound hooks: pools come one after the other, and what is restored goes on
//! behind the last.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::collections::{BTreeMap, BTreeSet};
            use std::sync::Mutex;
            use std::thread;
            use std::time::Duration;

            use serde_json::Map;
            use slackwater_cut::{ClaimName, State, Verdict};

            use crate::k10_stand_in::retire;
            use crate::place::{Place, mirror, turn};
            use crate::stand_in::{Backup, backup, hook, in_turns, opted_in, workloads};

            fn must_be_proven(place: &Place, run: &str) {
                let cut = place.cut(run);
                for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
                    let claim = cut.claims.iter().find(|one| one.name == name);
                    println!("{name}: {:?}", claim.map(|one| &one.reason));
                    let verdict = claim.map(|one| one.verdict);
                    assert_eq!(verdict, Some(Verdict::Proven), "{name}");
                }
            }

            /// The mirror's claims, by their uids: one that no pod has mounted has no volume
            /// yet.
            fn claims_there(place: &Place) -> BTreeSet<String> {
                let all = place.list("pvc");
                let ours = all
                    .iter()
                    .filter(|one| one["metadata"]["labels"]["strimzi.io/cluster"] == "mirror");
                let uids = ours.map(|one| one["metadata"]["uid"].to_string());
                uids.collect()
            }

            /// Behind all of it each hook finds that it is done.
            fn behind_all(place: &Place, made: &Backup) {
                for (pool, artifacts) in &made.artifacts {
                    hook(place, "restorePosthook", pool, artifacts).unwrap();
                }
            }

            #[test]
            fn pools_that_are_restored_in_turns_go_on_behind_the_last_and_are_equal() {
                let mut place = turn();
                opted_in(&mut place);
                let feeder = place.feeder();
                place.load(90, 50);
                let made = backup(&place, "back", 3, &|_, _| ()).unwrap();
                let run = made.run();
                place.until("the cut to be closed", || {
                    thread::sleep(Duration::from_secs(4));
                    matches!(place.cut(&run).state, State::Closed { .. })
                });
                place.must_be_let_go(&feeder);
                // What comes later is not in it, but comes again from the source.
                place.produce(200);
                place.must_be_equal();
                let volumes = place.volumes();
                let claims: BTreeMap<String, Vec<String>> = workloads(&place);
                let todo: Vec<(&String, &Vec<String>)> = claims.iter().collect();
                let none = Map::new();

                // Not one of this restore point, and not said of which.
                let kafka = mirror();
                let of_c = ["hook", "restorePosthook", "--kafka", &kafka, "--pool", "c"];
                let other = ["--run", &run, "--sealed", "0000"];
                let said = place.task(&[&of_c[..], &other].concat()).expect(1).said;
                assert!(said.contains("is not the one that was sealed"), "{said}");
                // Nobody has restored anything: the mirror runs, and stays.
                let of = |pool: &str| made.artifacts[pool].clone();
                let said = hook(&place, "restorePosthook", "c", &of("c")).unwrap_err();
                println!("{said}");
                assert!(place.is_running());

                place.load(120, 50);
                let looked: &Place = &place;
                // One pool through all of it, while nothing of the others is restored.
                hook(looked, "restorePrehook", "c", &none).unwrap();
                assert!(claims_there(looked).is_empty());
                // With its document gone, what was captured late is all that tells of the
                // run: as it was sealed, before anybody had read a snapshot.
                let document = format!("slackwater-{run}-run");
                looked.space(&["delete", "configmap", &document]).unwrap();
                made.restore(looked, "back", &claims["c"]);
                assert!(matches!(looked.cut(&run).state, State::Sealed));
                hook(looked, "restorePosthook", "c", &of("c")).unwrap();
                assert!(looked.names("pod", "mirror-").is_empty());
                let of_c = claims_there(looked);
                assert_eq!(of_c.len(), 1);
                // The others, some at a time; their hooks leave what is restored alone.
                let began = Mutex::new(0);
                let failed = in_turns(&todo, 3, &|(pool, claims)| {
                    if pool.as_str() == "c" {
                        return Ok(());
                    }
                    hook(looked, "restorePrehook", pool, &none)?;
                    *began.lock().unwrap() += 1;
                    made.restore(looked, "back", claims);
                    Ok(())
                });
                assert_eq!(failed, None);
                assert_eq!(*began.lock().unwrap(), claims.len() - 1);
                assert!(claims_there(looked).is_superset(&of_c));
                assert_eq!(claims_there(looked).len(), claims.len());
                // When all is there K10 runs the hooks behind it, some at a time.
                let failed = in_turns(&todo, 3, &|(pool, _)| {
                    hook(looked, "restorePosthook", pool, &of(pool)).map(drop)
                });
                assert_eq!(failed, None);
                must_be_proven(looked, &run);
                assert!(looked.volumes().is_disjoint(&volumes));
                looked.must_be_let_go(&feeder);
                place.must_be_equal();
                behind_all(&place, &made);
                place.must_be_equal();

                let back = ["restore", &run, "--undo", "--kafka", &kafka];
                place.task_as("slackwater-restore", &back).expect(0);
                assert_eq!(place.volumes(), volumes);
                place.must_be_let_go(&feeder);
                place.must_be_equal();
                retire(&place, &made.snapshots);
            }
        }
    }
}
