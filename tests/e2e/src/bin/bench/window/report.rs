//! The figures, as a table and as JSON. Pure.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::ours::Ours;
use super::peer::Peer;
use super::stage::Produced;
use super::steps::{Steps, in_words};
use crate::stats::{cores, percentile};

/// All that was measured: at least one run of each side.
#[derive(Default)]
pub(crate) struct Report {
    pub(super) ours: Vec<Ours>,
    pub(super) peers: Vec<Peer>,
    /// Runs of kafka-kasten's steps in which a process had to be killed.
    pub(super) not_counted: u32,
    pub(super) produced: Produced,
}

/// Milliseconds of several runs, the shortest first.
struct Times(Vec<u64>);

impl Times {
    fn of<T>(runs: &[T], ms: impl Fn(&T) -> u64) -> Self {
        let mut times: Vec<u64> = runs.iter().map(ms).collect();
        times.sort_unstable();
        Self(times)
    }

    fn median(&self) -> u64 {
        percentile(&self.0, 50)
    }

    fn p95(&self) -> u64 {
        percentile(&self.0, 95)
    }
}

/// A line of the table, and its names in the JSON object.
struct Row {
    key: &'static str,
    words: &'static str,
    times: Times,
}

impl Report {
    fn rows(&self) -> [Row; 6] {
        let (ours, peers) = (&self.ours, &self.peers);
        let row = |key, words, times| Row { key, words, times };
        let without_copy = |one: &Peer| one.window_ms.saturating_sub(one.clone_ms);
        [
            row(
                "slackwater",
                "slackwater backup",
                Times::of(ours, |one| one.window_ms),
            ),
            row(
                "slackwater_cut",
                "  as its cut says",
                Times::of(ours, |one| one.cut_ms),
            ),
            row(
                "slackwater_silent",
                "  in which nothing arrived",
                Times::of(ours, |one| one.silent_ms),
            ),
            row(
                "kafka_kasten",
                "kafka-kasten's steps",
                Times::of(peers, |one| one.window_ms),
            ),
            row(
                "kafka_kasten_without_copy",
                "  without the clone",
                Times::of(peers, without_copy),
            ),
            row(
                "kafka_kasten_silent",
                "  in which nothing arrived",
                Times::of(peers, |one| one.silent_ms),
            ),
        ]
    }

    /// How many times shorter our median is; without the other side's clone.
    fn times_shorter(&self) -> f64 {
        let [ours, _, _, _, without_copy, _] = self.rows();
        without_copy.times.median() as f64 / ours.times.median().max(1) as f64
    }

