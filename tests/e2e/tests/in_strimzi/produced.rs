//! What the sources are given.

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
}
