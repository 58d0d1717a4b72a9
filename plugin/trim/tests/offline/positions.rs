//! Where MirrorMaker goes on after a trim: where it had committed nothing, and where the
//! mirror stood still.

use crate::{site, world};

use std::collections::BTreeMap;

use crate::heads::{OFFSETS, by_source, copies, head, position, sweep};
use crate::log::{Batch, Rec};
use crate::site::{Site, messages, row};
use slackwater_cut::{Class, Hot, HotHead, HotLook, SourcePartition, SourcePoint};
use slackwater_point::Plan;
use slackwater_ports::PartitionId;
use slackwater_trim::{Held, RealDisk};

#[test]
fn a_partition_of_which_connect_has_committed_nothing_gets_a_position_where_connect_would_put_it() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic(OFFSETS, Class::MirrorState, 5, None);
    site.connect("mm2", OFFSETS);
    site.cut.quiesce = Some(site::quiesce_of("mm2", "source", "src"));
    site.all("src.t-0", &messages(0..20));
    site.all("src.t-1", &messages(0..12));
    for log in 0..5 {
        // That of a connector of former times, which starts nowhere.
        let former = r#"["former",{"cluster":"src","partition":1,"topic":"t"}]"#;
        let former = Rec::new(0, Some(former), Some("{\"offset\":19}"));
        let there = (log == 2).then(|| Batch::of(vec![former]));
        let there: Vec<Batch> = there.into_iter().collect();
        site.all(&format!("{OFFSETS}-{log}"), &there);
    }
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: vec![sweep(1000, vec![head(11), head(9)])],
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    let plan = site.plan(&by_source()).unwrap();
    let mut added = Vec::new();
    for log in 0..5 {
        for one in &row(&plan, OFFSETS, log).added {
            added.push((log, one.key.as_str(), one.value.as_deref().unwrap()));
        }
    }
    // As kafka-clients 4.3.1 says of these keys (`Utils.murmur2`).
    assert_eq!(
        added,
        [
            (
                1,
                r#"["source",{"cluster":"src","partition":1,"topic":"t"}]"#,
                r#"{"offset":19}"#
            ),
            (
                2,
                r#"["source",{"cluster":"src","partition":0,"topic":"t"}]"#,
                r#"{"offset":23}"#
            ),
        ]
    );
    assert!(plan.depends.positions.iter().all(|one| one.put_right));

    // One that has a topic for itself reads that first.
    site.topic("own-offsets", Class::MirrorState, 1, None);
    site.all("own-offsets-0", &[position(0, 0, 2 * 15 + 1)]);
    let connectors = &mut site.cut.quiesce.as_mut().unwrap().connectors;
    connectors[0].offsets_topic = Some("own-offsets".to_owned());
    let plan = site.plan(&by_source()).unwrap();
    let own = &row(&plan, "own-offsets", 0).added;
    let values: Vec<&str> = own.iter().filter_map(|one| one.value.as_deref()).collect();
    assert_eq!(values, [r#"{"offset":23}"#, r#"{"offset":19}"#]);
    assert!(plan.depends.positions.iter().all(|one| one.put_right));
}

#[test]
fn of_a_mirror_that_stood_still_what_came_after_its_point_goes_and_the_rest_is_where_it_was() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic("src.left", Class::Mirrored, 1, Some("left"));
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    site.connect("mm2", OFFSETS);
    site.cut.quiesce = Some(site::quiesce_of("mm2", "source", "src"));
    site.cut.drain = site::drained();
    // Partition 0 went on for eight messages after the sweep, partition 1 for none.
    site.all("src.t-0", &messages(0..20));
    site.all("src.t-1", &messages(0..12));
    site.all("src.left-0", &messages(0..5));
    for (at, end) in [(0, 20), (1, 12), (2, 5), (3, 3)] {
        site.cut.rows.partitions[at].high_watermark = end;
    }
    site.cut.rows.partitions[2].source = Some(site::mirrored(9));
    let left = r#"["source",{"cluster":"src","partition":0,"topic":"left"}]"#;
    let left = Rec::new(2, Some(left), Some("{\"offset\":9}"));
    site.all(
        &format!("{OFFSETS}-0"),
        &[
            position(0, 0, 2 * 19 + 1),
            position(1, 1, 2 * 11 + 1),
            Batch::of(vec![left]),
        ],
    );
    let mut asked = by_source();
    asked.exclude = vec!["src.left".to_owned()];
    // Without the records below its heads the point is nowhere.
    let mut point = SourcePoint {
        copies: copies(2),
        sweeps: vec![
            sweep(1000, vec![head(3), head(2)]),
            sweep(2000, vec![head(11), head(11)]),
        ],
        surplus: vec![Some(16), Some(0)],
        marked_ms: None,
    };
    site.cut.point = Some(point.clone());
    let refused = site.plan(&asked).unwrap_err().to_string();
    assert!(refused.contains("records below them"), "{refused}");
    point.marked_ms = Some(3000);
    site.cut.point = Some(point);
    let plan = site.plan(&asked).unwrap();
    let cuts = [("src.t", 0), ("src.t", 1), ("src.left", 0)];
    let cuts = cuts.map(|(topic, number)| row(&plan, topic, number).cut);
    assert_eq!(cuts, [12, 12, 5]);
    // Of the others the position is right: also of the one that is in no order.
    let positions = &plan.depends.positions;
    let [one] = positions.as_slice() else {
        panic!("{positions:?}");
    };
    let offsets = (one.committed, one.last_kept, one.put_right);
    assert_eq!(offsets, (Some(39), Some(23), true));

    // More lies past its marks than was past the point: they were found where others are.
    site.cut.point.as_mut().unwrap().surplus[0] = Some(3);
    let refused = site.plan(&asked).unwrap_err().to_string();
    assert!(refused.contains("src.t-0"), "{refused}");
    site.cut.point.as_mut().unwrap().surplus[0] = Some(16);

    // Volumes that are not those of the cut: nothing is known of what stood still.
    site.cut.rows.partitions[2].high_watermark = 4;
    let plan = site.plan(&asked).unwrap();
    let mut positions = plan.depends.positions.iter();
    let left = positions.find(|one| one.mirror.topic == "src.left");
    assert_eq!(left.unwrap().last_kept, None);
    // Where they have to be, they are refused.
    asked.is_of_cut = true;
    let refused = site.plan(&asked).unwrap_err().to_string();
    assert!(refused.contains("src.left-0 ends at 5"), "{refused}");
}

