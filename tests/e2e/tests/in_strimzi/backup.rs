//! A backup, phase by phase.

mod needs_root {
    use slackwater_cut::{ClaimName, State, Verdict};

    use crate::place::{mirror, turn};

    #[test]
    fn phases_in_pods_make_a_closed_cut_and_the_mirror_runs_again() {
        let mut place = turn();
        place.produce(200);
        let kafka = mirror();
        let of = ["--kafka", &kafka];
        let quiesced = place.task(&[&["phase", "quiesceMirror"], &of[..]].concat());
        println!("{}", quiesced.said);
        let run = quiesced.expect(0).output("runId");
        for phase in ["awaitDrain", "snapshotPartitions", "validateHead"] {
            let ran = place.task(&[&["phase", phase, "--run", &run], &of[..]].concat());
            println!("{}", ran.said);
            assert!(matches!(ran.code, 0 | 3), "{phase}: {}", ran.said);
        }
        let cut = place.cut(&run);
        assert!(matches!(cut.state, State::Closed { .. }), "{:?}", cut.state);
        for claim in &cut.claims {
            println!("{} {}: {}", claim.name, claim.verdict, claim.reason);
        }
        let still = cut.claims.iter().find(|one| one.name == ClaimName::Still);
        assert_eq!(still.unwrap().verdict, Verdict::Proven);
        place.scene.connect("/connectors?expand=status").unwrap();
    }
}
