//! A mirror that takes 80 kB/s from each client: MirrorMaker's tasks do not
//! stop in time, Connect cancels them, and the committed offsets stay behind
//! what was copied. No cut may call that resumable.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers are loaded for a real while; a test may panic"
)]

use std::time::Duration;

use slackwater_cut::{Claim, ClaimName, Cut, Verdict};
use slackwater_e2e::Scene;
use slackwater_lab::{AuditReport, Isolation, Lab, Load, LoadPlan, audit};

/// What a client may write to a broker of the mirror, in bytes a second.
const QUOTA: u64 = 80_000;

/// Messages a second, their size, and for how long: 24 MB, of which the mirror
/// takes less than half a megabyte a second (two clients, three brokers).
const RATE: u32 = 6_000;
const BYTES: usize = 1_000;
const LOADED: Duration = Duration::from_secs(4);

/// For the mirror to catch up when the quota is lifted.
const CATCH_UP: Duration = Duration::from_secs(120);

/// The mirror will not catch up before the quota is lifted: it is not waited
/// for.
const LIMITS: &str = "limits: {coverWait: 2s, catchUp: 2s}\n";

/// Each partition that the cut calls clean got no record twice, and each that
/// it calls ahead got as many as it says.
fn assert_says_what_happened(cut: &Cut, resumable: &Claim, now: &AuditReport) {
    let mut ahead = 0;
    for (row, source) in cut.rows.copies() {
        let topic = &cut.rows.topic(row).name;
        let partition = i32::try_from(row.partition).unwrap();
        let Some(found) = now.topics.get(topic).and_then(|all| all.get(&partition)) else {
            continue;
        };
        let doubled: u64 = found.producers.values().map(|one| one.duplicates).sum();
        let name = cut.rows.name(row);
        match &source.seam {
            Some(seam) if seam.mirror == seam.source => assert_eq!(doubled, 0, "{name}"),
            Some(seam) => {
                if let Some(said) = seam.ahead {
                    assert_eq!(doubled, said, "{name}");
                }
                ahead += 1;
            }
            None => assert!(doubled == 0 || source.last_mirrored.is_none(), "{name}"),
        }
    }
    if resumable.verdict == Verdict::Proven {
        assert_eq!(now.duplicates(), 0, "{}", resumable.reason);
    }
    println!("{ahead} partitions were ahead of their committed offset");
}

fn claim(cut: &Cut, name: ClaimName) -> &Claim {
    cut.claims.iter().find(|claim| claim.name == name).unwrap()
}

fn read(scene: &Scene) -> AuditReport {
    let mirror = scene.lab.mirror().bootstrap();
    audit(&mirror, &["blogs", "items"], Isolation::ReadCommitted).unwrap()
}

mod takes_long {
    use super::*;

    #[test]
    fn a_throttled_mirror_is_never_called_resumable_where_a_resume_copies_twice() {
        let lab = Lab::builder().name("throttled").start().unwrap();
        println!("up: {}", lab.timings());
        let scene = Scene::new(lab, LIMITS).unwrap();
        let source = scene.lab.source().bootstrap();

        scene.lab.set_mirror_quota(Some(QUOTA)).unwrap();
        let load = Load::start(&source, &LoadPlan::new(RATE).size(BYTES)).unwrap();
        std::thread::sleep(LOADED);
        let load = load.stop().unwrap();
        assert!(load.is_whole(), "{load:?}");

        let finished = scene
            .run(&["backup", "--output", "json", "--allow-plain-copy"])
            .unwrap();
        assert!(matches!(finished.code, Some(1 | 3)), "{finished:?}");
        println!("{}", finished.stderr);
        let cut = Cut::parse(&finished.stdout).unwrap();
        let log = std::fs::read_to_string(scene.lab.connect().log()).unwrap();
        assert!(
            log.contains("Graceful stop of task"),
            "no task was cancelled"
        );
        // It was behind when the backup began, and when it was stopped.
        assert_ne!(claim(&cut, ClaimName::Covers).verdict, Verdict::Proven);
        assert_eq!(claim(&cut, ClaimName::Still).verdict, Verdict::Proven);
        let resumable = claim(&cut, ClaimName::Resumable);
        println!("{} {}", resumable.verdict, resumable.reason);

        scene.lab.set_mirror_quota(None).unwrap();
        scene.lab.wait_mirrored(&load, CATCH_UP).unwrap();
        let now = read(&scene);
        assert_eq!(now.absent(&load, str::to_owned), Vec::<String>::new());
        println!("{} records were copied twice", now.duplicates());
        assert_says_what_happened(&cut, resumable, &now);

        let (_, cut) = scene.backup(&[], 0).unwrap();
        assert_eq!(claim(&cut, ClaimName::Resumable).verdict, Verdict::Proven);
        assert_eq!(read(&scene).duplicates(), now.duplicates());
    }
}
