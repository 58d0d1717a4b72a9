//! Where MirrorMaker goes on in partitions that the cut says nothing of.

use crate::site;

use crate::heads::{OFFSETS, by_source, copies, head, position, sweep};
use crate::log::{Batch, Rec};
use crate::site::{Site, messages, row};
use slackwater_cut::{Class, Hot, Pattern, SourcePartition};
use slackwater_point::PositionHeld;
use slackwater_ports::PartitionId;

/// When the run began: its connector wrote what it has before and behind that.
const BEGAN_MS: u64 = 1_700_000_000_000;

/// What stands in Connect's topic of a partition of topic `foo`.
fn position_of_foo(offset: u64, connector: &str, at: u64, written_ms: u64) -> Batch {
    let key =
        format!("[\"{connector}\",{{\"cluster\":\"src\",\"partition\":0,\"topic\":\"foo\"}}]");
    let value = format!("{{\"offset\":{at}}}");
    let mut record = Rec::new(offset, Some(&key), Some(&value));
    record.timestamp = i64::try_from(written_ms).unwrap();
    Batch::of(vec![record])
}

/// A mirror of which topic `t` is protected, at a sweep behind all of its messages.
fn site(of_foo: Batch) -> Site {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    site.topic(OFFSETS, Class::MirrorState, 1, None);
    site.connect("mm2", OFFSETS);
    site.cut.created_ms = BEGAN_MS;
    site.cut.quiesce = Some(site::quiesce_of("mm2", "source", "src"));
    site.cut.settings.exclude = vec![Pattern::new("src.foo")];
    site.all("src.t-0", &messages(0..12));
    site.all("src.t-1", &messages(0..12));
    let there = [
        position(0, 0, 2 * 11 + 1),
        position(1, 1, 2 * 11 + 1),
        of_foo,
    ];
    site.all(&format!("{OFFSETS}-0"), &there);
    site.cut.hot = Some(Hot {
        copies: copies(2),
        sweeps: vec![sweep(1000, vec![head(11), head(11)])],
        looks: Vec::new(),
        volumes: Vec::new(),
    });
    site
}

fn foo() -> SourcePartition {
    SourcePartition {
        alias: "src".to_owned(),
        partition: PartitionId::new("foo", 0),
    }
}

fn held(site: &Site) -> Vec<PositionHeld> {
    site.plan(&by_source()).unwrap().depends.positions
}

