//! What the brokers of a mirror give to who reads them, in any namespace: by Kafka's own
//! tools, run in a pod of the source.

use std::collections::BTreeMap;

use crate::place::Place;

/// What one of Kafka's own tools prints of the mirror in that namespace.
fn tool(place: &Place, space: &str, script: &str, class: &str, args: &str) -> String {
    let line = slackwater_stand_ins::tool("mirror", script, class, args);
    let here = "mirror-kafka-bootstrap:9092";
    let there = format!("mirror-kafka-bootstrap.{space}.svc:9092");
    let line = line.replace(here, &there);
    let said = place.exec("source-single-0", "kafka", &["sh", "-c", &line]);
    said.unwrap()
}

/// Where each partition of the mirrored topic ends there.
pub(crate) fn ends(place: &Place, space: &str) -> BTreeMap<String, u64> {
    offsets(place, space, "latest")
}

fn offsets(place: &Place, space: &str, time: &str) -> BTreeMap<String, u64> {
    let class = "org.apache.kafka.tools.GetOffsetShell";
    let args = format!("--topic source.items --time {time}");
    let said = tool(place, space, "kafka-get-offsets.sh", class, &args);
    let each = said.lines().filter_map(|line| line.rsplit_once(':'));
    let ends: BTreeMap<String, u64> = each
        .filter_map(|(partition, end)| Some((partition.to_owned(), end.parse().ok()?)))
        .collect();
    assert_eq!(ends.len(), 4, "{said}");
    ends
}

/// Every record below these ends: offset, timestamp, key and value.
pub(crate) fn records(place: &Place, space: &str, ends: &BTreeMap<String, u64>) -> Vec<String> {
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let each = ends.iter().filter(|(_, end)| **end > 0);
    let each = each.map(|(of, end)| {
        let (topic, partition) = of.rsplit_once(':').unwrap();
        let args = format!(
            "--topic {topic} --partition {partition} --offset earliest --max-messages \
             {end} --timeout-ms 30000 --formatter-property print.offset=true \
             --formatter-property print.timestamp=true --formatter-property \
             print.key=true"
        );
        let said = tool(place, space, "kafka-console-consumer.sh", class, &args);
        // The tool logs on the same output.
        let lines = said.lines().filter(|line| line.contains("Offset:"));
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines.len() as u64, *end, "{of} in {space}: {said}");
        lines.join("\n")
    });
    each.collect()
}
