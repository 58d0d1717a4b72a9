//! `phase-start`: how long it takes until a phase can be called, with its
//! compiled code in the cache.
//!
//! Each sample is what a new process pays: the engine is set up, the compiled
//! component is taken from the cache, and a fresh instance is made of it. The
//! phase is then called in a world without a run document, so that it ends at
//! once; that call is not part of the sample.

#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures by the clock on the wall"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use slackwater::components::Components;
use slackwater_host::{Host, HostError, HostOptions, Limits, PhaseName, Ports};

use crate::{BenchError, stats};
use slackwater_ports::Silence;

/// Samples of each phase: enough for a 95th percentile that two outliers
/// don't move.
const SAMPLES: usize = 50;

/// Samples of all phases.
pub(crate) struct Report(Vec<(PhaseName, Samples)>);

/// At least one, the shortest first.
struct Samples(Vec<Duration>);

/// Takes the samples of all phases that the program carries.
pub(crate) fn measure() -> Result<Report, BenchError> {
    let cache = tempfile::tempdir()?;
    let components = Components::embedded()?;
    let host = host(cache.path())?;
    for phase in PhaseName::ALL {
        host.check(phase, components.get(phase))?;
    }
    let mut report = Vec::new();
    for phase in PhaseName::ALL {
        let mut samples = Vec::new();
        for _ in 0..SAMPLES {
            samples.push(sample(cache.path(), phase, &components)?);
        }
        samples.sort_unstable();
        report.push((phase, Samples(samples)));
    }
    Ok(Report(report))
}

fn host(cache: &Path) -> Result<Host, HostError> {
    Host::new(HostOptions {
        cache_dir: Some(cache.to_owned()),
    })
}

fn sample(cache: &Path, phase: PhaseName, components: &Components) -> Result<Duration, BenchError> {
    let began = Instant::now();
    let host = host(cache)?;
    let set_up = began.elapsed();
    let run = host.run(
        phase,
        phase.entries()[0],
        components.get(phase),
        Ports::of(Arc::new(Silence)),
        Limits::default(),
    )?;
    match host.cache_use() {
        Some((_, 0)) => Ok(set_up + run.ready),
        _ => Err(BenchError::ColdCache {
            phase: phase.world(),
        }),
    }
}

impl Samples {
    /// The sample below which so many of a hundred lie, in milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        stats::percentile(&self.0, percent).as_secs_f64() * 1e3
    }
}

impl Report {
    /// The figures of the slowest phase, and those of each.
    pub(crate) fn json(&self) -> Value {
        let slowest = |percent| {
            let all = self
                .0
                .iter()
                .map(|(_, samples)| samples.percentile(percent));
            round(all.fold(0.0, f64::max))
        };
        let phases: Map<String, Value> = self
            .0
            .iter()
            .map(|(phase, samples)| {
                let figures = json!({
                    "median": round(samples.percentile(50)),
                    "p95": round(samples.percentile(95)),
                });
                (phase.world().to_owned(), figures)
            })
            .collect();
        json!({
            "phase_ready_ms_median": slowest(50),
            "phase_ready_ms_p95": slowest(95),
            "phases": phases,
            "samples": SAMPLES,
        })
    }

    /// For a person.
    pub(crate) fn table(&self) -> String {
        let mut out = format!(
            "until a phase can be called, its compiled code in the cache; {SAMPLES} samples each\n\
             {:<20} {:>10} {:>10}\n",
            "PHASE", "MEDIAN", "P95"
        );
        for (phase, samples) in &self.0 {
            out += &format!(
                "{:<20} {:>7.2} ms {:>7.2} ms\n",
                phase.world(),
                samples.percentile(50),
                samples.percentile(95)
            );
        }
        out
    }
}

/// To a hundredth: the rest is noise.
fn round(ms: f64) -> f64 {
    (ms * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_of_all_phases_are_those_of_the_slowest() {
        let of = |ms| Samples(vec![Duration::from_millis(ms)]);
        let report = Report(vec![
            (PhaseName::QuiesceMirror, of(3)),
            (PhaseName::ResumeMirror, of(9)),
        ]);
        assert_eq!(report.json()["phase_ready_ms_median"], 9.0);
        assert_eq!(report.json()["phases"]["quiesce-mirror"]["p95"], 3.0);
        assert_eq!(report.table().lines().count(), 4);
    }
}