#[test]
fn a_position_in_a_topic_that_is_not_protected_may_be_ahead_and_is_put_right_by_its_source() {
    let site = site(position_of_foo(2, "source", 99, BEGAN_MS));
    site.all("src.foo-0", &messages(0..5));
    let [one] = held(&site).try_into().unwrap();
    assert_eq!(
        (&one.source, &one.mirror.topic),
        (&foo(), &"src.foo".into())
    );
    assert_eq!((one.committed, one.last_kept), (Some(99), None));
    // Nobody asked for it: it is said, and no more.
    assert!(one.may_skip_unasked() && one.is_to_set(), "{one:?}");
    assert!(!one.may_skip());
    let plan = site.plan(&by_source()).unwrap();
    let at_source = row(&plan, "src.foo", 0).last_kept.unwrap();
    assert_eq!(at_source.offset, 4, "what it is looked for by");

    let mut asked = by_source();
    asked.at_source.insert(foo(), 9);
    let plan = site.plan(&asked).unwrap();
    let [one] = plan.depends.positions.as_slice() else {
        panic!("{:?}", plan.depends.positions);
    };
    assert!(one.put_right && !one.may_skip_unasked(), "{one:?}");
    assert_eq!((one.skipped, one.doubled), (90, 0));
    let added = &row(&plan, OFFSETS, 0).added;
    let values: Vec<&str> = added
        .iter()
        .filter_map(|one| one.value.as_deref())
        .collect();
    assert_eq!(values, [r#"{"offset":9}"#]);
}

#[test]
fn what_connects_own_heartbeats_and_connectors_of_former_times_say_is_left_alone() {
    let site = site(position_of_foo(2, "former", 99, BEGAN_MS));
    site.all("src.foo-0", &messages(0..5));
    assert_eq!(held(&site), []);
    let key = r#"["source",{"cluster":"src","partition":0,"topic":"heartbeats"}]"#;
    let beat = Rec::new(2, Some(key), Some("{\"offset\":7}"));
    let mut site = self::site(Batch::of(vec![beat]));
    site.topic("src.heartbeats", Class::MirrorState, 1, None);
    site.all("src.heartbeats-0", &messages(0..5));
    assert_eq!(held(&site), []);
}

#[test]
fn a_topic_that_was_made_behind_the_volumes_it_would_lie_on_begins_with_its_first_record() {
    let of_foo = |written_ms| site(position_of_foo(2, "source", 40, written_ms));
    let site = of_foo(BEGAN_MS + 3_000);
    let plan = site.plan(&by_source()).unwrap();
    let [one] = plan.depends.positions.as_slice() else {
        panic!("{:?}", plan.depends.positions);
    };
    assert_eq!((one.committed, one.skipped), (Some(40), 41));
    assert!(
        one.from_first && one.put_right && !one.may_skip(),
        "{one:?}"
    );
    let [added] = row(&plan, OFFSETS, 0).added.as_slice() else {
        panic!("one position is taken away");
    };
    assert!(added.key.contains("foo") && added.value.is_none());

    // That of a topic which somebody deleted a day before.
    let site = of_foo(BEGAN_MS - 86_400_000);
    assert_eq!(held(&site), []);
}

#[test]
fn where_a_connector_does_not_begin_with_the_first_record_no_position_is_taken_away() {
    let mut site = site(position_of_foo(2, "source", 40, BEGAN_MS));
    let late = |site: &mut Site| {
        let connectors = &mut site.cut.quiesce.as_mut().unwrap().connectors;
        connectors[0].begins_late = true;
    };
    late(&mut site);
    let [one] = held(&site).try_into().unwrap();
    assert!(
        !one.from_first && !one.put_right && one.may_skip_unasked(),
        "{one:?}"
    );
    // Nor of one of which nothing is kept.
    let mut site = self::site(position_of_foo(2, "source", 40, BEGAN_MS));
    site.all("src.foo-0", &[]);
    assert!(held(&site)[0].from_first);
    late(&mut site);
    let [one] = held(&site).try_into().unwrap();
    assert!(!one.from_first && one.may_skip_unasked(), "{one:?}");
}

#[test]
fn one_that_is_protected_and_came_when_the_run_had_begun_keeps_a_trim_from_what_it_may_skip() {
    let mut site = site(position_of_foo(2, "source", 99, BEGAN_MS));
    site.cut.settings.exclude = Vec::new();
    site.all("src.foo-0", &messages(0..5));
    let mut asked = by_source();
    asked.exclude = vec!["src.foo".to_owned()];
    let plan = site.plan(&asked).unwrap();
    assert!(plan.depends.positions[0].may_skip(), "{:?}", plan.depends);
}

#[test]
fn what_was_committed_long_before_the_run_is_not_ahead_and_of_a_deleted_topic_nothing_is_said() {
    const BEFORE_MS: u64 = BEGAN_MS - 3_600_000;
    let mut site = site(position_of_foo(2, "source", 99, BEFORE_MS));
    site.all("src.foo-0", &messages(0..5));
    // Its source has it no more.
    assert_eq!(held(&site), []);
    let quiesce = site.cut.quiesce.as_mut().unwrap();
    quiesce.sampled.push(foo());
    let [one] = held(&site).try_into().unwrap();
    let of_others = !one.not_ahead && one.may_skip_unasked();
    assert!(of_others, "other volumes: {one:?}");
    let mut asked = by_source();
    asked.is_of_cut = true;
    let plan = site.plan(&asked).unwrap();
    let [one] = plan.depends.positions.as_slice() else {
        panic!("{:?}", plan.depends.positions);
    };
    assert!(one.not_ahead && !one.is_to_set(), "{one:?}");
    assert!(!one.may_skip_unasked());
}

#[test]
fn where_a_copys_name_is_not_known_no_position_is_taken_away_for_want_of_it() {
    let mut site = site(position_of_foo(2, "source", 40, BEGAN_MS));
    site.cut.settings.exclude = Vec::new();
    let prefix = |site: &mut Site, prefix: Option<&str>| {
        let connectors = &mut site.cut.quiesce.as_mut().unwrap().connectors;
        connectors[0].copy_prefix = prefix.map(str::to_owned);
    };
    prefix(&mut site, Some("src-"));
    let [one] = held(&site).try_into().unwrap();
    assert_eq!(one.mirror.topic, "src-foo");
    assert!(one.from_first && one.put_right, "{one:?}");
    // No connector says it, nor does another copy.
    prefix(&mut site, None);
    for topic in &mut site.cut.rows.topics {
        topic.source = None;
    }
    let all = held(&site);
    let one = all.iter().find(|one| one.source == foo()).unwrap();
    assert!(!one.from_first && one.may_skip(), "{one:?}");
}

#[test]
fn of_a_mirror_that_stood_still_no_position_is_ahead_of_what_it_has() {
    let mut site = site(position_of_foo(2, "source", 9, BEGAN_MS));
    site.all("src.foo-0", &messages(0..5));
    site.cut.hot = None;
    site.cut.drain = site::drained();
    site.cut.point = Some(slackwater_cut::SourcePoint {
        copies: copies(2),
        sweeps: vec![sweep(1000, vec![head(11), head(11)])],
        surplus: vec![Some(0), Some(0)],
        marked_ms: Some(1),
    });
    for (at, end) in [(0, 12), (1, 12), (2, 3)] {
        site.cut.rows.partitions[at].high_watermark = end;
    }
    let mut asked = by_source();
    asked.is_of_cut = true;
    let plan = site.plan(&asked).unwrap();
    let [one] = plan.depends.positions.as_slice() else {
        panic!("{:?}", plan.depends.positions);
    };
    assert!(
        one.not_ahead && !one.may_skip() && !one.is_to_set(),
        "{one:?}"
    );
}
