//! A sample of simulated schedules through the engine: each phase that ran
//! natively is run as its component on what was recorded, and must make the
//! same calls and end in the same way.
//!
//! The components are read as in `components.rs`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slackwater_host::{Entry, Host, HostOptions, Limits, PhaseComponent, PhaseName, Ports};
use slackwater_simulation::record_seed;
use slackwater_tape::Player;

/// So many seeds: some hundred phases.
const SEEDS: u64 = 40;

fn built(phase: PhaseName) -> PhaseComponent {
    let dir = std::env::var_os("SLACKWATER_WASM_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm-actions"),
        PathBuf::from,
    );
    let path = dir.join(format!("{}.component.wasm", phase.world()));
    PhaseComponent::read(&path)
        .unwrap_or_else(|error| panic!("{error}; build it with `cargo xtask wasm`"))
}

#[test]
fn what_a_phase_does_natively_its_component_does_in_the_engine() {
    let dir = tempfile::tempdir().unwrap();
    let cache_dir = Some(dir.path().join("phases"));
    let host = Host::new(HostOptions { cache_dir }).unwrap();
    let components: BTreeMap<&str, (PhaseName, PhaseComponent)> = PhaseName::ALL
        .into_iter()
        .map(|phase| (phase.world(), (phase, built(phase))))
        .collect();
    let mut replayed: BTreeMap<(String, String, bool), u32> = BTreeMap::new();
    for seed in 0..SEEDS {
        for recording in record_seed(seed) {
            let player = Arc::new(Player::read(&recording).unwrap());
            let begun = player.begun();
            let (phase, component) = &components[begun.phase.as_str()];
            let entry = phase.entry(&begun.entry).unwrap();
            let difference = host.replay(*phase, entry, component, &player).unwrap();
            let what = format!("seed {seed}, {} {}", begun.phase, begun.entry);
            assert_eq!(difference, None, "{what}");
            let well = player.ended().is_ok();
            let key = (begun.phase.clone(), begun.entry.clone(), well);
            *replayed.entry(key).or_default() += 1;
        }
    }
    println!("{replayed:?}");
    for (phase, entry) in [
        ("quiesce-mirror", "run"),
        ("await-drain", "run"),
        ("snapshot-partitions", "run"),
        ("validate-head", "close-bracket"),
        ("validate-head", "prove-content"),
        ("resume-mirror", "run"),
    ] {
        let key = (phase.to_owned(), entry.to_owned(), true);
        assert!(replayed.contains_key(&key), "{phase} {entry} was not tried");
    }
}

#[test]
fn a_recording_of_something_else_is_told_by_its_first_other_call() {
    let host = Host::new(HostOptions::default()).unwrap();
    let recordings = record_seed(0);
    let of = |phase: &str| {
        let mut found = recordings.iter().map(|text| Player::read(text).unwrap());
        found.find(|player| player.begun().phase == phase).unwrap()
    };
    let player = Arc::new(of("snapshot-partitions"));
    let component = built(PhaseName::AwaitDrain);
    let ports = Ports::of(player.clone());
    let limits = Limits::default();
    let _ = host.run(PhaseName::AwaitDrain, Entry::Run, &component, ports, limits);
    let difference = player.difference().unwrap();
    assert!(difference.recorded.is_some() && difference.asked.is_some());
    assert!(
        difference.to_string().contains("this run made"),
        "{difference}"
    );
}
