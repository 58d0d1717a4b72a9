//! Events on a real API server, as kubectl shows them.

use slackwater_kubernetes::{About, Events, MOST_NOTE, Makers, Reason};

use crate::common::{account, mirror, namespace, plane, server};

const ALL: [Reason; 7] = [
    Reason::Quiesced,
    Reason::Drained,
    Reason::Cut,
    Reason::Resumed,
    Reason::Voided,
    Reason::Refuted,
    Reason::Proven,
];

#[test]
fn kubectl_describe_tells_what_became_of_a_run_and_each_thing_once() {
    let space = namespace("events");
    mirror(&space);
    let makers = Makers::discover(server()).unwrap();
    let kafka = makers.kafka(&space, "mirror").unwrap();
    let events = Events::new(server(), makers.version(), "run-1".parse().unwrap());
    for reason in ALL {
        for _ in 0..2 {
            events
                .tell(About::Kafka(&kafka.meta), reason, "in these words")
                .unwrap();
        }
    }
    let long = "ä".repeat(2 * MOST_NOTE);
    let other = Events::new(server(), makers.version(), "run-2".parse().unwrap());
    other
        .tell(About::Kafka(&kafka.meta), Reason::Voided, &long)
        .unwrap();

    let said = plane()
        .kubectl(&["describe", "kafka", "mirror", "-n", &space])
        .unwrap();
    for reason in ALL {
        let line = said.lines().filter(|line| line.contains(reason.word()));
        let expected = if reason == Reason::Voided { 2 } else { 1 };
        assert_eq!(line.count(), expected, "{said}");
    }
    assert!(
        said.contains("slackwater.io/slackwater") && said.contains("in these words"),
        "{said}"
    );
    let warnings = said
        .lines()
        .filter(|line| line.trim_start().starts_with("Warning "));
    assert_eq!(warnings.count(), 3, "{said}");
}

#[test]
fn who_may_not_tell_is_told_so_in_one_line() {
    let space = namespace("mute");
    mirror(&space);
    let makers = Makers::discover(server()).unwrap();
    let kafka = makers.kafka(&space, "mirror").unwrap();
    let server = account(&space, "mute", "", &["events"], &["get"]);
    let events = Events::new(server, makers.version(), "run-1".parse().unwrap());
    let told = events.tell(About::Kafka(&kafka.meta), Reason::Cut, "words");
    let error = told.unwrap_err().to_string();
    assert!(error.starts_with("may not create events mute/"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}
