//! A hot run's volumes whole: the source's heads, Connect's positions, groups,
//! coordinators, by the cut that says which topic is what.

use crate::{site, world};

use crate::heads::{OFFSETS, by_source, copies, head, position, sweep};
use crate::log::{Batch, Rec, commit};
use crate::site::{Site, messages, row};
use crate::world::{nodes, options};
use slackwater_cut::{Class, Hot, HotLook};
use slackwater_point::{Ordered, Role, Why};
use slackwater_ports::PartitionId;
use slackwater_trim::{Held, PlanOptions, RealDisk};

/// As `OffsetCommitKey` and `OffsetCommitValue` have it.
fn commit_of(offset: u64, group: &str, topic: &str, partition: i32, at: i64) -> Batch {
    let text = |into: &mut Vec<u8>, text: &str| {
        into.extend((text.len() as i16).to_be_bytes());
        into.extend(text.as_bytes());
    };
    let mut key = 1i16.to_be_bytes().to_vec();
    text(&mut key, group);
    text(&mut key, topic);
    key.extend(partition.to_be_bytes());
    let mut value = 3i16.to_be_bytes().to_vec();
    value.extend(at.to_be_bytes());
    value.extend((-1i32).to_be_bytes());
    text(&mut value, "");
    value.extend(1i64.to_be_bytes());
    let mut record = Rec::new(offset, None, None);
    (record.key, record.value) = (Some(key), Some(value));
    Batch::of(vec![record])
}

#[test]
fn the_source_order_cuts_each_copy_at_the_newest_sweep_that_all_hold_and_says_what_depends() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic("__consumer_offsets", Class::Own, 1, None);
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    site.connect("mm2", OFFSETS);
    // Partition 0 went on to message 19, partition 1 was copied when it had 7.
    site.copy(1, "src.t-0", &[&messages(0..20)]);
    site.copy(2, "src.t-0", &[&messages(0..15)]);
    site.copy(3, "src.t-0", &[&messages(0..18)]);
    site.all("src.t-1", &messages(0..8));
    site.all(
        "__consumer_offsets-0",
        &[
            commit_of(0, "g", "src.t", 0, 14),
            commit_of(1, "g", "src.t", 1, 8),
        ],
    );
    // Ahead by two messages, and behind by one.
    site.all(
        &format!("{OFFSETS}-0"),
        &[position(0, 0, 2 * 13 + 1), position(1, 1, 2 * 4 + 1)],
    );
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: vec![
            sweep(1000, vec![head(3), head(2)]),
            sweep(2000, vec![head(11), head(5)]),
            sweep(3000, vec![head(16), head(9)]),
        ],
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    let mut asked = by_source();
    asked.stops_connect = false;
    let plan = site.plan(&asked).unwrap();
    let order = Ordered::Source {
        all_before_ms: 2000,
        none_after_ms: 2040,
    };
    assert_eq!(plan.order, order);
    assert!(
        plan.guarantee.contains("accepted more than 40 ms earlier"),
        "{}",
        plan.guarantee
    );
    let (zero, one) = (row(&plan, "src.t", 0), row(&plan, "src.t", 1));
    assert_eq!(
        (zero.end, zero.cut, zero.jettisoned_records, zero.why),
        (20, 12, Some(8), Why::Order)
    );
    assert_eq!((one.end, one.cut, one.jettisoned_records), (8, 6, Some(2)));
    assert_eq!(row(&plan, OFFSETS, 0).role, Role::Carried);
    assert_eq!(
        plan.pulled_by.as_ref().unwrap().partition,
        PartitionId::new("src.t", 1)
    );
    assert_eq!(zero.last_kept.unwrap().timestamp_ms, 10_011);
    let depends = &plan.depends;
    let groups: Vec<_> = depends
        .groups
        .iter()
        .map(|one| (one.partition.partition, one.committed))
        .collect();
    assert_eq!(groups, [(0, 14), (1, 8)]);
    let held: Vec<_> = depends
        .positions
        .iter()
        .map(|one| {
            (
                one.committed.unwrap(),
                one.last_kept.unwrap(),
                one.skipped,
                one.doubled,
            )
        })
        .collect();
    assert_eq!(held, [(27, 23, 4, 0), (9, 11, 0, 2)]);
    assert_eq!(depends.offset_syncs.len(), 2);
    assert_eq!(depends.remedies.len(), 3);
    assert_eq!(plan.read.older_segments, 0);
    Held::take(&nodes(site.root.path()), &RealDisk)
        .unwrap()
        .trim(&plan)
        .unwrap();
    for node in nodes(site.root.path()) {
        assert_eq!(world::scanned(&node.join("src.t-0")).end, 12);
        assert_eq!(world::scanned(&node.join("src.t-1")).end, 6);
    }
}

