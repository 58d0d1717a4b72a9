//! What K10 restores beside the original: claims alone become a clone, and all of it is
//! refused.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use slackwater_cut::{ClaimName, Cut, Verdict};
            use slackwater_stand_ins::LATE_CLASS;

            use crate::clone_by_hand::stand_for;
            use crate::ground::names;
            use crate::k10_restore_point::How;
            use crate::k10_stand_in::{backed_up, exported, hook_of, opted_in, retire};
            use crate::place::{Place, mirror, turn};
            use crate::read_back::{ends, records};

            /// That a clone there was shown to be the cut.
            fn shown(place: &Place, space: &str, run: &str) {
                let document = format!("configmap/slackwater-{run}-run");
                let path = "jsonpath={.data.document}";
                let text = place.kubectl(&["-n", space, "get", &document, "-o", path]);
                let cut = Cut::parse(&text.unwrap()).unwrap();
                for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
                    let claim = cut.claims.iter().find(|one| one.name == name).unwrap();
                    println!("{name}: {}", claim.reason);
                    assert_eq!(claim.verdict, Verdict::Proven, "{name}");
                }
            }

            #[test]
            fn claims_beside_the_original_become_a_clone_and_its_authority_there_is_refused() {
                let mut place = turn();
                opted_in(&mut place);
                place.produce(200);
                place.must_be_equal();
                let (run, point, made) = backed_up(&mut place, "drill");
                let then = ends(&place, &names().space);
                place.produce(300);
                place.must_be_equal();
                // Of what K10 has here nothing has to be exported; and who removes the clone
                // removes nothing of K10's: the next one is made of the same.
                let kafka = mirror();
                place.kubectl(&["create", "namespace", "here"]).unwrap();
                let clone = ["clone", &run, "--kafka", &kafka, "--into", "here"];
                let done = place.task_as("slackwater-restore", &clone).expect(0);
                println!("{}", done.said);
                shown(&place, "here", &run);
                place.kubectl(&["delete", "namespace", "here"]).unwrap();
                for name in &made {
                    let snapshot = place.object(&format!("volumesnapshot/{name}"));
                    assert_eq!(snapshot["status"]["readyToUse"], true, "{name}");
                }
                let data = exported(&place, &made);
                for space in ["drill", "whole"] {
                    place.kubectl(&["create", "namespace", space]).unwrap();
                    for one in &data {
                        // Contents are in no namespace.
                        let claim = one["claim"].as_str().unwrap();
                        stand_for(&place, space, &format!("{space}-{claim}"), one);
                    }
                }
                place.load(120, 50);
                let drill = |claim: &str| format!("drill-{claim}");
                let how = How {
                    into: "drill",
                    snapshot_of: &drill,
                    class: Some(LATE_CLASS),
                    with_status: false,
                };
                point.restore_claims(&place, &how);
                let clone = [
                    "clone",
                    &run,
                    "--kafka",
                    &kafka,
                    "--into",
                    "drill",
                    "--on-claims",
                ];
                let done = place.task_as("slackwater-restore", &clone).expect(0);
                println!("{}", done.said);
                shown(&place, "drill", &run);
                assert_eq!(ends(&place, "drill"), then);
                assert_eq!(
                    records(&place, "drill", &then),
                    records(&place, &names().space, &then)
                );

                let whole = |claim: &str| format!("whole-{claim}");
                let how = How {
                    into: "whole",
                    snapshot_of: &whole,
                    class: None,
                    with_status: false,
                };
                point.restore(&place, &how);
                let said = hook_of(&place, "whole", "afterRestore").unwrap_err();
                println!("{said}");
                assert!(said.contains("`slackwater clone`"), "{said}");
                let pods = place.kubectl(&["-n", "whole", "get", "pod", "-o", "name"]);
                assert_eq!(pods.unwrap().trim(), "");

                for space in ["drill", "whole"] {
                    place.kubectl(&["delete", "namespace", space]).unwrap();
                }
                place.must_be_equal();
                retire(&place, &made);
            }
        }
    }
}
