//! What the sources are given.

use serde_json::{Value, json};

use crate::found::tool;
use crate::place::Place;

impl Place {
    /// Produces so many records to each source.
    pub(crate) fn produce(&self, records: usize) {
        for (source, topic) in crate::SHAPE.sources() {
            self.kafka_tool(
                source,
                "kafka-verifiable-producer.sh",
                "org.apache.kafka.tools.VerifiableProducer",
                &format!("--topic {topic} --max-messages {records}"),
            );
        }
    }

    /// Produces to the source for so many seconds, so many records a second, while
    /// nobody waits for it.
    pub(crate) fn load(&self, seconds: usize, rate: usize) {
        let args = format!(
            "--topic items --throughput {rate} --max-messages {}",
            seconds * rate
        );
        let line = tool(
            "source",
            "kafka-verifiable-producer.sh",
            "org.apache.kafka.tools.VerifiableProducer",
            &args,
        );
        let line = format!("({line}) >/dev/null 2>&1 &");
        self.exec("source-single-0", "kafka", &["sh", "-c", &line])
            .unwrap();
    }

    /// Produces `Msg[1]` and so on to the source, all but one, a hundred a second over all
    /// partitions, while nobody waits for it.
    pub(crate) fn number(&self, messages: usize, but: usize) {
        let producer = tool(
            "source",
            "kafka-console-producer.sh",
            "org.apache.kafka.tools.ConsoleProducer",
            "--topic items --property parse.key=true --property key.separator=:",
        );
        let each = "[ $i -eq $but ] || echo \"$i:Msg[$i]\"; [ $((i % 10)) -ne 0 ] || sleep 0.1";
        let line =
            format!("(i=0; but={but}; while [ $i -lt {messages} ]; do i=$((i + 1)); {each}; done");
        let line = format!("{line} | {{ {producer}; }}) >/dev/null 2>&1 &");
        self.exec("source-single-0", "kafka", &["sh", "-c", &line])
            .unwrap();
    }

    /// Which topics of the source are copied. MirrorMaker looks for them when it is started,
    /// which this does, and then each ten minutes.
    pub(crate) fn copied(&self, pattern: &str) {
        let path = "/spec/mirrors/0/topicsPattern";
        let ops = json!([{"op": "replace", "path": path, "value": pattern}]);
        let patch = ["patch", "kafkamirrormaker2", "feeder", "--type=json", "-p"];
        self.space(&[&patch[..], &[&ops.to_string()]].concat())
            .unwrap();
    }

    /// Has the source delete all that it has.
    pub(crate) fn delete_records(&self) {
        self.delete_before(&[0, 1, 2, 3].map(|number| ("items", number, -1)));
    }

    /// Has the source delete what lies before an offset of partitions; all before -1.
    pub(crate) fn delete_before(&self, of: &[(&str, u32, i64)]) {
        let each = of.iter().map(|(topic, number, before)| {
            json!({"topic": topic, "partition": number, "offset": before})
        });
        let wanted = json!({"version": 1, "partitions": each.collect::<Vec<Value>>()});
        let write = format!("echo '{wanted}' >/tmp/wanted.json");
        self.exec("source-single-0", "kafka", &["sh", "-c", &write])
            .unwrap();
        self.kafka_tool(
            "source",
            "kafka-delete-records.sh",
            "org.apache.kafka.tools.DeleteRecordsCommand",
            "--offset-json-file /tmp/wanted.json",
        );
    }
}