/// What Connect's configuration topic holds of a connector that runs.
fn configured(name: &str) -> Vec<Batch> {
    let record = |offset, key: String, value: &str| {
        Batch::of(vec![Rec::new(offset, Some(&key), Some(value))])
    };
    vec![
        record(0, format!("connector-{name}"), "{\"properties\":{}}"),
        record(1, format!("commit-{name}"), "{\"tasks\":2}"),
        record(2, format!("target-state-{name}"), "{\"state\":\"STARTED\"}"),
        record(3, "connector-another".to_owned(), "{\"properties\":{}}"),
    ]
}

#[test]
fn connect_comes_up_with_what_copies_stopped_and_at_the_positions_of_what_is_kept() {
    const CONFIGS: &str = "connect-configs";
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    site.topic(CONFIGS, Class::MirrorState, 1, None);
    site.connect("mm2", OFFSETS);
    site.cut.quiesce = Some(site::quiesce_of("mm2", "source", "src"));
    site.all("src.t-0", &messages(0..20));
    site.all("src.t-1", &messages(0..12));
    // The second broker has not heard of the last one yet, and the third of none.
    let ahead = [position(0, 0, 2 * 13 + 1), position(1, 1, 2 * 4 + 1)];
    site.copy(1, &format!("{OFFSETS}-0"), &[&ahead]);
    site.copy(2, &format!("{OFFSETS}-0"), &[&ahead[..1]]);
    site.copy(3, &format!("{OFFSETS}-0"), &[]);
    site.all(&format!("{CONFIGS}-0"), &configured("source"));
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: vec![sweep(1000, vec![head(11), head(9)])],
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    let mut asked = by_source();
    asked.stops_connect = false;
    let left = site.plan(&asked).unwrap();
    assert!(left.partitions.iter().all(|one| one.added.is_empty()));
    assert_eq!(left.depends.remedies.len(), 2);

    let plan = site.plan(&by_source()).unwrap();
    let added = |topic: &str| -> Vec<(String, String)> {
        let records = row(&plan, topic, 0).added.iter();
        records
            .map(|one| (one.key.clone(), one.value.clone().unwrap()))
            .collect()
    };
    let [first, second]: [(String, String); 2] = added(OFFSETS).try_into().unwrap();
    assert!(first.0.contains("\"partition\":0"), "{first:?}");
    assert_eq!(
        (first.1.as_str(), second.1.as_str()),
        ("{\"offset\":23}", "{\"offset\":19}")
    );
    assert_eq!(
        added(CONFIGS),
        [
            ("commit-source", "{\"tasks\":0}"),
            (
                "target-state-source",
                "{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}"
            ),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    // Nothing is left to do of positions: the syncs are.
    assert!(plan.depends.positions.iter().all(|one| one.put_right));
    assert_eq!(plan.depends.remedies, [slackwater_point::OFFSET_SYNCS]);
    let dirs = nodes(site.root.path());
    let mut held = Held::take(&dirs, &RealDisk).unwrap();
    held.trim(&plan).unwrap();
    drop(held);
    let shown = slackwater_trim::show(&dirs, &plan, 64).unwrap();
    for one in &shown.partitions {
        let right = |copy: &slackwater_cut::claims::TrimmedCopy| {
            copy.end == one.cut && copy.same && copy.wrong.is_none()
        };
        assert!(
            one.copies.len() == 3 && one.copies.iter().all(right),
            "{one:?}"
        );
    }
    for node in &dirs {
        assert_eq!(world::scanned(&node.join(format!("{OFFSETS}-0"))).end, 4);
        assert_eq!(world::scanned(&node.join(format!("{CONFIGS}-0"))).end, 6);
    }
    // What was planned of volumes that are so already has nothing to say.
    let again = site.plan(&by_source()).unwrap();
    let nothing = again.partitions.iter().all(|one| one.added.is_empty());
    assert!(nothing, "{again:?}");
    let mut held = Held::take(&dirs, &RealDisk).unwrap();
    held.untrim().unwrap();
    drop(held);
    for node in &dirs[..1] {
        assert_eq!(world::scanned(&node.join(format!("{OFFSETS}-0"))).end, 2);
    }
}

#[test]
fn an_idle_partition_is_told_from_an_unfinished_one_by_the_sources_heads() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.all("src.t-0", &messages(100..140));
    site.all("src.t-1", &messages(0..4));
    let mut asked = options(0);
    asked.max = slackwater_point::MaxJettison { ms: 10, percent: 1 };
    let refused = site.plan(&asked).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("the log's end at offset 4 of src.t-1"),
        "{refused}"
    );
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: vec![sweep(10_135, vec![None, head(3)])],
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    let plan = site.plan(&asked).unwrap();
    assert_eq!(
        plan.order,
        Ordered::Timestamp {
            at_ms: 10_135,
            epsilon_ms: 0
        }
    );
    assert_eq!(
        (row(&plan, "src.t", 0).cut, row(&plan, "src.t", 1).cut),
        (36, 4)
    );
    assert_eq!(plan.spread_before.unwrap().messages, 4);
    assert_eq!(plan.spread_after.unwrap().messages, 0);
    // Where the head is not in it, it is unfinished.
    let hot = site.cut.hot.as_mut().unwrap();
    hot.sweeps[0].heads[1] = head(9);
    assert!(site.plan(&asked).is_err());
}

