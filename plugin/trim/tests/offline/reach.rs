//! Which copies there have to be, and how far back each is read.

use crate::world;

use crate::heads::{by_source, copies, head, sweep};
use crate::log::Batch;
use crate::site::{Site, empty_snapshot, messages, row};
use crate::world::{nodes, options, planned};
use slackwater_cut::{Class, Hot};
use slackwater_point::PlannedStanding;
use slackwater_trim::{Held, RealDisk, TrimError};

#[test]
fn a_copy_that_the_cut_knows_and_nobody_gave_is_asked_for() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.all("src.t-0", &messages(0..4));
    let two = &nodes(site.root.path())[..2];
    let refused = planned(two, &site.cut, &options(0)).unwrap_err();
    assert!(
        matches!(refused, TrimError::Missing { node: 3, .. }),
        "{refused}"
    );
    // It says nothing of a topic that came later.
    site.cut.rows.partitions.clear();
    planned(two, &site.cut, &options(0)).unwrap();
}

#[test]
fn a_copy_that_ends_before_the_kept_log_begins_is_replaced() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    let all = messages(0..12);
    site.copy(1, "src.t-0", &[&all[8..10], &all[10..]]);
    site.copy(2, "src.t-0", &[&all[8..10], &all[10..]]);
    site.copy(3, "src.t-0", &[&all[..3], &all[3..5]]);
    let plan = site.plan(&options(0)).unwrap();
    let behind = &row(&plan, "src.t", 0).replicas[2];
    assert_eq!((behind.end, behind.standing), (5, PlannedStanding::Behind));
    let before = world::tree(site.root.path());
    Held::take(&nodes(site.root.path()), &RealDisk)
        .unwrap()
        .trim(&plan)
        .unwrap();
    let of = |node: usize| world::scanned(&nodes(site.root.path())[node].join("src.t-0"));
    assert_eq!(
        (of(2).whole, of(2).scanned_from, of(2).end),
        (of(0).whole, 8, 12)
    );
    Held::take(&nodes(site.root.path()), &RealDisk)
        .unwrap()
        .untrim()
        .unwrap();
    assert!(world::tree(site.root.path()) == before);
}

#[test]
fn older_segments_are_read_only_while_the_point_lies_before_them() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    let mut all = messages(0..300);
    for record in all.iter_mut().flat_map(|batch| &mut batch.records) {
        record.timestamp *= 1000;
    }
    let segments = |to: usize| -> Vec<&[Batch]> { all[..to].chunks(10).collect() };
    // Producers were never idempotent: a snapshot says so for each segment.
    let empty = |node: u32, partition: &str, to: usize| {
        let dir = site.root.path().join(format!("node-{node}/{partition}"));
        for base in (10..to).step_by(10) {
            empty_snapshot(&dir, base as u64);
        }
    };
    for node in 1..=3 {
        site.copy(node, "src.t-0", &segments(300));
        site.copy(node, "src.t-1", &segments(295));
        empty(node, "src.t-0", 300);
        empty(node, "src.t-1", 295);
    }
    let plan = site.plan(&options(0)).unwrap();
    assert_eq!(
        (plan.read.older_segments, row(&plan, "src.t", 0).cut),
        (0, 295)
    );
    let plan = site.plan(&options(100_000)).unwrap();
    assert_eq!(row(&plan, "src.t", 0).cut, 195);
    let older = plan.read.older_segments;
    assert!((18..=120).contains(&older), "{older}");
}

/// One record of a closed segment that is stamped with a time to come: whether a head's records
/// are there already is not known before that segment is read.
#[test]
fn heads_that_may_lie_further_back_are_looked_for_by_whole_segments() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    let mut all = messages(0..300);
    all[201].records[0].timestamp = 99_999_999;
    let segments = |to: usize| -> Vec<&[Batch]> { all[..to].chunks(50).collect() };
    for node in 1..=3 {
        for (partition, to) in [("src.t-0", 300), ("src.t-1", 290)] {
            site.copy(node, partition, &segments(to));
            let dir = site.root.path().join(format!("node-{node}/{partition}"));
            for base in (50..to).step_by(50) {
                empty_snapshot(&dir, base as u64);
            }
        }
    }
    let sweeps = vec![
        sweep(1000, vec![head(120), head(120)]),
        sweep(2000, vec![head(260), head(255)]),
        sweep(3000, vec![head(299), head(295)]),
    ];
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps,
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    let plan = site.plan(&by_source()).unwrap();
    let cuts = [0, 1].map(|number| row(&plan, "src.t", number).cut);
    assert_eq!(cuts, [261, 256]);
    // The last segment of six, and the one with that record: 1, and with it 2 of each copy.
    let older = plan.read.older_segments;
    assert!((2..=12).contains(&older), "{older}");
}
