//! Groups of the source's consumers, whose offsets MirrorMaker translates: none is set past
//! the end of a mirror that was restored, though the source still has the offset syncs of what
//! came after its backup.

mod needs_root {
    mod takes_long {
        use std::thread;
        use std::time::Duration;

        use crate::found::tool;
        use crate::place::{Place, mirror, turn};

        const GROUP: &str = "reader";

        /// A consumer of the source reads on, and commits each moment how far it is.
        fn read_source(place: &Place) {
            let args = format!(
                "--topic items --group {GROUP} --timeout-ms 180000 \
                 --consumer-property auto.commit.interval.ms=500 \
                 --consumer-property auto.offset.reset=earliest"
            );
            let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
            let line = tool("source", "kafka-console-consumer.sh", class, &args);
            let line = format!("({line}) >/dev/null 2>&1 &");
            let words = ["sh", "-c", &line];
            place.exec("source-single-0", "kafka", &words).unwrap();
        }

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

        /// Whether it is further than so many records; never past the end of a partition.
        fn is_past(place: &Place, records: u64) -> bool {
            let rows = on_mirror(place).unwrap_or_default();
            for (offset, end) in &rows {
                assert!(offset <= end, "the group is at {offset} of {end}");
            }
            rows.iter().map(|row| row.0).sum::<u64>() > records
        }

        #[test]
        fn groups_of_the_source_are_never_past_the_end_of_a_restored_mirror() {
            let mut place = turn();
            place.produce(400);
            read_source(&place);
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
                seen += u32::from(!is_past(&place, held) && on_mirror(&place).is_some());
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
