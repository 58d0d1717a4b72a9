//! What transactions may take of topics that are in no order.

use crate::log::{Batch, commit};
use crate::site::{Site, messages, row};
use crate::world::options;
use slackwater_cut::Class;
use slackwater_point::{MaxJettison, Plan, Refused, Why};
use slackwater_trim::{PlanOptions, TrimError};

/// A transaction wrote into `topic`, too, and lacks its end in the one that is in the order.
fn planned(topic: &str, class: Class, percent: u64, leave_out: bool) -> Result<Plan, TrimError> {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.topic(topic, class, 1, None);
    let data = |at: u64| -> Batch { messages(0..9)[at as usize].clone().in_transaction(5) };
    site.all("src.t-0", &[data(0)]);
    let beside = [messages(0..4), vec![data(4), commit(5, 5)]].concat();
    site.all(&format!("{topic}-0"), &beside);
    let exclude = leave_out.then(|| topic.to_owned());
    let ms = 60_000;
    let asked = PlanOptions {
        max: MaxJettison { ms, percent },
        exclude: exclude.into_iter().collect(),
        ..options(0)
    };
    site.plan(&asked)
}

#[test]
fn of_an_own_topic_and_of_one_that_is_left_out_transactions_take_no_more_than_its_share() {
    for (topic, class, leave_out) in [
        ("own", Class::Own, false),
        ("src.other", Class::Mirrored, true),
    ] {
        let refused = planned(topic, class, 1, leave_out).unwrap_err();
        let is_named = matches!(
            &refused,
            TrimError::Refused(Refused::TooMuchBeside { topic: name, lost: 2, of: 6 }) if name == topic
        );
        assert!(is_named, "{refused}");
        assert!(refused.to_string().contains("--max-jettison"), "{refused}");
        let plan = planned(topic, class, 34, leave_out).unwrap();
        let row = row(&plan, topic, 0);
        assert_eq!((row.cut, row.why), (4, Why::Transaction));
        assert_eq!(row.jettisoned_records, None);
    }
}

#[test]
fn one_that_is_left_out_by_a_name_that_no_topic_has_is_refused_and_named() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.all("src.t-0", &messages(0..4));
    let asked = |topic: &str| PlanOptions {
        exclude: vec![topic.to_owned()],
        ..options(0)
    };
    let refused = site.plan(&asked("src.T")).unwrap_err();
    assert!(
        matches!(&refused, TrimError::NoTopic { topic } if topic == "src.T"),
        "{refused}"
    );
    // That it leaves nothing to order is another matter.
    let refused = site.plan(&asked("src.t")).unwrap_err();
    assert!(
        matches!(refused, TrimError::Refused(Refused::Nothing)),
        "{refused}"
    );
}

#[test]
fn of_kafkas_own_topics_and_of_connects_they_take_what_they_must() {
    for (topic, class, leave_out) in [
        ("__consumer_offsets", Class::Own, false),
        ("connect-offsets", Class::MirrorState, false),
        ("connect-offsets", Class::MirrorState, true),
    ] {
        let plan = planned(topic, class, 1, leave_out).unwrap();
        assert_eq!(row(&plan, topic, 0).cut, 4, "{topic}");
    }
}
