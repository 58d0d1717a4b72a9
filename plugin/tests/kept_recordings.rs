//! Recordings of real runs that are kept in the repository, each with the
//! components that made it: they replay today as they ran then. A host, a WIT
//! or a recording's form that no longer reads them is seen here.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slackwater::recording;
use slackwater_host::{Host, HostOptions, PhaseComponent, PhaseName};

/// Exports of phases in one run.
const EXPORTS: usize = 6;

fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// Those of a run, by digest.
fn components(run: &Path) -> BTreeMap<String, PhaseComponent> {
    let packed = listed(run).into_iter();
    let packed = packed.filter(|path| path.to_string_lossy().ends_with(".component.wasm.zst"));
    packed
        .map(|path| {
            let bytes = zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
            let component = PhaseComponent::load(bytes).unwrap();
            (component.sha256().to_owned(), component)
        })
        .collect()
}

#[test]
fn recordings_of_real_runs_replay_with_the_components_that_made_them() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings");
    let runs = listed(&kept);
    assert!(!runs.is_empty(), "nothing is kept in {}", kept.display());
    let host = Host::new(HostOptions::default()).unwrap();
    for run in runs {
        let components = components(&run);
        let recordings = listed(&run).into_iter();
        let recordings = recordings.filter(|path| path.to_string_lossy().ends_with(".jsonl.zst"));
        let mut replayed = 0;
        for path in recordings {
            let player = Arc::new(recording::read(&path).unwrap());
            let begun = player.begun().clone();
            let phase = PhaseName::of_world(&begun.phase).unwrap();
            let entry = phase.entry(&begun.entry).unwrap();
            let component = &components[&begun.component];
            let difference = host.replay(phase, entry, component, &player).unwrap();
            assert_eq!(difference, None, "{}", path.display());
            replayed += 1;
        }
        assert_eq!(replayed, EXPORTS, "{}", run.display());
    }
}