#[test]
fn a_record_stamped_later_than_its_volume_was_cut_says_nothing_of_how_far_its_partition_is() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.all("src.t-0", &messages(0..20));
    let mut late = messages(0..6);
    late[5].records[0].timestamp = 99_999_999;
    site.all("src.t-1", &late);
    let mut asked = options(0);
    let cuts = |site: &Site, asked: &PlanOptions<'_>| {
        let plan = site.plan(asked).unwrap();
        [0, 1].map(|number| row(&plan, "src.t", number).cut)
    };
    // It looks as if all of that time were there.
    assert_eq!(cuts(&site, &asked), [20, 5]);
    asked.now_ms = Some(50_000);
    assert_eq!(cuts(&site, &asked), [5, 5]);
    // The cut says it, of its own volumes.
    asked.now_ms = Some(i64::MAX);
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: Vec::new(),
        looks: vec![HotLook {
            asked: sweep(50_000, Vec::new()).asked,
            positions: vec![None; 2],
            high_watermarks: vec![None; 2],
        }],
        volumes: Vec::new(),
    });
    assert_eq!(cuts(&site, &asked), [20, 5]);
    asked.is_of_cut = true;
    assert_eq!(cuts(&site, &asked), [5, 5]);
}

#[test]
fn a_transaction_of_data_and_positions_goes_from_both() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    let of = |mut batch: Batch, epoch: i16| {
        batch.producer_epoch = epoch;
        batch
    };
    let data = |at: u64, epoch| of(messages(0..9)[at as usize].clone().in_transaction(5), epoch);
    let marker = |at, epoch| of(commit(at, 5), epoch);
    let mut third = data(4, 2);
    third.records[0].timestamp = 10_004;
    site.all(
        "src.t-0",
        &[data(0, 0), marker(1, 0), data(2, 1), marker(3, 1), third],
    );
    let commits = |at, epoch| of(position(at, 0, at).in_transaction(5), epoch);
    let positions = [
        commits(0, 0),
        marker(1, 0),
        commits(2, 1),
        marker(3, 1),
        commits(4, 2),
        marker(5, 2),
    ];
    site.all(&format!("{OFFSETS}-0"), &positions);
    // The third one has no marker in the data yet.
    let plan = site.plan(&options(0)).unwrap();
    let (data, positions) = (row(&plan, "src.t", 0), row(&plan, OFFSETS, 0));
    assert_eq!((data.cut, data.why), (4, Why::Transaction));
    assert_eq!(
        (positions.end, positions.cut, positions.why),
        (6, 4, Why::Transaction)
    );
}
