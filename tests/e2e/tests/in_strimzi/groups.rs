//! Groups of the source's consumers, whose offsets MirrorMaker translates: none is set past
//! the end of a mirror that was restored, though the source still has the offset syncs of what
//! came after its backup.

use crate::found::tool;
use crate::place::Place;

/// Reads a topic of a Kafka as this group until nothing comes for so many seconds, and
/// commits each moment how far it is. Nobody waits for it.
pub(crate) fn read_as(place: &Place, (kafka, topic): (&str, &str), group: &str, idle_s: u32) {
    let args = format!(
        "--topic {topic} --group {group} --timeout-ms {idle_s}000 \
         --consumer-property auto.commit.interval.ms=100 \
         --consumer-property auto.offset.reset=earliest"
    );
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let line = tool(kafka, "kafka-console-consumer.sh", class, &args);
    let line = format!("({line}) >/dev/null 2>&1 &");
    let words = ["sh", "-c", &line];
    place.exec("source-single-0", "kafka", &words).unwrap();
}

mod needs_root {
    mod takes_long {
        use std::thread;
        use std::time::Duration;

        use super::super::read_as;
        use crate::found::tool;
        use crate::place::{Place, mirror, turn};

        const GROUP: &str = "reader";

        /// Offset and end of each partition of it on the mirror, as Kafka's own tool has
        /// them; `None` while its brokers do not answer.
        fn on_mirror(place: &Place) -> Option<Vec<(u64, u64)>> {
            let args = format!("--describe --group {GROUP} --timeout 4000");
            let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
            let line = tool("mirror", "kafka-consumer-groups.sh", class, &args);
            let said = place.exec("source-single-0", "kafka", &["sh", "-c", &line]);
            let said = said.ok()?;
            let rows = said.lines().filter_map(|line| {
                let mut words = line.split_whitespace();
                let topic = words.nth(1)?;
                let (offset, end) = (words.nth(1)?.parse().ok()?, words.next()?.parse().ok()?);
                (topic == "source.items").then_some((offset, end))
            });
            let rows: Vec<(u64, u64)> = rows.collect();
            (!rows.is_empty()).then_some(rows)
        }

        /// How many records it is past in all, never past the end of a partition; `None`
        /// while its brokers do not answer.
        fn is_at(place: &Place) -> Option<u64> {
            let rows = on_mirror(place)?;
            for (offset, end) in &rows {
                assert!(offset <= end, "the group is at {offset} of {end}");
            }
            Some(rows.iter().map(|row| row.0).sum())
        }

        fn is_past(place: &Place, records: u64) -> bool {
            is_at(place).is_some_and(|at| at > records)
        }

        #[test]
        fn groups_of_the_source_are_never_past_the_end_of_a_restored_mirror() {
            let mut place = turn();
            place.produce(400);
            read_as(&place, ("source", "items"), GROUP, 180);
            place.within(3, "the group to be on the mirror", || is_past(&place, 0));
            let run = place.backup();
            let cut = place.cut(&run);
            let rows = cut.rows.partitions.iter();
            let rows = rows.filter(|row| cut.rows.topic(row).name == "source.items");
            let held: u64 = rows.map(|row| row.high_watermark).sum();
            place.produce(3_000);
            place.must_be_equal();
            place.within(3, "the group to be past the cut", || is_past(&place, held));

            let args = ["restore", &run, "--kafka", &mirror()];
            let pod = place.begin("slackwater-restore", &args);
            let phase = ["get", "pod", &pod, "-o", "jsonpath={.status.phase}"];
            let mut seen = 0;
            let ended = loop {
                // Its brokers are back, and what they have of the group is the cut's.
                seen += u32::from(is_at(&place).is_some_and(|at| at <= held));
                let phase = place.own(&phase).unwrap();
                if !["Pending", "Running"].contains(&phase.trim()) {
                    break phase;
                }
                thread::sleep(Duration::from_secs(1));
            };
            println!("{}\n{seen} times looked at", place.said(&pod));
            assert_eq!(ended.trim(), "Succeeded");
            assert!(seen > 0, "no broker answered before the restore had ended");
            place.must_be_equal();
            // And MirrorMaker goes on with it.
            place.within(3, "the group to go on", || is_past(&place, held));
        }
    }
}