    fn profiles(&self) -> [(&'static str, Vec<(&'static str, u64)>); 2] {
        let ours: Vec<&Steps> = self.ours.iter().map(|one| &one.steps).collect();
        let peers: Vec<&Steps> = self.peers.iter().map(|one| &one.steps).collect();
        [
            ("profile", medians(&ours)),
            ("kafka_kasten_profile", medians(&peers)),
        ]
    }

    /// Medians, 95th percentiles, and what they are of.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        for row in self.rows() {
            object.insert(format!("{}_ms", row.key), json!(row.times.median()));
            object.insert(format!("{}_p95_ms", row.key), json!(row.times.p95()));
        }
        let shorter = (self.times_shorter() * 10.0).round() / 10.0;
        object.insert("times_shorter".into(), json!(shorter));
        for (name, steps) in self.profiles() {
            let steps: Map<String, Value> = steps
                .into_iter()
                .map(|(step, ms)| (format!("{step}_ms"), json!(ms)))
                .collect();
            object.insert(name.into(), Value::Object(steps));
        }
        let ours: Vec<u64> = self.ours.iter().map(|one| one.window_ms).collect();
        let peers: Vec<u64> = self.peers.iter().map(|one| one.window_ms).collect();
        object.insert("slackwater_each_ms".into(), json!(ours));
        object.insert("kafka_kasten_each_ms".into(), json!(peers));
        object.insert("runs".into(), json!(self.ours.len()));
        object.insert("kafka_kasten_not_counted".into(), json!(self.not_counted));
        object.insert("records".into(), json!(self.produced.records));
        object.insert("bytes".into(), json!(self.produced.bytes));
        object.insert("rate".into(), json!(self.produced.rate.round()));
        object.insert("cores".into(), json!(cores()));
        Value::Object(object)
    }

    /// For a person.
    pub(crate) fn table(&self) -> String {
        let mut out = format!(
            "from the first stop to the first mirrored record after the resume; {} runs of each \
             side in turns\n{} records of {:.1} GiB in all, {:.0} a second while measured, {} \
             cores\n\n{:<34} {:>10} {:>10}\n",
            self.ours.len(),
            self.produced.records,
            self.produced.bytes as f64 / f64::from(1 << 30),
            self.produced.rate,
            cores(),
            "",
            "MEDIAN",
            "P95"
        );
        for Row { words, times, .. } in self.rows() {
            let (median, p95) = (times.median(), times.p95());
            let _ = writeln!(out, "{words:<34} {median:>7} ms {p95:>7} ms");
        }
        let shorter = self.times_shorter();
        let _ = writeln!(
            out,
            "ours is {shorter:.1} times shorter than theirs without the clone\n{} runs of theirs \
             are not counted: a broker had to be killed",
            self.not_counted
        );
        for (side, (_, steps)) in ["slackwater", "kafka-kasten"].iter().zip(self.profiles()) {
            let _ = writeln!(out, "\nwhere the window of {side} goes, medians");
            for (step, ms) in steps {
                let _ = writeln!(out, "  {:<58} {ms:>6} ms", in_words(step));
            }
        }
        out
    }
}

/// The median of each step. They need not add up to that of the whole.
fn medians(runs: &[&Steps]) -> Vec<(&'static str, u64)> {
    let first = runs.first().map(|steps| steps.0.as_slice());
    let names = first.unwrap_or_default().iter().map(|(name, _)| *name);
    names
        .enumerate()
        .map(|(at, name)| (name, Times::of(runs, |steps| steps.0[at].1).median()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let ours = |window_ms| Ours {
            window_ms,
            cut_ms: window_ms + 5,
            silent_ms: window_ms - 100,
            steps: Steps::between(0, &[("stopped", 200), ("drained", window_ms)]),
        };
        let peer = |window_ms| Peer {
            window_ms,
            clone_ms: 1_000,
            silent_ms: window_ms,
            steps: Steps::between(0, &[("mm2_stopped", window_ms)]),
            cleanly: true,
        };
        Report {
            ours: vec![ours(1_200), ours(1_000), ours(1_100)],
            peers: vec![peer(21_000), peer(23_000), peer(40_000)],
            not_counted: 1,
            produced: Produced {
                records: 7,
                bytes: 2 << 30,
                rate: 3_999.6,
            },
        }
    }

    #[test]
    fn each_side_has_its_median_and_its_longest() {
        let json = report().json();
        assert_eq!(json["slackwater_ms"], 1_100);
        assert_eq!(json["slackwater_p95_ms"], 1_200);
        assert_eq!(json["slackwater_cut_ms"], 1_105);
        assert_eq!(json["kafka_kasten_ms"], 23_000);
        assert_eq!(json["kafka_kasten_without_copy_ms"], 22_000);
        assert_eq!(json["times_shorter"], 20.0);
        assert_eq!(json["profile"]["drained_ms"], 900);
        assert_eq!(json["slackwater_each_ms"][0], 1_200);
        assert_eq!(json["kafka_kasten_not_counted"], 1);
    }

    #[test]
    fn the_table_names_both_sides_and_their_steps() {
        let table = report().table();
        assert!(table.contains("kafka-kasten's steps"));
        assert!(table.contains("MirrorMaker 2 stopped"));
        assert!(table.contains("20.0 times shorter"));
    }
}
