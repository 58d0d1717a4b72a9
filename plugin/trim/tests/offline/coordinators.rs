//! What coordinators of transactions say: what they told of a transaction drops it where
//! a copy lacks a part, and what they would end once more is forgotten.

use crate::{site, world};

use std::ops::ControlFlow;
use std::path::Path;

use crate::log::{Batch, commit};
use crate::site::{Site, messages, row};
use crate::world::told::{COMPLETE_COMMIT, ONGOING, STATE};
use crate::world::{nodes, options};
use slackwater_cut::{Class, Hot, HotCopy, HotLook, SourcePartition};
use slackwater_logdir::state::TransactionTable;
use slackwater_logdir::{Isolation, Locked, SegmentReader, records, survey};
use slackwater_point::{Plan, Role};
use slackwater_ports::{Interval, PartitionId};
use slackwater_trim::{Held, PlanOptions, RealDisk};

/// As the coordinator wrote it, after all that ended.
fn told(offset: u64, id: (&str, i64, i16), status: u8, topic: &str, partitions: &[i32]) -> Batch {
    world::told::told(offset, id, status, topic, partitions, 1_700_000_100_000)
}

#[test]
fn a_transaction_that_its_coordinator_knows_in_a_partition_which_lacks_it_is_dropped() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic(STATE, Class::Own, 1, None);
    let data = |at: u64, epoch: i16| {
        let mut batch = messages(0..9)[at as usize].clone().in_transaction(5);
        batch.producer_epoch = epoch;
        batch
    };
    let marker = |at| commit(at, 5);
    site.all("src.t-0", &[data(0, 0), marker(1), data(2, 1), marker(3)]);
    // Its copy was taken before the second one came.
    site.all("src.t-1", &[data(0, 0), marker(1)]);
    // ε is taken off, so that nothing but transactions can lower the cut.
    let mut asked = options(0);
    asked.exclude = vec!["src.t".to_owned()];
    site.topic("other", Class::Mirrored, 1, None);
    site.all("other-0", &messages(0..2));
    let cuts = |says: &[(i16, u8, &[i32])]| {
        let each = (0..).zip(says).map(|(at, (epoch, status, partitions))| {
            told(at, ("id", 5, *epoch), *status, "src.t", partitions)
        });
        site.all(&format!("{STATE}-0"), &each.collect::<Vec<_>>());
        let plan = site.plan(&asked).unwrap();
        assert_eq!(row(&plan, "src.t", 0).role, Role::Excluded);
        [0, 1].map(|number| row(&plan, "src.t", number).cut)
    };
    let first: [(i16, u8, &[i32]); 2] = [(0, ONGOING, &[0, 1]), (0, COMPLETE_COMMIT, &[])];
    let then = |more: &[(i16, u8, &'static [i32])]| [&first[..], more].concat();
    let second = (1, COMPLETE_COMMIT, &[] as &[i32]);
    assert_eq!(cuts(&then(&[(1, ONGOING, &[0]), second])), [4, 2]);
    assert_eq!(cuts(&then(&[(1, ONGOING, &[0, 1]), second])), [2, 2]);
    // Its own log was copied before it knew the end, or the beginning.
    assert_eq!(cuts(&then(&[(1, ONGOING, &[0])])), [2, 2]);
    assert_eq!(cuts(&then(&[])), [2, 2]);
    assert_eq!(cuts(&first[..1]), [0, 0]);
}

#[test]
fn of_a_coordinators_log_with_a_damaged_batch_nothing_is_concluded() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.topic(STATE, Class::Own, 1, None);
    site.all("src.t-0", &messages(0..4));
    let word = |at| told(at, ("id", 5, 0), COMPLETE_COMMIT, "src.t", &[]);
    for node in 1..=3 {
        let segments = [[word(0), word(1)], [word(2), word(3)]];
        site.copy(node, &format!("{STATE}-0"), &[&segments[0], &segments[1]]);
    }
    site.plan(&options(0)).unwrap();
    // What lies behind it is whole, and was read as if nothing were missing.
    for node in 1..=3 {
        let log = format!("node-{node}/{STATE}-0/00000000000000000000.log");
        site.flip(&log, 70);
    }
    let refused = site.plan(&options(0)).unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains(STATE) && said.contains("from offset 0 on a batch is damaged"),
        "{said}"
    );
}

