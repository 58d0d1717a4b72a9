//! The built components: their imports are exactly their worlds'.
//!
//! They are read from the folder that `SLACKWATER_WASM_DIR` names, else from
//! `target/wasm-actions`; a missing one is a failure. Compared are the
//! interfaces: a component lists one as soon as its phase calls any of its
//! functions, so each phase uses all that its world grants it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use slackwater_host::{Host, HostError, HostOptions, PhaseComponent, PhaseName};

fn built(phase: PhaseName) -> PhaseComponent {
    let dir = std::env::var_os("SLACKWATER_WASM_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm-actions"),
        PathBuf::from,
    );
    let path = dir.join(format!("{}.component.wasm", phase.world()));
    PhaseComponent::read(&path)
        .unwrap_or_else(|error| panic!("{error}; build it with `cargo xtask wasm`"))
}

/// One test for both, since to compile the five is what takes the time.
#[test]
fn each_component_imports_exactly_what_its_world_grants_and_can_be_no_phase_with_less() {
    let dir = tempfile::tempdir().unwrap();
    let cache_dir = Some(dir.path().join("phases"));
    let host = Host::new(HostOptions { cache_dir }).unwrap();
    for phase in PhaseName::ALL {
        let component = built(phase);
        host.check(phase, &component).unwrap();

        let granted: BTreeSet<&str> = phase.grants().iter().map(|c| c.interface()).collect();
        let imports = host.imports(&component).unwrap();
        let imported: BTreeSet<&str> = imports.iter().map(String::as_str).collect();
        assert_eq!(imported, granted, "{phase}");

        for other in PhaseName::ALL.into_iter().filter(|other| *other != phase) {
            let wants_more = phase.grants().iter().any(|c| !other.grants().contains(c));
            if wants_more {
                let refused = host.check(other, &component);
                assert!(
                    matches!(refused, Err(HostError::NotGranted { .. })),
                    "{phase} as {other}"
                );
            }
        }
    }
}