#[test]
fn volumes_that_lack_what_was_acknowledged_before_they_were_cut_are_not_those_of_the_cut() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    // One copy that has it is enough.
    site.copy(1, "src.t-0", &[&messages(0..20)]);
    site.copy(2, "src.t-0", &[&messages(0..12)]);
    site.copy(3, "src.t-0", &[&messages(0..12)]);
    site.all("src.t-1", &messages(0..12));
    let look = |ends: [u64; 2]| HotLook {
        asked: sweep(1500, Vec::new()).asked,
        positions: vec![None; 2],
        high_watermarks: ends.map(Some).to_vec(),
    };
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: vec![sweep(1000, vec![head(11), head(9)])],
        // What came after the volumes were flushed need not be there.
        looks: vec![look([20, 12]), look([90, 90])],
        volumes: Vec::new(),
    });
    let mut asked = by_source();
    asked.is_of_cut = true;
    site.plan(&asked).unwrap();
    site.cut.hot.as_mut().unwrap().looks[0] = look([20, 13]);
    let refused = site.plan(&asked).unwrap_err().to_string();
    let said = "the longest copy of src.t-1 ends at 12, and 13 offsets were acknowledged";
    assert!(refused.starts_with(said), "{refused}");
    // An earlier cut says of other volumes which topic is what, and no more.
    asked.is_of_cut = false;
    site.plan(&asked).unwrap();
}