#[test]
fn what_was_over_before_the_first_copy_was_taken_is_whole_by_what_the_run_saw() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.topic("src.u", Class::Mirrored, 1, Some("u"));
    site.topic(STATE, Class::Own, 1, None);
    let data = |at: u64| messages(0..9)[at as usize].clone().in_transaction(5);
    site.all("src.t-0", &[data(0), commit(1, 5)]);
    site.all("src.u-0", &messages(0..2));
    // Its coordinator's log has no word of it.
    site.all(&format!("{STATE}-0"), &[]);
    let mut asked = options(0);
    let cut = |site: &Site, asked: &PlanOptions<'_>| {
        let plan = site.plan(asked).unwrap();
        let more = plan.cut.as_ref().unwrap().other_volumes;
        (row(&plan, "src.t", 0).cut, more)
    };
    let hot = |then: u64, last: u64| Hot {
        copies: vec![HotCopy {
            source: SourcePartition {
                alias: "src".to_owned(),
                partition: PartitionId::new("t", 0),
            },
            mirror: PartitionId::new("src.t", 0),
        }],
        sweeps: Vec::new(),
        looks: [then, last]
            .map(|end| HotLook {
                asked: Interval {
                    first_request_ms: 1,
                    last_answer_ms: 1_800_000_000_000,
                },
                positions: vec![None],
                high_watermarks: vec![Some(end)],
            })
            .to_vec(),
        volumes: Vec::new(),
    };
    site.cut.hot = Some(hot(2, 2));
    assert_eq!(cut(&site, &asked), (0, true), "of other volumes");
    asked.is_of_cut = true;
    assert_eq!(cut(&site, &asked), (2, false));
    site.cut.hot = Some(hot(1, 2));
    assert_eq!(cut(&site, &asked), (0, false));
    // More is kept than the run ever saw.
    site.cut.hot = Some(hot(2, 1));
    assert_eq!(cut(&site, &asked), (2, true));
    // Of a mirror that stood still the rows say it.
    site.cut.hot = None;
    site.cut.drain = site::drained();
    for row in &mut site.cut.rows.partitions {
        row.high_watermark = 2;
    }
    asked.exclude = vec![STATE.to_owned()];
    let cut = site.plan(&asked).map(|plan| row(&plan, "src.t", 0).cut);
    assert!(matches!(cut, Ok(2)), "{cut:?}");
}

/// Transactional ids that a coordinator finds in a log directory.
fn found(node: &Path) -> Vec<String> {
    let dirs = survey(node, Locked::Allow).unwrap();
    let mut replicas = dirs.iter().flat_map(|dir| &dir.replicas);
    let replica = replicas.find(|one| one.partition.topic == STATE).unwrap();
    let mut table = TransactionTable::default();
    records(
        &mut SegmentReader::default(),
        replica,
        Isolation::ReadUncommitted,
        |record| {
            table
                .apply(record.offset, record.key, record.value)
                .unwrap();
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    table
        .rows()
        .map(|row| row.transactional_id.to_string())
        .collect()
}

#[test]
fn an_id_whose_transaction_is_under_way_is_forgotten_and_of_copies_of_different_moments_all_are() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.topic(STATE, Class::Own, 1, None);
    let data = |at: u64, producer: i64| {
        let batch = messages(0..9)[at as usize].clone();
        batch.in_transaction(producer)
    };
    // The last one is under way.
    site.all("src.t-0", &[data(0, 6), commit(1, 6), data(2, 5)]);
    // A length of which a byte is no letter.
    let under_way = "u".repeat(200);
    let says = [
        told(0, (&under_way, 5, 0), ONGOING, "src.t", &[0]),
        told(1, ("done", 6, 0), ONGOING, "src.t", &[0]),
        told(2, ("done", 6, 0), COMPLETE_COMMIT, "src.t", &[]),
        // Of what is kept it may know an earlier epoch.
        told(3, ("idle", 8, 0), COMPLETE_COMMIT, "src.t", &[]),
    ];
    site.all(&format!("{STATE}-0"), &says);
    let forgotten = |plan: &Plan| -> Vec<String> {
        let rows = row(plan, STATE, 0).forgotten.iter();
        rows.map(|one| one.transactional_id.clone()).collect()
    };
    let plan = site.plan(&options(0)).unwrap();
    assert_eq!(row(&plan, "src.t", 0).cut, 2);
    assert_eq!(forgotten(&plan), ["done", "idle", &under_way]);
    let of_state = row(&plan, STATE, 0);
    assert_eq!((of_state.cut, of_state.ends_at()), (4, 7));
    let dirs = nodes(site.root.path());
    let trimmed = |plan: &Plan| Held::take(&dirs, &RealDisk).unwrap().trim(plan).unwrap();
    trimmed(&plan);
    for node in &dirs {
        assert_eq!(found(node).len(), 0);
    }
    // To another plan there is nothing more to be forgotten.
    let again = site.plan(&options(0)).unwrap();
    assert!(again.partitions.iter().all(|one| one.forgotten.is_empty()));
    Held::take(&dirs, &RealDisk).unwrap().untrim().unwrap();
    for node in &dirs {
        assert_eq!(found(node).len(), 3);
    }

    // Of a mirror that stood still all copies are of one moment.
    site.cut.drain = site::drained();
    for (at, end) in [(0, 3), (1, 4)] {
        site.cut.rows.partitions[at].high_watermark = end;
    }
    let mut of_cut = options(0);
    of_cut.is_of_cut = true;
    let plan = site.plan(&of_cut).unwrap();
    assert_eq!(forgotten(&plan), [under_way]);
    trimmed(&plan);
    for node in &dirs {
        assert_eq!(found(node), ["done", "idle"]);
    }
}
