//! Brokers that are rolled: the operator restarts them one after another when what they
//! take at their start alone is changed. Not in the middle of a backup; and none begins
//! in the middle of that.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::place::Place;

/// When a broker first looks for what retention deletes: it takes that when it starts.
pub(crate) const DELAY: &str = "log.initial.task.delay.ms";

/// Of all brokers, one after another.
const ROLLED: &str = "--timeout=600s";

/// Says so in the mirror's configuration; without a value it is taken away.
pub(crate) fn set_delay(place: &Place, delay: Option<u64>) {
    let change = json!({"spec": {"kafka": {"config": {DELAY: delay}}}}).to_string();
    let patch = ["patch", "kafka", "mirror", "--type=merge", "-p", &change];
    place.space(&patch).unwrap();
}

/// Waits until the operator has done what the Kafka says.
pub(crate) fn await_rolled(place: &Place) {
    let generation = &place.object("kafka/mirror")["metadata"]["generation"];
    let seen = format!("--for=jsonpath={{.status.observedGeneration}}={generation}");
    for what in [seen.as_str(), "--for=condition=Ready"] {
        place
            .space(&["wait", what, "kafka/mirror", ROLLED])
            .unwrap();
    }
}

/// The brokers' pods, and which ones they are.
pub(crate) fn brokers(place: &Place) -> BTreeMap<String, String> {
    let labels = "pods -l strimzi.io/cluster=mirror,strimzi.io/kind=Kafka -o json";
    let words: Vec<&str> = std::iter::once("get").chain(labels.split(' ')).collect();
    let all: Value = serde_json::from_str(&place.space(&words).unwrap()).unwrap();
    let each = all["items"].as_array().unwrap().iter();
    let text = |pod: &Value, key: &str| pod["metadata"][key].as_str().unwrap().to_owned();
    each.map(|pod| (text(pod, "name"), text(pod, "uid")))
        .collect()
}

/// Whether none of them is as it was.
pub(crate) fn are_all_others(
    now: &BTreeMap<String, String>,
    before: &BTreeMap<String, String>,
) -> bool {
    let mut each = before.iter();
    now.len() == before.len() && each.all(|(name, uid)| now.get(name).is_some_and(|now| now != uid))
}

mod needs_root {
    mod takes_long {
        use std::thread;
        use std::time::Duration;

        use super::super::{are_all_others, await_rolled, brokers, set_delay};
        use crate::place::{mirror, turn};

        /// An operator that was not told to wait has restarted a broker by then.
        const SHOWS: Duration = Duration::from_secs(10);

        #[test]
        fn no_broker_is_rolled_in_the_middle_of_a_backup_and_all_are_after_it() {
            let mut place = turn();
            place.produce(50);
            let feeder = place.feeder();
            let before = brokers(&place);
            let kafka = mirror();
            let ran = place.task(&["phase", "quiesceMirror", "--kafka", &kafka]);
            let run = ran.expect(0).output("runId");
            set_delay(&place, Some(31_000));
            let of = ["--run", &run, "--kafka", &kafka];
            for name in ["awaitDrain", "snapshotPartitions"] {
                place.task(&[&["phase", name], &of[..]].concat()).expect(0);
            }
            thread::sleep(SHOWS);
            assert_eq!(brokers(&place), before);
            let closed = place.task(&[&["phase", "validateHead"], &of[..]].concat());
            println!("{}", closed.expect(0).said);
            place.must_be_let_go(&feeder);
            await_rolled(&place);
            let after = brokers(&place);
            assert!(are_all_others(&after, &before), "{before:?} {after:?}");
            place.must_be_equal();
        }

        #[test]
        fn a_backup_waits_until_brokers_that_are_rolled_are_all_another() {
            let mut place = turn();
            place.produce(50);
            let before = brokers(&place);
            set_delay(&place, Some(32_000));
            place.within(5, "the first broker to be restarted", || {
                let now = brokers(&place);
                before.iter().any(|(name, uid)| now.get(name) != Some(uid))
            });
            place.backup();
            // Those that it began with, since none was rolled in its middle.
            let after = brokers(&place);
            assert!(are_all_others(&after, &before), "{before:?} {after:?}");
            set_delay(&place, None);
            await_rolled(&place);
            place.must_be_equal();
        }
    }
}
