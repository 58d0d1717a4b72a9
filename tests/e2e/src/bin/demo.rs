//! The main job on real Kafka and real MirrorMaker 2, shown to a person.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a demonstration: it waits in real time and prints"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use slackwater_cut::{Claim, ClaimName, Cut, Verdict};
use slackwater_e2e::{Chance, Compared, PATIENT, Scene, SceneError, Tamper, cut_of, tamper};
use slackwater_lab::{Lab, Load, LoadPlan, Volumes};

/// How long load runs at first. Java compiles meanwhile, and a mirror that has
/// just started falls behind; it is given time to catch up, as one that has
/// long run needs none.
const WARM_UP: Duration = Duration::from_secs(6);

/// Messages a second, as far as the machine can mirror them: what it can't is a backlog that
/// grows for as long as the load runs, and no backup covers it.
const RATE: u32 = 8_000;

/// In tenths: Java compiles while it warms up, and copies about twice as much when it has.
const WARMED: u64 = 16;

/// For its last messages to be mirrored.
const CATCH_UP: Duration = Duration::from_secs(90);

/// How long the load runs before the backup.
const LOADED: Duration = Duration::from_secs(5);

/// How long a segment is written to: the load before the backup fills three.
const SEGMENT_MS: &str = "2500";

/// Back up a mirror under load, restore it in isolation, and compare.
#[derive(Debug, Parser)]
struct Args {
    /// Write the figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Messages a second. Default: 8000, or what this machine can mirror.
    #[arg(long)]
    rate: Option<u32>,
    /// Bytes a message.
    #[arg(long, default_value_t = 200)]
    size: usize,
    /// Without mounts and network namespaces: plain copies of directories,
    /// and the original mirror is stopped before the copy is started.
    #[arg(long)]
    no_root: bool,
    /// Keep the cut, with the claim of the restored mirror, in this new file.
    #[arg(long)]
    cut: Option<PathBuf>,
    /// Keep the run's recordings, with the components that made them, in this
    /// new folder.
    #[arg(long)]
    recordings: Option<PathBuf>,
    /// Of the false backups: another seed tampers elsewhere.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Without exactly-once.
    #[arg(long)]
    at_least_once: bool,
}

fn main() {
    let args = Args::parse();
    // Better now than when all is done.
    let mut named = args.cut.iter().chain(&args.recordings);
    if let Some(there) = named.find(|path| path.exists()) {
        eprintln!("demo: {} is there: name a new one", there.display());
        std::process::exit(2);
    }
    if let Err(error) = run(&args) {
        eprintln!("demo: {error}");
        std::process::exit(1);
    }
}

fn run(args: &Args) -> Result<(), SceneError> {
    let began = Instant::now();
    let say = |text: &str| println!("[{:>5.1} s] {text}", began.elapsed().as_secs_f64());
    say("starting a source, a mirror of three brokers, and MirrorMaker 2");
    let lab = Lab::builder()
        .name("demo")
        .exactly_once(!args.at_least_once)
        // Several for each partition, to be tampered with.
        .mirror_property("log.roll.ms", SEGMENT_MS)
        .volumes(if args.no_root {
            Volumes::Directories
        } else {
            Volumes::LoopImages
        })
        .start()?;
    say(&format!("up: {}", lab.timings()));
    let scene = Scene::new(lab, PATIENT)?;
    let mut plan = LoadPlan::new(args.rate.unwrap_or(RATE));
    plan.size = args.size;
    let source = scene.lab.source().bootstrap();
    say("warming up");
    let (warming, warm) = (Instant::now(), Load::start(&source, &plan)?);
    std::thread::sleep(WARM_UP);
    let warm = warm.stop()?;
    scene.lab.wait_mirrored(&warm, CATCH_UP)?;
    let mirrored = warm.acked() * 1000 / warming.elapsed().as_millis().max(1) as u64;
    plan.rate = args.rate.unwrap_or_else(|| sustained(mirrored));
    let rate = plan.rate;
    let load = Load::start(&source, &plan.producer(2))?;
    say(&format!(
        "load: {rate} messages a second of {} bytes into blogs and items",
        args.size
    ));
    std::thread::sleep(LOADED);

    say("slackwater backup");
    let backup = scene.backup_as_it_ends(&[])?;
    let load = load.stop()?;
    let cut = cut_of(&backup)?;
    say(&format!(
        "load over: {} messages acknowledged, {:.0} a second",
        load.acked(),
        load.rate()
    ));
    let shown = scene.run(&["cut", "show", &cut.run_id])?.expect(0)?;
    println!("{}", shown.stdout);
    if backup.code != Some(0) {
        if let Some(file) = &args.cut {
            std::fs::write(file, &backup.stdout).map_err(SceneError::io("write", file))?;
        }
        let cause = backup.cause();
        let cause = cause.strip_prefix("slackwater: ").unwrap_or(cause);
        return Err(SceneError::Unexpected(cause.to_owned()));
    }
    scene.run(&["cut", "verify", &cut.run_id])?.expect(0)?;
    say("slackwater cut verify: every verdict is the same when it is judged again");

    let recordings = scene.recordings(&cut)?.display().to_string();
    let replay = ["replay", &recordings, "--cut", &cut.run_id];
    let replayed = scene.run(&replay)?.expect(0)?;
    say("slackwater replay: each phase runs again on what was recorded of it, to the byte");
    for line in replayed.stdout.lines() {
        println!("  ✔ {line}");
    }
    if let Some(folder) = &args.recordings {
        scene.keep_recordings(&cut, folder)?;
    }

    if args.no_root {
        say("stopping the original mirror: without root the copy can't be isolated from it");
        scene.lab.connect().stop()?;
        scene.lab.mirror().stop()?;
    }
    say("slackwater restore, and slackwater validate of the volumes before a broker starts");
    let copies = scene.restore_volumes(&cut.run_id)?;
    let saved = scene.lab.run_dir().join("validated.json");
    let opened = scene.open(&copies, "look")?;
    let validated = scene
        .validate_volumes(&opened, &cut.run_id, Some(&saved))?
        .expect(0)?;
    show(&claims_of(&validated.stdout)?, ClaimName::Restored);
    say("slackwater compare: the source's records up to the cut with those in the volumes");
    let compared = scene.compare_volumes(&opened, &cut.run_id)?.expect(0)?;
    drop(opened);
    let compared = Compared::of(&compared.stdout)?;
    println!(
        "  ✔ {} records are equal, {} missing, {} extra, {} duplicates",
        compared.records, compared.missing, compared.extra, compared.duplicates
    );

    say(&format!("five false backups, made with seed {}", args.seed));
    let caught = false_backups(&scene, &copies, &cut.run_id, args.seed)?;

    say("starting the snapshot as a cluster of its own, isolated");
    let restored = scene.lab.start_restored(&copies)?;
    say("slackwater validate, against the restored cluster");
    let validated = scene
        .validate(&restored, &saved.display().to_string(), args.cut.as_deref())?
        .expect(0)?;
    let claims = claims_of(&validated.stdout)?;
    show(&claims, ClaimName::HeadsRestored);
    let figures = figures(rate, &cut, &claims, &compared, caught);
    if let Some(file) = &args.json {
        std::fs::write(file, format!("{figures:#}\n")).map_err(SceneError::io("write", file))?;
    }
    say("taking the lab down");
    drop(restored);
    drop(scene);
    say(&format!("done; window {} ms", figures["window_ms"]));
    Ok(())
}

