//! A source that does not answer while K10 makes a backup: it costs what is compared with it,
//! and no backup.

mod needs_root {
    mod needs_stand_ins {
        mod takes_long {
            use slackwater_cut::{ClaimName, Verdict};

            use crate::k10_restore::restore_here;
            use crate::k10_restore_point::capture;
            use crate::k10_stand_in::{hook, opted_in, retire, snapshots, until_closed};
            use crate::place::turn;

            #[test]
            fn a_source_that_does_not_answer_costs_k10s_backup_two_claims_and_nothing_else() {
                let mut place = turn();
                opted_in(&mut place);
                place.must_be_equal();
                let feeder = place.feeder();
                let frozen = place.freeze("source-single-0");
                hook(&place, "beforeBackup").unwrap();
                let run = place.newest();
                let point = capture(&place);
                let made = snapshots(&place, "alone");
                hook(&place, "afterBackup").unwrap();
                until_closed(&place, &run);
                drop(frozen);
                let cut = place.cut(&run);
                let verdict = |name| {
                    let claim = cut.claims.iter().find(|one| one.name == name).unwrap();
                    println!("{} {}: {}", claim.name, claim.verdict, claim.reason);
                    (claim.verdict, claim.reason.contains("can't be reached"))
                };
                for name in [ClaimName::Still, ClaimName::Durable] {
                    assert_eq!(verdict(name), (Verdict::Proven, false));
                }
                for name in [ClaimName::Covers, ClaimName::Resumable] {
                    assert_eq!(verdict(name), (Verdict::Unproven, true));
                }
                // It is copied again when MirrorMaker has looked at it anew.
                place.within(15, "the mirror to run", || place.is_running());
                place.must_be_let_go(&feeder);
                place.produce(100);
                place.must_be_equal();

                // It is restored like any other, and goes on when its source has been asked.
                hook(&place, "beforeRestore").unwrap();
                restore_here(&place, &point, &|claim| {
                    format!("k10-csi-snap-alone-{claim}")
                });
                hook(&place, "afterRestore").unwrap();
                place.within(5, "the mirror to run", || place.is_running());
                place.must_be_equal();
                retire(&place, &made);
            }
        }
    }
}
