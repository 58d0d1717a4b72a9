//! A run of strategy `hot`: nothing is stopped, and what it saw of the source is the order
//! by which its volumes are cut back to one point.

pub(crate) mod needs_root {
    use std::path::PathBuf;
    use std::time::Duration;

    use slackwater_cut::{ClaimName, Cut, State, Verdict};
    use slackwater_e2e::Scene;
    use slackwater_lab::Volumes;

    use crate::trimmed::{Messages, Takes, Trimmed, at_rest, load, scene};
    use crate::{CODECS, PARTITIONS};

    const AT_ONCE: &str = "create: [cp, --reflink=always, ";

    /// Each volume two seconds after the one before, and with all that was written by
    /// then, as where storage freezes a file system before it cuts.
    fn one_after_another(scene: &Scene) -> String {
        let brokers = scene.lab.mirror().brokers().iter();
        let each = brokers.map(|broker| {
            let (id, path) = (broker.id(), broker.mount_point().display().to_string());
            format!("volume-{id}) sleep {}; sync -f {path};; ", 2 * id)
        });
        let each: String = each.collect();
        format!(
            "create: [sh, -c, 'case $1 in {each}esac; shift; exec cp --reflink=always $@', cut, \
             \"{{volume}}\", "
        )
    }

    fn must_say_what_it_is(cut: &Cut) {
        assert!(matches!(cut.state, State::Closed { .. }));
        let quiesce = cut.quiesce.as_ref().unwrap();
        assert_eq!((quiesce.stop_started_ms, &quiesce.stopped), (None, &None));
        assert!(cut.drain.is_none() && cut.bracket.is_none() && cut.resume.is_none());
        for claim in &cut.claims {
            println!("{} {}: {}", claim.name, claim.verdict, claim.reason);
            if claim.name != ClaimName::Intact {
                assert_eq!(claim.verdict, Verdict::Unproven, "{claim:?}");
                assert!(claim.reason.contains("ran on"), "{claim:?}");
            }
        }
        let hot = cut.hot.as_ref().unwrap();
        assert_eq!((hot.looks.len(), hot.volumes.len()), (2, 3));
        for look in &hot.looks {
            let each = (look.positions.len(), look.high_watermarks.len());
            assert_eq!(each, (hot.copies.len(), hot.copies.len()));
        }
        let (before, after) = (&hot.looks[0].asked, &hot.looks[1].asked);
        let snapshot = cut.snapshot.as_ref().unwrap();
        for flushed in &snapshot.flushed {
            assert!(before.last_answer_ms <= flushed.started_ms);
        }
        for volume in &snapshot.volumes {
            println!("{} cut at {:?}", volume.volume, volume.cut_ms);
            assert!(volume.cut_ms.unwrap() <= after.first_request_ms);
        }
        let loaded: Vec<usize> = (0..hot.copies.len())
            .filter(|at| CODECS.contains(&hot.copies[*at].source.partition.topic.as_str()))
            .collect();
        assert_eq!(loaded.len(), CODECS.len() * usize::from(PARTITIONS));
        for at in loaded {
            // Of one that has a transaction open at that moment there is none.
            let mut heads = hot.sweeps.iter().filter_map(|one| one.heads[at].as_ref());
            let ends = (heads.next().unwrap(), heads.next_back().unwrap());
            assert!(!ends.0.last.is_empty() && !ends.1.last.is_empty());
            assert!(ends.0.high_watermark < ends.1.high_watermark);
        }
    }

    /// What a hot run has taken under this load is cut back to one sweep of its source,
    /// and the mirror goes on from there.
    pub(crate) fn must_come_back(name: &str, exactly_once: bool, messages: Messages) {
        let scene = scene(name, exactly_once, Volumes::LoopImages);
        scene
            .rewrite(|text| {
                let changed = text.replace(AT_ONCE, &one_after_another(&scene));
                assert_ne!(changed, text);
                changed
            })
            .unwrap();
        let going = load(&scene, messages, 1);
        std::thread::sleep(Duration::from_secs(5));
        let (said, cut) = scene.backup(&["--strategy", "hot"], 0).unwrap();
        println!("{}", said.stderr);
        must_say_what_it_is(&cut);
        let going = at_rest(&scene, going);

        let images = scene.restore_volumes(&cut.run_id).unwrap();
        let opened = scene.lab.open_copies(&images).unwrap();
        let volumes: Vec<(i32, PathBuf)> = opened
            .iter()
            .map(|one| (one.broker(), one.path().to_owned()))
            .collect();
        let trimmed = Trimmed::made(&scene, &cut, &volumes, &[], Takes::InTurn).of(messages);
        trimmed.must_come_to_the_same_again(&volumes);
        trimmed.must_be_that_sweep(messages.count_within(&going));
        trimmed.note_what_is_shown(&volumes);
        drop(opened);
        trimmed.must_go_on(&images, &[&going], exactly_once);
    }

    #[test]
    fn a_hot_run_stops_nothing_and_its_volumes_are_cut_back_to_what_the_source_had_at_one_sweep() {
        must_come_back("hot-run", false, Messages::Plain { first: 0 });
    }
}