/// What goes on being mirrored where so many messages a second were at first; in hundreds.
fn sustained(at_first: u64) -> u32 {
    let rate = u32::try_from(at_first * WARMED / 1000 * 100).unwrap_or(RATE);
    rate.clamp(100, RATE)
}

fn claims_of(printed: &str) -> Result<Vec<Claim>, SceneError> {
    serde_json::from_str(printed).map_err(|error| SceneError::Unexpected(error.to_string()))
}

fn show(claims: &[Claim], name: ClaimName) {
    for claim in claims.iter().filter(|claim| claim.name == name) {
        println!(
            "  ✔ {:<13} {:<8} {}",
            claim.name.to_string(),
            claim.verdict.to_string(),
            claim.reason
        );
    }
}

/// Tampers with copies of what was restored, each in another way, and looks
/// whether `validate` refutes each and names what was touched.
fn false_backups(
    scene: &Scene,
    copies: &[(i32, PathBuf)],
    run: &str,
    seed: u64,
) -> Result<bool, SceneError> {
    let topics = ["blogs", "items"].map(|topic| scene.lab.policy().mirrored(topic));
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut chance = Chance::new(seed);
    let mut caught = 0;
    for (at, kind) in Tamper::ALL.into_iter().enumerate() {
        let opened = scene.open(copies, &format!("false{at}"))?;
        let touched = tamper(kind, &opened, &topics, &mut chance)?;
        let finished = scene.validate_volumes(&opened, run, None)?;
        let claims = claims_of(&finished.stdout)?;
        let claim = claims
            .iter()
            .find(|claim| claim.name == ClaimName::Restored)
            .ok_or_else(|| SceneError::Unexpected("nothing was claimed".to_owned()))?;
        let refuted = claim.verdict == Verdict::Refuted && touched.is_named_in(&claim.reason);
        caught += u32::from(refuted);
        println!(
            "  {} {} ({} of {} on {:?}): {}",
            if refuted { '✔' } else { '✘' },
            kind.words(),
            touched.what,
            touched.partition,
            touched.brokers,
            claim.reason
        );
    }
    Ok(caught as usize == Tamper::ALL.len())
}

fn figures(rate: u32, cut: &Cut, claims: &[Claim], compared: &Compared, caught: bool) -> Value {
    let quiesce = cut.quiesce.as_ref();
    let stop = quiesce.and_then(|one| one.stop_started_ms);
    let stopped = quiesce
        .and_then(|one| one.stopped.as_ref())
        .map(|look| look.asked.last_answer_ms);
    let drained = cut.drain.as_ref().map(|drain| drain.ended_ms);
    let snapped = cut.snapshot.as_ref().and_then(|snapshot| snapshot.ended_ms);
    let between = |from: Option<u64>, to: Option<u64>| Some(to?.saturating_sub(from?));
    let resume = cut.resume.as_ref();
    let verdicts: BTreeMap<String, String> = claims
        .iter()
        .map(|claim| (claim.name.to_string(), claim.verdict.to_string()))
        .collect();
    json!({
        "claims": verdicts,
        "window_ms": cut.window_ms(),
        "stop_ms": between(stop, stopped),
        "drain_ms": between(stopped, drained),
        "snapshot_ms": between(drained, snapped),
        "backlog_messages": resume.map(|one| one.backlog),
        "catch_up_ms": resume.and_then(|one| between(Some(one.started_ms), one.caught_up_ms)),
        "partitions": cut.rows.partitions.len(),
        "rate": rate,
        "records_compared": compared.records,
        "missing": compared.missing,
        "extra": compared.extra,
        "duplicates": compared.duplicates,
        "tampering_caught": caught,
    })
}
