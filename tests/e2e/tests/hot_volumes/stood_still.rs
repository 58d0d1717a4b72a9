//! A run that stopped the mirror: what stands still is not consistent by that, since each
//! task had come as far as it had. The cut has the last point that all partitions are past.

pub(crate) mod needs_root {
    use std::path::PathBuf;
    use std::time::Duration;

    use slackwater_cut::{ClaimName, Verdict};
    use slackwater_e2e::{Scene, wait_until};
    use slackwater_lab::{Arrivals, Volumes};

    use crate::trimmed::{Messages, Takes, Trimmed, at_rest, load_at, scene};
    use crate::{CODECS, RATE, REACH};

    /// The newest record of each partition is no older than a poll and a commit of
    /// MirrorMaker's take.
    const FOLLOWS: Duration = Duration::from_millis(1_500);

    /// While a slow mirror catches up its transactions reach back before every sample of the
    /// source's heads, and nothing is cut by these.
    fn must_follow(scene: &Scene) {
        let mirrored = CODECS.map(|topic| scene.lab.policy().mirrored(topic));
        let topics = mirrored.each_ref().map(String::as_str);
        let arrivals = Arrivals::watch(&scene.lab.mirror().bootstrap(), &topics).unwrap();
        let follows = || arrivals.behind().is_some_and(|age| age <= FOLLOWS);
        wait_until("the mirror to follow", 2 * REACH, follows).unwrap();
    }

    /// What stood still is cut back to its point, and the mirror goes on from there.
    pub(crate) fn must_come_back(name: &str, exactly_once: bool, messages: Messages) {
        let scene = scene(name, exactly_once, Volumes::LoopImages);
        let going = load_at(RATE / 2, &scene, messages, 1);
        std::thread::sleep(Duration::from_secs(5));
        must_follow(&scene);
        let (_, cut) = scene.backup(&[], 0).unwrap();
        let covers = cut.claims.iter().find(|one| one.name == ClaimName::Covers);
        assert_eq!(covers.unwrap().verdict, Verdict::Proven);
        let point = cut.point.as_ref().unwrap();
        println!("surplus {:?}", point.surplus);
        assert!(point.marked_ms.is_some());
        assert!(
            point.surplus.iter().flatten().any(|one| *one > 0),
            "all ended at once"
        );
        let going = at_rest(&scene, going);

        let images = scene.restore_volumes(&cut.run_id).unwrap();
        let opened = scene.lab.open_copies(&images).unwrap();
        let volumes: Vec<(i32, PathBuf)> = opened
            .iter()
            .map(|one| (one.broker(), one.path().to_owned()))
            .collect();
        let trimmed =
            Trimmed::made(&scene, &cut, &volumes, &["--order=source"], Takes::AtOnce).of(messages);
        let rows = trimmed.plan["partitions"].as_array().unwrap();
        let goes = rows
            .iter()
            .filter_map(|row| row["jettisonedRecords"].as_u64());
        assert!(goes.sum::<u64>() > 0, "nothing was past the point");
        trimmed.must_come_to_the_same_again(&volumes);
        trimmed.must_be_that_sweep(messages.count_within(&going));
        drop(opened);
        trimmed.must_go_on(&images, &[&going], exactly_once);
    }

    #[test]
    fn a_mirror_that_stood_still_is_cut_back_to_the_last_point_that_all_its_partitions_are_past() {
        must_come_back("stood-still", true, Messages::Plain { first: 0 });
    }
}
