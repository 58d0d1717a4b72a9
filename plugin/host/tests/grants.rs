//! A phase is given its world and nothing else.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use common::guest::{pure, wanting};
use common::{World, component, ports, run};
use slackwater_host::{
    Capability, Entry, Host, HostError, HostOptions, Limits, PhaseComponent, PhaseName, Ports,
};
use wit_parser::{Resolve, WorldItem};

fn host() -> Host {
    Host::new(HostOptions::default()).unwrap()
}

#[test]
fn what_a_phase_is_granted_is_what_its_world_imports() {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wasm-actions/wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    for phase in PhaseName::ALL {
        let world = resolve
            .select_world(&[package], Some(phase.world()))
            .unwrap();
        let world = &resolve.worlds[world];
        let imported: BTreeSet<String> = world
            .imports
            .iter()
            .filter(|(_, item)| matches!(item, WorldItem::Interface { .. }))
            .map(|(key, _)| resolve.name_world_key(key))
            .filter(|name| name != "slackwater:phase/types@1.0.0-beta.1")
            .collect();
        let granted: BTreeSet<String> = phase
            .grants()
            .iter()
            .map(|capability| capability.interface().to_owned())
            .collect();
        assert_eq!(granted, imported, "{phase}");

        let exported: BTreeSet<String> = world
            .exports
            .keys()
            .map(|key| resolve.name_world_key(key))
            .collect();
        let entries = phase
            .entries()
            .iter()
            .map(|entry| entry.export().to_owned());
        assert_eq!(entries.collect::<BTreeSet<_>>(), exported, "{phase}");
    }
}

#[test]
fn the_types_that_all_capabilities_share_have_no_function() {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wasm-actions/wit");
    resolve.push_dir(wit).unwrap();
    let types = resolve
        .interfaces
        .iter()
        .find(|(_, interface)| interface.name.as_deref() == Some("types"))
        .unwrap();
    assert!(types.1.functions.is_empty());
}

#[test]
fn a_guest_that_wants_wasi_is_refused_with_the_import_named() {
    let wat = wanting("wasi:cli/environment@0.2.0", "initial-cwd");
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the component wants wasi:cli/environment@0.2.0, which await-drain is not granted"
    );
}

#[test]
fn a_guest_that_wants_another_phases_capability_is_refused() {
    let wat = wanting("slackwater:phase/mirror-stop@1.0.0-beta.1", "stop");
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::NotGranted { .. }), "{error}");
    assert!(error.to_string().contains("mirror-stop"), "{error}");
}

#[test]
fn a_guest_that_wants_a_function_which_the_capability_does_not_have_is_refused() {
    let wat = wanting("slackwater:phase/clock@1.0.0-beta.1", "set-ms");
    let error = run(&wat, &Arc::default(), Limits::default()).unwrap_err();
    assert!(matches!(error, HostError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("set-ms"), "{error}");
    let checked = host().check(PhaseName::AwaitDrain, &component(&wat));
    assert!(matches!(checked, Err(HostError::Invalid { .. })));
}

#[test]
fn a_phase_without_an_adapter_that_it_needs_is_not_run() {
    let ports = Ports {
        guard_look: None,
        ..ports(&Arc::new(World::default()))
    };
    let guest = component(&pure("(i32.const 1024)"));
    let limits = Limits::default();
    let error = host()
        .run(
            PhaseName::AwaitDrain,
            Entry::Run,
            &guest,
            ports.clone(),
            limits,
        )
        .unwrap_err();
    let missing = Capability::GuardLook;
    assert!(matches!(error, HostError::NoPort { capability, .. } if capability == missing));
    // One that is not granted it does not miss it.
    host()
        .run(PhaseName::ResumeMirror, Entry::Run, &guest, ports, limits)
        .unwrap();
}

#[test]
fn an_entry_of_another_phase_is_refused() {
    let guest = component(&pure("(i32.const 1024)"));
    let ports = ports(&Arc::new(World::default()));
    let run = |phase, entry| host().run(phase, entry, &guest, ports.clone(), Limits::default());
    let error = run(PhaseName::AwaitDrain, Entry::CloseBracket).unwrap_err();
    assert!(matches!(error, HostError::NoEntry { .. }), "{error}");
    let error = run(PhaseName::ValidateHead, Entry::CloseBracket).unwrap_err();
    assert!(
        error.to_string().contains("does not export close-bracket"),
        "{error}"
    );
    host().check(PhaseName::AwaitDrain, &guest).unwrap();
    assert!(host().check(PhaseName::ValidateHead, &guest).is_err());
}

#[test]
fn what_is_no_component_is_refused_in_one_line() {
    let module = wat::parse_str("(module)").unwrap();
    for bytes in [
        Vec::new(),
        b"\0asm".to_vec(),
        b"#!/bin/sh\n".to_vec(),
        module,
    ] {
        let guest = PhaseComponent::load(bytes).unwrap();
        let error = host().check(PhaseName::AwaitDrain, &guest).unwrap_err();
        assert!(matches!(error, HostError::Invalid { .. }), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn each_run_has_a_fresh_instance() {
    let once = "(if (i32.load (i32.const 8)) (then unreachable))
                (i32.store (i32.const 8) (i32.const 1)) (i32.const 1024)";
    let guest = component(&pure(once));
    let host = host();
    let ports = ports(&Arc::new(World::default()));
    let run = || {
        host.run(
            PhaseName::AwaitDrain,
            Entry::Run,
            &guest,
            ports.clone(),
            Limits::default(),
        )
    };
    let fuel = run().unwrap().fuel_used;
    assert_eq!(run().unwrap().fuel_used, fuel);
}

#[test]
fn a_component_is_compiled_once_and_then_found() {
    let dir = tempfile::tempdir().unwrap();
    let guest = component(&pure("(i32.const 1024)"));
    let options = HostOptions {
        cache_dir: Some(dir.path().join("phases")),
    };
    let check = || {
        let host = Host::new(options.clone()).unwrap();
        host.check(PhaseName::AwaitDrain, &guest).unwrap();
        host.cache_use()
    };
    assert_eq!(check(), Some((0, 1)));
    assert_eq!(check(), Some((1, 0)));
}

#[test]
fn a_cache_that_cannot_be_used_is_named() {
    let options = HostOptions {
        cache_dir: Some("relative/phases".into()),
    };
    let error = Host::new(options).unwrap_err();
    assert!(error.to_string().contains("relative/phases"), "{error}");
}