#[test]
fn a_head_that_is_found_before_what_the_mirror_had_when_it_was_asked_for_is_another_place() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.all("src.t-0", &messages(0..20));
    let look = |ms: u64| HotLook {
        asked: sweep(ms, Vec::new()).asked,
        positions: vec![None],
        high_watermarks: vec![Some(18)],
    };
    site.cut.hot = Some(Hot {
        copies: copies(1),
        sweeps: vec![sweep(1000, vec![head(11)])],
        looks: vec![look(1500)],
        volumes: Vec::new(),
    });
    let mut asked = by_source();
    asked.is_of_cut = true;
    assert_eq!(row(&site.plan(&asked).unwrap(), "src.t", 0).cut, 12);
    // The source had all of it then, so its last records come once more, and are not here.
    site.cut.hot.as_mut().unwrap().looks[0] = look(900);
    let refused = site.plan(&asked).unwrap_err().to_string();
    assert!(refused.contains("src.t-0"), "{refused}");
}

/// Retention has left nothing of the second partition's source by which its head could be
/// found; the copy has so many messages.
fn idle_and_emptied(copied: u64) -> Site {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.all("src.t-0", &messages(0..20));
    site.all("src.t-1", &messages(0..copied));
    let emptied = Some(HotHead {
        high_watermark: 24,
        last: Vec::new(),
    });
    let sweeps = [1000, 3000].map(|ms| sweep(ms, vec![head(11), emptied.clone()]));
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: sweeps.to_vec(),
        looks: vec![HotLook {
            asked: sweep(2000, Vec::new()).asked,
            positions: vec![None, Some(23)],
            high_watermarks: vec![Some(12), Some(copied)],
        }],
        volumes: Vec::new(),
    });
    site
}

#[test]
fn a_partition_whose_source_is_idle_and_emptied_does_not_hold_the_point_back() {
    let mut site = idle_and_emptied(12);
    let mut asked = by_source();
    asked.is_of_cut = true;
    let plan = site.plan(&asked).unwrap();
    let cut = |partition| row(&plan, "src.t", partition).cut;
    assert_eq!((cut(0), cut(1)), (12, 12));
    // Connect had not committed its last one, or something came later: who knows where it is.
    let hot = site.cut.hot.as_mut().unwrap();
    hot.looks[0].positions[1] = Some(22);
    assert!(site.plan(&asked).is_err());
    let hot = site.cut.hot.as_mut().unwrap();
    hot.looks[0].positions[1] = Some(23);
    hot.sweeps[1].heads[1].as_mut().unwrap().high_watermark = 25;
    assert!(site.plan(&asked).is_err());
    // Records that are left there, and are not in the copy, say that it is another's, or lost
    // its end.
    let hot = site.cut.hot.as_mut().unwrap();
    for sweep in &mut hot.sweeps {
        sweep.heads[1] = Some(HotHead {
            high_watermark: 24,
            ..head(40).unwrap()
        });
    }
    assert!(site.plan(&asked).is_err());
}

#[test]
fn an_idle_partition_whose_copy_was_made_anew_is_not_taken_for_whole() {
    let site = idle_and_emptied(0);
    let mut asked = by_source();
    asked.is_of_cut = true;
    assert!(site.plan(&asked).is_err());
}

