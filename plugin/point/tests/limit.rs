//! How much may go before the plan is refused, and what it names then.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use slackwater_point::{MaxJettison, Point, Refused, Since, TookPart, by_timestamp, within_limit};
use world::{Entry, Model, read};

fn plain(timestamps: impl IntoIterator<Item = i64>) -> Model {
    let data = |at| Entry::Data {
        at,
        transaction: None,
    };
    Model {
        entries: timestamps.into_iter().map(data).collect(),
        ordered: true,
        complete_ms: None,
    }
}

fn limited(models: &[Model], max: MaxJettison) -> Result<u64, Refused> {
    let logs = read(models);
    let point = by_timestamp(&logs, &TookPart::default(), 0).unwrap();
    within_limit(&logs, &point, Since::Point(point.at), max, |_| false)?;
    let lost = logs.iter().zip(&point.cuts).map(|(log, cut)| log.end - cut);
    Ok(lost.sum())
}

#[test]
fn one_record_stamped_0_is_refused_and_named_by_topic_offset_and_timestamp() {
    let mut models = [
        plain((0..200).map(|at| 1_000_000 + at * 1000)),
        plain((0..200).map(|at| 1_000_000 + at * 1000)),
    ];
    models[1].entries[150] = Entry::Data {
        at: 0,
        transaction: None,
    };
    models[1].entries[149] = Entry::Data {
        at: 9_000_000,
        transaction: None,
    };
    let refused = limited(&models, MaxJettison::default()).unwrap_err();
    let Refused::TooMuch {
        topic,
        partition,
        offset,
        timestamp_ms,
        is_end,
        ..
    } = &refused
    else {
        panic!("{refused}");
    };
    assert_eq!(
        (topic.as_str(), partition.partition, *offset),
        ("t", 1, 150)
    );
    assert_eq!((*timestamp_ms, *is_end), (Some(0), false));
    let line = refused.to_string();
    assert!(
        line.contains("the record at offset 150 of t-1, stamped 0 ms, pulls it back"),
        "{line}"
    );
}

#[test]
fn a_topic_may_lose_its_last_minute_or_one_percent_where_that_is_more() {
    let second = |at: i64| 1_000_000 + at * 1000;
    // Half of the records, and forty seconds.
    let models = [plain((0..80).map(second)), plain((0..40).map(second))];
    assert_eq!(limited(&models, MaxJettison::default()), Ok(40));
    // Ninety seconds, and more than one percent.
    let models = [plain((0..180).map(second)), plain((0..90).map(second))];
    let refused = limited(&models, MaxJettison::default()).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("the log's end at offset 90 of t-1"),
        "{refused}"
    );
    let more = MaxJettison {
        ms: 60_000,
        percent: 40,
    };
    assert_eq!(limited(&models, more), Ok(90));
}

#[test]
fn where_nothing_goes_nothing_is_refused() {
    let models = [plain([5]), plain([5])];
    assert_eq!(limited(&models, MaxJettison { ms: 0, percent: 0 }), Ok(0));
}

#[test]
fn where_the_order_is_no_time_what_goes_is_measured_by_its_own_timestamps() {
    let logs = read(&[plain(0..200), plain(0..200)]);
    let mut point = by_timestamp(&logs, &TookPart::default(), 0).unwrap();
    point.cuts = vec![200, 150];
    point.pull = Some(slackwater_point::Pull {
        log: 1,
        offset: 150,
        at: Some(77),
        is_end: false,
    });
    let limited = |since: i64, ms| {
        let earliest = [None, Some(since)];
        let since = Since::Records {
            earliest: &earliest,
            pull_ms: Some(4711),
        };
        within_limit(&logs, &point, since, MaxJettison { ms, percent: 1 }, |_| {
            false
        })
    };
    assert_eq!(limited(150, 49), Ok(()));
    let refused = limited(149, 49).unwrap_err().to_string();
    assert!(
        refused.contains("50 of 400 records of t,")
            && refused.contains("the record at offset 150 of t-1, stamped 4711 ms, pulls it back"),
        "{refused}"
    );
}

#[test]
fn what_pulls_the_point_back_from_a_topic_in_no_order_is_not_to_be_left_out_of_it() {
    let mut beside = plain(0..200);
    beside.ordered = false;
    let mut logs = read(&[plain(0..200), beside]);
    logs[1].partition.topic = "beside".to_owned();
    let mut point = by_timestamp(&logs, &TookPart::default(), 0).unwrap();
    point.cuts = vec![100, 199];
    let mut refused = |log: usize| {
        point.pull = Some(slackwater_point::Pull {
            log,
            offset: 99,
            at: None,
            is_end: false,
        });
        let max = MaxJettison { ms: 0, percent: 1 };
        let refused = within_limit(&logs, &point, Since::Point(0), max, |_| false);
        refused.unwrap_err().to_string()
    };
    assert!(refused(0).ends_with("leave its topic out with --exclude-order if it says nothing"));
    let said = refused(1);
    assert!(
        said.ends_with("has records in it: allow more by --max-jettison"),
        "{said}"
    );
}

#[test]
fn a_topic_in_no_order_may_lose_its_share_of_offsets_whatever_their_time() {
    let mut beside = plain(0..200);
    beside.ordered = false;
    let mut logs = read(&[plain(0..200), beside]);
    logs[1].partition.topic = "beside".to_owned();
    let mut point = by_timestamp(&logs, &TookPart::default(), 0).unwrap();
    point.cuts = vec![200, 190];
    let limited = |percent, held: &str| {
        let (since, max) = (
            Since::Point(point.at),
            MaxJettison {
                ms: 60_000,
                percent,
            },
        );
        within_limit(&logs, &point, since, max, |topic| topic == held)
    };
    assert_eq!(limited(1, "another"), Ok(()));
    assert_eq!(limited(5, "beside"), Ok(()));
    let refused = limited(4, "beside").unwrap_err().to_string();
    assert!(
        refused.starts_with(
            "transactions that can't be kept whole would take 10 of 200 offsets of beside"
        ),
        "{refused}"
    );
}

#[test]
fn where_nothing_pulls_the_point_back_the_partition_that_loses_most_by_it_is_named() {
    let logs = read(&[
        plain((0..200).map(|at| 1_000_000 + at * 1000)),
        plain((0..200).map(|at| 1_000_000 + at * 1000)),
    ]);
    let point = Point {
        cuts: vec![190, 100],
        at: 0,
        pull: None,
    };
    let since = Since::Records {
        earliest: &[Some(1_190_000), Some(1_100_000)],
        pull_ms: None,
    };
    let refused = within_limit(&logs, &point, since, MaxJettison::default(), |_| false);
    let line = refused.unwrap_err().to_string();
    assert_eq!(
        line,
        "the point would take 110 of 400 records of t, more than --max-jettison allows: it lies at \
         offset 100 of t-1, which ends at 200, and no one record pulls it back; back up again when the \
         mirror has caught up, or allow more where that may go"
    );
}
