//! Faults on the real lab: backups in a row under load, while a seeded hand
//! strikes at them. Each cut is restored in isolation and held against the
//! source, record by record; the mirror is watched all the time.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "real processes are struck at real moments, and it prints"
)]

mod backup;
mod clock;
mod fault;
mod hand;
mod heal;
mod outcome;
mod plan;
mod proof;
mod soak;
mod stops;
mod tally;
mod timer;
mod watch;

use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use slackwater_e2e::{Scene, SceneError};
use slackwater_lab::{Isolation, Lab, SmallVolume, Volumes, audit};

use plan::Plan;
use soak::{LIMITS, MIRRORED, Soak};
use tally::Tally;
use timer::Timer;
use watch::Watch;

/// No round is shorter than this.
const ROUNDS_A_MINUTE: u64 = 6;

/// Longer than anybody waits: a week.
const MOST_MINUTES: u64 = 10_080;

/// The file system of the store: thousands of run documents, and full within
/// a moment.
const STORE_BYTES: u64 = 128 << 20;

/// Java compiles at first, and a mirror that has just started falls behind.
const WARM_UP: Duration = Duration::from_secs(6);

/// A worker that leaves and comes back is given its tasks at once: what
/// Connect waits for by default is five minutes.
const REBALANCE: (&str, &str) = ("scheduled.rebalance.max.delay.ms", "0");

/// Backups in a row under load, while a seeded hand strikes.
#[derive(Debug, Parser)]
struct Args {
    /// No round begins after so many minutes.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Says what is done, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The last line is one JSON object.
    #[arg(long)]
    json: bool,
    /// Only faults whose names contain this, or another one that is given.
    #[arg(long)]
    only: Vec<String>,
}

fn main() {
    match run(&Args::parse()) {
        Ok(true) => {}
        Ok(false) => std::process::exit(1),
        Err(error) => {
            eprintln!("soak: {error}");
            std::process::exit(1);
        }
    }
}

/// Whether all was as it must be.
fn run(args: &Args) -> Result<bool, SceneError> {
    let minutes = args.minutes.min(MOST_MINUTES);
    let rounds = (minutes * ROUNDS_A_MINUTE) as usize;
    let plan = Plan::from_seed(args.seed, rounds, &args.only);
    if plan.rounds.is_empty() {
        return Err(SceneError::Unexpected(
            "no fault has such a name".to_owned(),
        ));
    }
    let (scene, _store) = scene(&plan)?;
    println!(
        "seed {}, exactly-once {}: up, {}",
        args.seed,
        if plan.exactly_once { "on" } else { "off" },
        scene.lab.timings()
    );
    let (watch, timer) = (Watch::default(), Timer::default());
    let mut tally = Tally::default();
    let equal = thread::scope(|scope| {
        let _over = Over(&watch, &timer);
        watch.start(scope, scene.lab.connect());
        timer.start(scope, &scene);
        let mut soak = Soak::new(&scene, &watch, &timer, (args.seed, plan.exactly_once));
        let done = rounds_of(&mut soak, &plan, minutes, &mut tally);
        done.and_then(|()| equal_at_end(&mut soak))
    });
    let equal = match equal {
        Ok(equal) => equal,
        Err(error) => {
            println!("the soak can't go on: {error}");
            scene.lab.keep();
            false
        }
    };
    println!("\n{}", tally.table());
    let figures = tally.figures(args.seed, minutes, equal);
    println!(
        "{} backups, {} false proofs, {} rounds with something that must not be; source and \
         mirror are {} at the end",
        tally.backups(),
        tally.false_proofs(),
        tally.broken(),
        if equal { "equal" } else { "NOT EQUAL" }
    );
    if args.json {
        println!("{figures}");
    }
    let good = equal && tally.false_proofs() == 0 && tally.broken() == 0;
    if !good {
        scene.lab.keep();
    }
    Ok(good && tally.backups() > 0)
}

/// Ends what runs beside the rounds, however they end.
struct Over<'a>(&'a Watch, &'a Timer);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.end();
        self.1.end();
    }
}

/// A lab whose Connect is apart, and a store that can be filled.
fn scene(plan: &Plan) -> Result<(Scene, SmallVolume), SceneError> {
    let lab = Lab::builder()
        .name("soak")
        .exactly_once(plan.exactly_once)
        .volumes(Volumes::LoopImages)
        .connect_apart()
        .connect_property(REBALANCE.0, REBALANCE.1)
        .start()?;
    let at = lab.run_dir().join("slackwater").join("store");
    let store = lab.small_volume(&at, STORE_BYTES)?;
    Ok((Scene::new(lab, LIMITS)?, store))
}

fn rounds_of(
    soak: &mut Soak<'_>,
    plan: &Plan,
    minutes: u64,
    tally: &mut Tally,
) -> Result<(), SceneError> {
    let first = plan.rounds.first().is_some_and(|one| one.transactional);
    soak.load(first)?;
    thread::sleep(WARM_UP);
    if let Some(report) = soak.unload()? {
        soak.scene.lab.wait_mirrored(&report, MIRRORED)?;
        soak.loads.push(report);
    }
    soak.load(first)?;
    let began = Instant::now();
    for (number, round) in plan.rounds.iter().enumerate() {
        if began.elapsed() >= Duration::from_secs(minutes * 60) {
            break;
        }
        let next = plan.rounds.get(number + 1);
        let next = next.is_some_and(|one| one.transactional);
        let at = began.elapsed().as_secs_f64();
        let (outcome, _) = soak.round(number, *round, next)?;
        println!("[{at:>6.1} s] {}", outcome.line());
        if outcome.code.is_some_and(|code| code != 0) {
            println!("    {}", outcome.cause);
        }
        for what in &outcome.broken {
            println!("    MUST NOT BE: {what}");
        }
        tally.add(outcome);
    }
    Ok(())
}

/// Whether source and mirror are, with all that was ever produced.
fn equal_at_end(soak: &mut Soak<'_>) -> Result<bool, SceneError> {
    let (scene, exactly_once) = (soak.scene, soak.exactly_once);
    if let Some(report) = soak.unload()? {
        scene.lab.wait_mirrored(&report, MIRRORED)?;
        soak.loads.push(report);
    }
    let compared = scene.run(&["compare"])?;
    println!("at the end: {}", compared.stdout.trim_end());
    let topics = proof::LOADED.map(|topic| scene.lab.policy().mirrored(topic));
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mirror = scene.lab.mirror().bootstrap();
    let report = audit(&mirror, &topics, Isolation::ReadCommitted)?;
    let mut wrong = proof::wrong(&report, exactly_once);
    let named = |topic: &str| scene.lab.policy().mirrored(topic);
    for load in &soak.loads {
        wrong.extend(report.absent(load, named));
    }
    for what in &wrong {
        println!("    {what}");
    }
    Ok(compared.code == Some(0) && wrong.is_empty())
}
