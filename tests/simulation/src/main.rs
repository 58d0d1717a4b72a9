//! `slackwater-simulate`: tries seeds, prints what befell what, and every
//! seed that breaks an invariant, with as few faults as still do.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use serde_json::json;
use slackwater_simulation::{Coverage, Trial, shrink, try_seed};

/// Documents are read and written thousands of times a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tries seeds in a simulated world.
#[derive(Debug, Parser)]
struct Cli {
    /// How many.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed alone: its schedule in words, and how each command ended.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// End at the first seed that breaks something.
    #[arg(long)]
    first: bool,
    /// The last line is one JSON object.
    #[arg(long)]
    json: bool,
}

/// So many seeds that break something are shown.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // What a phase panics with is told with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    if let Some(seed) = cli.seed {
        let trial = try_seed(seed);
        print!("{trial}");
        return ended(trial.broken.is_empty());
    }
    let all = tried(&cli);
    for trial in all.broken.into_iter().take(SHOWN) {
        print!("{}", shrink(trial));
    }
    print!("{}", all.coverage);
    for cell in all.coverage.empty_cells() {
        println!("nothing tried: {cell}");
    }
    let seconds = all.seconds.max(0.001);
    if cli.json {
        let line = json!({
            "schedules": all.count,
            "broken": all.broken_count,
            "untried": all.coverage.empty_cells().len(),
            "schedules_per_second": (all.count as f64 / seconds).round(),
        });
        println!("{line}");
    } else {
        println!(
            "{} schedules, {} broken, {seconds:.1} s",
            all.count, all.broken_count
        );
    }
    ended(all.broken_count == 0)
}

fn ended(well: bool) -> ExitCode {
    if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct All {
    count: u64,
    broken: Vec<Trial>,
    broken_count: usize,
    coverage: Coverage,
    seconds: f64,
}

#[allow(
    clippy::disallowed_methods,
    reason = "how many seeds a second is measured by a real clock; no seed sees it"
)]
fn tried(cli: &Cli) -> All {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let done = Mutex::new((Coverage::default(), Vec::new(), 0_u64));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut coverage = Coverage::default();
                let mut broken = Vec::new();
                let mut count = 0;
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= cli.seeds {
                        break;
                    }
                    let trial = try_seed(cli.from + at);
                    count += 1;
                    coverage.add(&trial);
                    if !trial.broken.is_empty() {
                        broken.push(trial);
                        if cli.first {
                            next.store(cli.seeds, Ordering::Relaxed);
                        }
                    }
                }
                if let Ok(mut done) = done.lock() {
                    done.0.merge(&coverage);
                    done.1.extend(broken);
                    done.2 += count;
                }
            });
        }
    });
    let (coverage, broken, count) = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    All {
        count,
        broken_count: broken.len(),
        broken,
        coverage,
        seconds: began.elapsed().as_secs_f64(),
    }
}