#[test]
fn a_position_of_before_the_volumes_were_cut_is_not_ahead_where_all_of_then_is_kept() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    site.connect("mm2", OFFSETS);
    site.cut.quiesce = Some(site::quiesce_of("mm2", "source", "src"));
    // The first one is cut back by the order of timestamps, the second one is quiet.
    site.all("src.t-0", &messages(0..20));
    site.all("src.t-1", &messages(0..12));
    let there = [position(0, 0, 2 * 19 + 1), position(1, 1, 2 * 11 + 1)];
    site.all(&format!("{OFFSETS}-0"), &there);
    let hot = |positions: [u64; 2], ends: [u64; 2]| Hot {
        copies: copies(2),
        sweeps: Vec::new(),
        looks: vec![HotLook {
            asked: sweep(20_000, Vec::new()).asked,
            positions: positions.map(Some).to_vec(),
            high_watermarks: ends.map(Some).to_vec(),
        }],
        volumes: Vec::new(),
    };
    let mut asked = world::options(0);
    asked.is_of_cut = true;
    let mut not_ahead = |hot, is_of_cut| {
        site.cut.hot = Some(hot);
        asked.is_of_cut = is_of_cut;
        let plan = site.plan(&asked).unwrap();
        let cuts = [0, 1].map(|number| row(&plan, "src.t", number).cut);
        assert_eq!(cuts, [12, 12]);
        let positions = &plan.depends.positions;
        assert!(positions.iter().all(|one| one.last_kept.is_none()));
        let of = |number| {
            let mut all = positions.iter();
            all.find(|one| one.mirror.partition == number).unwrap()
        };
        [of(0), of(1)].map(|one| {
            assert_eq!(one.may_skip(), !one.not_ahead);
            one.not_ahead
        })
    };
    assert_eq!(not_ahead(hot([39, 23], [20, 12]), true), [false, true]);
    // Connect has committed more since than what it had then.
    assert_eq!(not_ahead(hot([23, 23], [12, 12]), true), [false, true]);
    assert_eq!(not_ahead(hot([39, 21], [20, 11]), true), [false, false]);
    // Of other volumes it says nothing.
    assert_eq!(not_ahead(hot([39, 23], [20, 12]), false), [false, false]);
}

