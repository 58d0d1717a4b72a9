//! The benchmarks, by name. Each prints a table for a person, or with `--json`
//! one object for a program. Nothing is asserted about a time.

mod phase_start;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use slackwater_host::HostError;

/// Measure one thing.
#[derive(Debug, Parser)]
struct Args {
    /// What.
    #[arg(value_enum)]
    benchmark: Benchmark,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Benchmark {
    /// How long it takes until a phase can be called.
    PhaseStart,
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
        Benchmark::PhaseStart => phase_start::measure(),
    };
    match measured {
        Ok(report) if args.json => println!("{:#}", report.json()),
        Ok(report) => print!("{}", report.table()),
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
