//! The figures, as a table and as JSON. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::many::Many;
use crate::stats::cores;

/// All that was measured.
pub(crate) struct Report {
    pub(super) sets: Vec<Figures>,
    /// `kafka-dump-log` on a log without a batch.
    pub(super) kafka_start: Duration,
    pub(super) many: Many,
}

/// Of one set of logs.
pub(super) struct Figures {
    pub(super) set: &'static str,
    pub(super) bytes: u64,
    /// Of these, those of which `kafka-dump-log` read every record.
    pub(super) sampled: u64,
    pub(super) records: u64,
    pub(super) batches: u64,
    pub(super) shallow: Measured,
    pub(super) deep: Measured,
    pub(super) cat: Measured,
    pub(super) kafka: Measured,
    pub(super) kafka_deep: Measured,
}

/// Megabytes (10^6 bytes) of log a second, the slowest run first.
pub(super) struct Measured(Vec<f64>);

impl Measured {
    /// Runs over so many bytes; there is one at least.
    pub(super) fn of(bytes: u64, runs: &[Duration]) -> Self {
        let mut rates: Vec<f64> = runs
            .iter()
            .map(|run| bytes as f64 / 1e6 / run.as_secs_f64())
            .collect();
        rates.sort_by(f64::total_cmp);
        Self(rates)
    }

    fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    fn range(&self) -> (f64, f64) {
        (self.0[0], self.0[self.0.len() - 1])
    }
}

impl Report {
    /// Medians. Those of the uncompressed set have no prefix, the others have
    /// their names.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        for figures in &self.sets {
            let prefix = match figures.set {
                "plain" => String::new(),
                name => format!("{name}_"),
            };
            let ours = match figures.set {
                "plain" => "slackwater_mb_s",
                _ => "mb_s",
            };
            let ratio = |one: &Measured, other: &Measured| one.median() / other.median();
            for (name, value) in [
                (ours, figures.shallow.median()),
                ("deep_mb_s", figures.deep.median()),
                ("cat_mb_s", figures.cat.median()),
                ("kafka_dump_log_mb_s", figures.kafka.median()),
                ("kafka_dump_log_deep_mb_s", figures.kafka_deep.median()),
                (
                    "times_kafka_dump_log",
                    ratio(&figures.shallow, &figures.kafka),
                ),
                (
                    "times_kafka_dump_log_deep",
                    ratio(&figures.deep, &figures.kafka_deep),
                ),
                ("times_cat", ratio(&figures.shallow, &figures.cat)),
                ("log_mb", figures.bytes as f64 / 1e6),
                ("batch_bytes", figures.bytes as f64 / figures.batches as f64),
                ("kafka_dump_log_deep_read_mb", figures.sampled as f64 / 1e6),
            ] {
                object.insert(format!("{prefix}{name}"), round(value));
            }
        }
        object.insert(
            "kafka_dump_log_start_s".into(),
            round(self.kafka_start.as_secs_f64()),
        );
        object.insert("cores".into(), json!(cores()));
        let many = &self.many;
        object.insert("small_partitions".into(), json!(many.partitions));
        object.insert("small_partitions_s".into(), round(many.took.as_secs_f64()));
        object.insert("small_partitions_peak_mib".into(), round(many.peak_mib));
        Value::Object(object)
    }

    /// For a person.
    pub(crate) fn table(&self) -> String {
        let mut out = format!(
            "megabytes of log a second, in the page cache, {} cores: the median (slowest to fastest)\n\
             kafka-dump-log's times hold the start of Java, {:.1} s\n",
            cores(),
            self.kafka_start.as_secs_f64()
        );
        for figures in &self.sets {
            let _ = writeln!(
                out,
                "\n{}: {} records in {} batches, {:.0} MB, of which kafka-dump-log read {:.0} MB deep",
                figures.set,
                figures.records,
                figures.batches,
                figures.bytes as f64 / 1e6,
                figures.sampled as f64 / 1e6
            );
            for (name, measured) in [
                ("slackwater, headers and checksums", &figures.shallow),
                ("kafka-dump-log", &figures.kafka),
                ("cat to /dev/null", &figures.cat),
                ("slackwater, every record", &figures.deep),
                ("kafka-dump-log --deep-iteration", &figures.kafka_deep),
            ] {
                let (slowest, fastest) = measured.range();
                let _ = writeln!(
                    out,
                    "  {name:<34} {:>8.1}  ({slowest:.1} to {fastest:.1})",
                    measured.median()
                );
            }
            let times = |one: &Measured, other: &Measured| one.median() / other.median();
            let _ = writeln!(
                out,
                "  {:.1} times kafka-dump-log, {:.2} times cat; deep {:.1} times kafka-dump-log's",
                times(&figures.shallow, &figures.kafka),
                times(&figures.shallow, &figures.cat),
                times(&figures.deep, &figures.kafka_deep)
            );
        }
        let many = &self.many;
        let _ = writeln!(
            out,
            "\n{} small partitions, every record: {:.2} s, {:.0} MiB at most",
            many.partitions,
            many.took.as_secs_f64(),
            many.peak_mib
        );
        out
    }
}

/// To a hundredth: the rest is noise.
fn round(value: f64) -> Value {
    json!((value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_its_rates_its_ratios_and_its_name() {
        let seconds = |all: &[u64]| -> Vec<Duration> {
            all.iter().map(|s| Duration::from_secs(*s)).collect()
        };
        let figures = |set| Figures {
            set,
            bytes: 10_000_000,
            sampled: 1_000_000,
            records: 7,
            batches: 2,
            shallow: Measured::of(10_000_000, &seconds(&[1, 5, 2])),
            deep: Measured::of(10_000_000, &seconds(&[10])),
            cat: Measured::of(10_000_000, &seconds(&[4])),
            kafka: Measured::of(10_000_000, &seconds(&[100])),
            kafka_deep: Measured::of(1_000_000, &seconds(&[20])),
        };
        let report = Report {
            sets: vec![figures("plain"), figures("zstd")],
            kafka_start: Duration::from_secs(1),
            many: Many {
                partitions: 3,
                took: Duration::from_secs(2),
                peak_mib: 4.0,
            },
        };
        let json = report.json();
        assert_eq!(json["slackwater_mb_s"], 5.0);
        assert_eq!(json["times_kafka_dump_log"], 50.0);
        assert_eq!(json["times_cat"], 2.0);
        assert_eq!(json["times_kafka_dump_log_deep"], 20.0);
        assert_eq!(json["zstd_mb_s"], 5.0);
        assert_eq!(json["small_partitions_peak_mib"], 4.0);
        assert!(report.table().contains("(2.0 to 10.0)"));
        assert!(report.table().contains("3 small partitions"));
    }
}