#[test]
fn where_nothing_on_the_volumes_tells_a_position_it_is_what_the_source_was_found_to_have() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic("src.left", Class::Mirrored, 1, Some("left"));
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    site.connect("mm2", OFFSETS);
    site.cut.quiesce = Some(site::quiesce_of("mm2", "source", "src"));
    site.all("src.t-0", &messages(0..20));
    site.all("src.t-1", &messages(0..12));
    site.all("src.left-0", &messages(0..5));
    // Ahead of what is kept, and nothing is committed of the others.
    site.all(&format!("{OFFSETS}-0"), &[position(0, 0, 2 * 19 + 1)]);
    let mut asked = world::options(0);
    asked.exclude = vec!["src.left".to_owned()];
    let plan = site.plan(&asked).unwrap();
    let unknown = &plan.depends.positions;
    assert_eq!(unknown.len(), 3, "{unknown:?}");
    assert!(unknown.iter().all(|one| one.last_kept.is_none()));
    // It is asked for by these records, also of the topic that is in no order.
    let kept = |topic, number| row(&plan, topic, number).last_kept.unwrap().timestamp_ms;
    assert_eq!(kept("src.t", 0), kept("src.t", 1));
    let first = messages(0..1)[0].records[0].timestamp;
    assert_eq!(kept("src.left", 0), first + 4);
    let at = |topic: &str, number| SourcePartition {
        alias: "src".to_owned(),
        partition: PartitionId::new(topic, number),
    };
    asked.at_source = BTreeMap::from([(at("t", 0), 23), (at("left", 0), 9)]);
    let plan = site.plan(&asked).unwrap();
    let added: Vec<&str> = row(&plan, OFFSETS, 0)
        .added
        .iter()
        .filter_map(|one| one.value.as_deref())
        .collect();
    assert_eq!(added, [r#"{"offset":23}"#, r#"{"offset":9}"#]);
    let positions = plan.depends.positions.iter();
    let right: Vec<bool> = positions.map(|one| one.put_right).collect();
    assert_eq!(
        right.iter().filter(|one| **one).count(),
        2,
        "{:?}",
        plan.depends
    );
}

/// The second partition's source had nothing yet at the sweep, and what came since goes.
fn without_a_record_of_the_second(messages_there: Vec<Batch>) -> Site {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    site.topic("own-offsets", Class::MirrorState, 1, None);
    site.connect("mm2", OFFSETS);
    site.cut.quiesce = Some(site::quiesce_of("mm2", "source", "src"));
    let connectors = &mut site.cut.quiesce.as_mut().unwrap().connectors;
    connectors[0].offsets_topic = Some("own-offsets".to_owned());
    site.all("src.t-0", &messages(0..12));
    site.all("src.t-1", &messages_there);
    let former = r#"["former",{"cluster":"src","partition":1,"topic":"t"}]"#;
    let former = Rec::new(1, Some(former), Some("{\"offset\":3}"));
    let there = [position(0, 1, 2 * 3 + 1), Batch::of(vec![former])];
    site.all(&format!("{OFFSETS}-0"), &there);
    let there = [position(0, 0, 2 * 11 + 1), position(1, 1, 2 * 4 + 1)];
    site.all("own-offsets-0", &there);
    let nothing = Some(HotHead {
        high_watermark: 0,
        last: Vec::new(),
    });
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: vec![sweep(1000, vec![head(11), nothing])],
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    site
}

#[test]
fn where_nothing_is_kept_connect_is_left_no_position_and_begins_with_the_first_record() {
    let site = without_a_record_of_the_second(messages(0..6));
    let plan = site.plan(&by_source()).unwrap();
    assert_eq!(row(&plan, "src.t", 1).cut, 0);
    let [one] = plan.depends.positions.as_slice() else {
        panic!("{:?}", plan.depends.positions);
    };
    assert_eq!(
        (one.committed, one.last_kept, one.skipped),
        (Some(9), None, 10)
    );
    assert!(one.from_first && one.put_right && !one.may_skip());
    // Wherever it stands, by whichever name.
    let added = |topic| {
        let added = row(&plan, topic, 0).added.iter();
        let keys = added.map(|one| {
            assert_eq!(one.value, None, "{one:?}");
            one.key.as_str()
        });
        keys.collect::<Vec<_>>()
    };
    let of = |name: &str| {
        format!("[\"{name}\",{{\"cluster\":\"src\",\"partition\":1,\"topic\":\"t\"}}]")
    };
    assert_eq!(added(OFFSETS), [of("former"), of("source")]);
    assert_eq!(added("own-offsets"), [of("source")]);
    let read = Plan::parse(&plan.to_canonical().unwrap()).unwrap();
    assert_eq!(read, plan);
    let dirs = world::nodes(site.root.path());
    let mut held = Held::take(&dirs, &RealDisk).unwrap();
    held.trim(&plan).unwrap();
    drop(held);
    // To another plan it is right that none is there.
    let again = site.plan(&by_source()).unwrap();
    assert_eq!(again.depends.positions, []);
    assert!(again.partitions.iter().all(|one| one.added.is_empty()));

    let mut asked = by_source();
    asked.stops_connect = false;
    let left = without_a_record_of_the_second(messages(0..6));
    let left = left.plan(&asked).unwrap();
    let [one] = left.depends.positions.as_slice() else {
        panic!("{:?}", left.depends.positions);
    };
    assert!(left.leaves_connect && one.may_skip() && !one.put_right);
}

#[test]
fn where_retention_took_what_was_copied_nothing_says_that_it_has_to_come_again() {
    let site = without_a_record_of_the_second(messages(0..6).split_off(4));
    let plan = site.plan(&by_source()).unwrap();
    let row = row(&plan, "src.t", 1);
    assert_eq!((row.start, row.cut, row.end), (4, 4, 6));
    let [one] = plan.depends.positions.as_slice() else {
        panic!("{:?}", plan.depends.positions);
    };
    assert!(!one.from_first && !one.put_right && one.may_skip());
}
