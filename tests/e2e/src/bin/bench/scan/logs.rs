//! The logs that are read: written by a real broker, for Kafka's Java producer
//! with its defaults.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use slackwater_lab::{Alone, Production, Topic};
use slackwater_logdir::{Locked, Replica, survey};

use crate::{BenchError, failed, say};

/// A topic to write.
struct Wanted {
    name: &'static str,
    codec: &'static str,
    partitions: i32,
    records: u64,
    rate: Option<u32>,
}

/// 1 GB whose batches are as large as a producer makes them, which is what it
/// does when it has a backlog; 100 MB as they are at 8,000 records a second,
/// three in a batch; two compressed ones.
const SETS: [Wanted; 4] = [
    Wanted {
        name: "plain",
        codec: "none",
        partitions: 4,
        records: 5_000_000,
        rate: None,
    },
    Wanted {
        name: "paced",
        codec: "none",
        partitions: 13,
        records: 400_000,
        rate: Some(8_000),
    },
    Wanted {
        name: "lz4",
        codec: "lz4",
        partitions: 2,
        records: 1_500_000,
        rate: None,
    },
    Wanted {
        name: "zstd",
        codec: "zstd",
        partitions: 2,
        records: 1_500_000,
        rate: None,
    },
];

/// Bytes of a record's value.
const VALUE: usize = 200;

/// Different values; more than a batch has records, so that a codec finds what
/// it finds in one batch of real ones: names and shapes, not whole records.
const VALUES: usize = 20_000;

/// A broker's directory, which goes with this.
pub(super) struct Logs {
    pub(super) sets: Vec<Set>,
    alone: Alone,
}

/// The logs of one topic.
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) records: u64,
    pub(super) replicas: Vec<Replica>,
}

impl Logs {
    /// Writes them, stops the broker, and waits until they are on the disk:
    /// nothing else shall go on while they are read.
    pub(super) fn make() -> Result<Self, BenchError> {
        say("starting a broker");
        let alone = Alone::builder("bench-scan").start()?;
        let topics = SETS.map(|wanted| Topic::new(wanted.name, wanted.partitions));
        alone.cluster().admin()?.create_topics(&topics, 1)?;
        alone.cluster().wait_leaders()?;
        let values = alone.run_dir().join("values");
        fs::write(&values, lines()).map_err(failed("write the values"))?;
        for wanted in SETS {
            let (topic, records) = (wanted.name, wanted.records);
            say(&format!(
                "writing {records} records of {VALUE} bytes to {topic}"
            ));
            alone.produce(&Production {
                topic,
                records,
                values: &values,
                codec: wanted.codec,
                rate: wanted.rate,
            })?;
        }
        alone.cluster().stop()?;
        let mut sets = Vec::new();
        for Wanted { name, records, .. } in SETS {
            let replicas: Vec<Replica> = survey(&alone.broker().data_dir(), Locked::Refuse)?
                .into_iter()
                .flat_map(|dir| dir.replicas)
                .filter(|replica| replica.partition.topic == name)
                .collect();
            let set = Set {
                name,
                records,
                replicas,
            };
            for file in set.files() {
                File::open(file)
                    .and_then(|file| file.sync_all())
                    .map_err(failed("flush a log"))?;
            }
            sets.push(set);
        }
        Ok(Self { sets, alone })
    }

    /// A log without a batch: what is left of a run on it is the start of Java.
    pub(super) fn empty(&self) -> Result<PathBuf, BenchError> {
        let path = self.alone.run_dir().join("00000000000000000000.log");
        File::create(&path).map_err(failed("make an empty log"))?;
        Ok(path)
    }
}

impl Set {
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let segments = self.replicas.iter().flat_map(|replica| &replica.segments);
        segments.map(|segment| segment.path.as_path())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.replicas.iter().map(Replica::bytes).sum()
    }

    /// The first partition and its bytes: enough for what takes long.
    pub(super) fn sample(&self) -> (Vec<&Path>, u64) {
        let first = self.replicas.first();
        let segments = first.into_iter().flat_map(|replica| &replica.segments);
        (
            segments.map(|segment| segment.path.as_path()).collect(),
            first.map_or(0, Replica::bytes),
        )
    }
}

/// What an application might send.
fn lines() -> String {
    let mut state = 0x5CA1_u64;
    let mut draw = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut out = String::new();
    for number in 0..VALUES {
        let begin = out.len();
        let _ = write!(
            out,
            "{{\"id\":\"{:08x}{:08x}\",\"user\":{},\"price\":{}.{:02},\"city\":\"{}\",\"text\":\"",
            draw(),
            draw(),
            draw() % 100_000,
            draw() % 1_000,
            draw() % 100,
            ["Kiel", "Brest", "Porto", "Turku", "Split"][number % 5],
        );
        while out.len() - begin < VALUE - 2 {
            let letter = b'a' + (draw() % 26) as u8;
            out.push(if draw() % 6 == 0 { ' ' } else { letter.into() });
        }
        out += "\"}\n";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_size() {
        let lines = lines();
        assert_eq!(lines.lines().count(), VALUES);
        assert!(lines.lines().all(|line| line.len() == VALUE));
    }
}
