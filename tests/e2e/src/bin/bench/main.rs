//! The benchmarks, by name. Each prints a table for a person; with `--json` one
//! object for a program, which is all, or the last line where it takes minutes
//! to measure. Nothing is asserted about a time.

mod phase_start;
mod scan;
mod stats;
mod window;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use slackwater_e2e::SceneError;
use slackwater_host::HostError;
use slackwater_lab::LabError;
use slackwater_logdir::LogdirError;

/// Measure one thing.
#[derive(Debug, Parser)]
struct Args {
    /// What.
    #[command(subcommand)]
    benchmark: Benchmark,
    /// Print one JSON object.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Benchmark {
    /// How long it takes until a phase can be called.
    PhaseStart,
    /// How fast logs are read, beside `kafka-dump-log` and `cat`.
    Scan,
    /// How long a mirror stands still, beside kafka-kasten's steps.
    Window {
        /// Runs of each side.
        #[arg(long, default_value_t = window::RUNS, value_parser = clap::value_parser!(u32).range(1..=window::MOST_RUNS))]
        runs: u32,
    },
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    /// The host refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The directory of the cache.
    #[error("can't make a directory for the cache: {0}")]
    Directory(#[from] std::io::Error),
    /// The broker that writes the logs.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The logs.
    #[error(transparent)]
    Logs(#[from] LogdirError),
    /// The program on a lab.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// A run that is no measure of what was meant.
    #[error("{what}: nothing was measured")]
    Unfit {
        /// Why not.
        what: String,
    },
    /// A file, or a program that reads it.
    #[error("can't {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// What was read is not what was written.
    #[error(
        "{set} has {read} records in good batches, and {written} were written: nothing was measured"
    )]
    NotWhole {
        /// Which logs.
        set: &'static str,
        /// Found.
        read: u64,
        /// Made.
        written: u64,
    },
    /// Something else than what was meant would have been measured.
    #[error("{phase} was compiled anew instead of taken from the cache: nothing was measured")]
    ColdCache {
        /// Which phase.
        phase: &'static str,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let measured = match args.benchmark {
        Benchmark::PhaseStart => phase_start::measure().map(|report| match args.json {
            true => println!("{:#}", report.json()),
            false => print!("{}", report.table()),
        }),
        Benchmark::Scan => scan::measure().map(|report| {
            print!("{}", report.table());
            if args.json {
                println!("{}", report.json());
            }
        }),
        Benchmark::Window { runs } => window::measure(runs).map(|report| {
            print!("{}", report.table());
            if args.json {
                println!("{}", report.json());
            }
        }),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// It takes minutes: a person is told what is going on.
fn say(text: &str) {
    eprintln!("bench: {text}");
}

fn failed(what: &str) -> impl FnOnce(std::io::Error) -> BenchError {
    let what = what.to_owned();
    move |source| BenchError::Io { what, source }
}
