//! Several mirrors in a namespace that a policy backs up.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use std::thread;
            use std::time::Duration;

            use slackwater_cut::State;

            use crate::another_mirror::{COPY, Member, make, unmake};
            use crate::ground::names;
            use crate::k10_restore::{must_be_proven as restored_must_be_proven, restore_here};
            use crate::k10_restore_point::capture;
            use crate::k10_stand_in::{hook, opted_in, retire, snapshot, snapshots};
            use crate::place::{Place, turn};

            /// What is in the namespace.
            fn both(place: &Place) -> [Member<'_>; 2] {
                let namespace = names().space.as_str();
                ["mirror", COPY].map(|name| Member {
                    place,
                    namespace,
                    name,
                })
            }

            /// All that feeds them, by Connect's own word.
            fn all_run(place: &Place) -> bool {
                let makers = ["feeder", "pump", "siphon"];
                makers.iter().all(|maker| place.is_running_by(maker))
            }

            #[test]
            fn each_mirror_of_a_namespace_has_its_own_cut_and_what_fails_one_fails_the_hook() {
                let mut place = turn();
                opted_in(&mut place);
                // Of six nodes and three Connects on one machine.
                let about = place.about();
                place.set_about(&format!("{about}limits: {{window: 180s}}\n"));
                place.kafka_tool(
                    "source",
                    "kafka-verifiable-producer.sh",
                    "org.apache.kafka.tools.VerifiableProducer",
                    "--topic goods --max-messages 200",
                );
                make(&place, &names().space, &names().space);
                place.until("both to run", || all_run(&place));
                let [one, other] = both(&place);

                // What is not opted in goes on.
                hook(&place, "beforeBackup").unwrap();
                let alone = one.sealed_by();
                assert!(!place.is_running());
                assert!(place.is_running_by("pump") && place.is_running_by("siphon"));
                hook(&place, "afterFailure").unwrap();
                place.until("both to run", || all_run(&place));
                assert!(place.is_void(&alone));

                other.label("slackwater.io/mirror=true");
                hook(&place, "beforeBackup").unwrap();
                let runs = [one.sealed_by(), other.sealed_by()];
                assert!(runs[0] != runs[1] && !runs.contains(&alone), "{runs:?}");
                assert!(
                    ["feeder", "pump", "siphon"].map(|one| place.is_running_by(one)) == [false; 3]
                );
                let point = capture(&place);
                let made = snapshots(&place, "both");
                hook(&place, "afterBackup").unwrap();
                for (member, run) in [&one, &other].into_iter().zip(&runs) {
                    place.within(5, "the cut to be closed", || {
                        thread::sleep(Duration::from_secs(1));
                        matches!(member.cut(run).state, State::Closed { .. })
                    });
                    member.must_be_proven(run);
                }
                assert!(all_run(&place));

                // K10 restores the namespace, and its hooks each mirror in it.
                place.produce(100);
                let volumes = place.volumes();
                hook(&place, "beforeRestore").unwrap();
                assert!(place.volumes().is_empty());
                for cluster in ["mirror", COPY] {
                    let pods = format!("strimzi.io/cluster={cluster}");
                    let left = place.space(&["get", "pod", "-l", &pods, "-o", "name"]);
                    assert_eq!(left.unwrap(), "", "{cluster}");
                }
                // Of one nothing is restored yet: that fails the hook, and not the other mirror,
                // which is put to work and stays so when K10 tells the hook again.
                restore_here(&place, &point, &|claim| match claim.contains(COPY) {
                    true => String::new(),
                    false => format!("k10-csi-snap-both-{claim}"),
                });
                let said = hook(&place, "afterRestore").unwrap_err();
                assert!(said.contains(&other.kafka()), "{said}");
                restore_here(&place, &point, &|claim| {
                    format!("k10-csi-snap-both-{claim}")
                });
                hook(&place, "afterRestore").unwrap();
                for run in &runs {
                    restored_must_be_proven(&place, run);
                }
                assert!(place.volumes().is_disjoint(&volumes));
                place.until("both to run", || all_run(&place));
                for kafka in [one.kafka(), other.kafka()] {
                    let gc = ["gc", "--kept-volumes", "--kafka", &kafka];
                    place.task_as("slackwater-restore", &gc).expect(0);
                }
                let [one, other] = both(&place);
                retire(&place, &made);

                // Of one somebody takes a volume again: the backup of neither counts.
                hook(&place, "beforeBackup").unwrap();
                let runs = [one.sealed_by(), other.sealed_by()];
                let mut made = snapshots(&place, "odd");
                let claim = &place.names("pvc", "data-1-copy-holders-")[0];
                snapshot(&place, "k10-csi-snap-again", claim);
                made.push("k10-csi-snap-again".to_owned());
                let said = hook(&place, "afterBackup").unwrap_err();
                assert!(
                    said.contains(&format!("two snapshots of volume {claim}")),
                    "{said}"
                );
                assert!(runs.iter().all(|run| place.is_void(run)));
                place.until("both to run", || all_run(&place));
                retire(&place, &made);

                // One can't be backed up: the other was not held for nothing.
                let pause = "strimzi.io/pause-reconciliation";
                let annotate = ["annotate", "kafka", COPY];
                place
                    .space(&[&annotate[..], &[&format!("{pause}=true")]].concat())
                    .unwrap();
                let said = hook(&place, "beforeBackup").unwrap_err();
                println!("{said}");
                assert!(said.contains(&other.kafka()), "{said}");
                place.until("both to run", || all_run(&place));
                place
                    .space(&[&annotate[..], &[&format!("{pause}-")]].concat())
                    .unwrap();
                unmake(&place, &names().space, &names().space);
                place.set_about(&about);
                place.must_be_equal();
            }
        }
    }
}
