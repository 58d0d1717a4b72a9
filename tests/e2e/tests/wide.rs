//! A mirror in Strimzi with volumes of several disks, a controller in a pool of its
//! own, and two sources: backed up, restored, and put back.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is a cluster"
)]

use slackwater_stand_ins::Shape;

/// Of the mirror.
const SHAPE: Shape = Shape::Wide;

#[path = "in_strimzi/found.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod found;
#[path = "in_strimzi/ground.rs"]
mod ground;
#[path = "in_strimzi/place.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod place;
#[path = "in_strimzi/produced.rs"]
#[allow(dead_code, reason = "the other tests use all of it")]
mod produced;

mod needs_root {
    mod takes_long {
        use slackwater_cut::{ClaimName, Verdict};

        use crate::place::{Place, mirror, turn};

        const RESTORE: &str = "slackwater-restore";

        fn is_proven(place: &Place, run: &str, name: ClaimName) {
            let cut = place.cut(run);
            let claim = cut.claims.iter().find(|one| one.name == name);
            let claim = claim.unwrap_or_else(|| panic!("{name} is not there"));
            println!("{name}: {}", claim.reason);
            assert_eq!(claim.verdict, Verdict::Proven, "{claim:?}");
        }

        #[test]
        fn a_mirror_of_many_disks_two_pools_and_two_sources_is_backed_up_restored_and_put_back() {
            let mut place = turn();
            place.produce(200);
            let kafka = mirror();
            let run = place.backup();
            place.show(&run);
            for name in [
                ClaimName::Still,
                ClaimName::Durable,
                ClaimName::Covers,
                ClaimName::Resumable,
            ] {
                is_proven(&place, &run, name);
            }
            // Two of each broker, and the controller's.
            let claims = place.names("volumesnapshots", &format!("slackwater-{run}-"));
            assert_eq!(claims.len(), 7);
            for end in [
                "data-mirror-control-0",
                "data-0-mirror-dual-1",
                "data-3-mirror-dual-3",
            ] {
                assert!(claims.iter().any(|name| name.ends_with(end)), "{claims:?}");
            }
            let dirs = place.cut(&run).content.unwrap().dirs;
            assert_eq!(dirs.len(), 7, "{dirs:?}");

            place.produce(100);
            place.must_be_equal();
            let volumes = place.volumes();
            let restore = |place: &mut Place, more: &[&str]| {
                let args = [&["restore", &run, "--kafka", &kafka], more].concat();
                let ran = place.task_as(RESTORE, &args).expect(0);
                println!("{}", ran.said);
            };
            restore(&mut place, &[]);
            for name in [ClaimName::Restored, ClaimName::HeadsRestored] {
                is_proven(&place, &run, name);
            }
            assert!(place.volumes().is_disjoint(&volumes));
            place.must_be_equal();
            restore(&mut place, &["--undo"]);
            assert_eq!(place.volumes(), volumes);
            place.must_be_equal();
        }
    }
}
