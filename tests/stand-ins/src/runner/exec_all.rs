//! `KubeExecAll` (pkg/function/kube_exec_all.go:59-85 and 121-150): a command in each of
//! these containers of each of these pods, all at once. All are waited for, and one that
//! failed fails the phase.
//!
//! It puts nothing out. There, what a container printed is added to the outputs after
//! it was counted as done (128-132), so that any of it may be missing.

use std::thread;

use serde_json::{Map, Value};

use super::exec::exec;
use super::functions::{Hands, text, texts};

/// Runs one.
pub(super) fn run(hands: &Hands<'_>, args: &Value) -> Result<Map<String, Value>, String> {
    let namespace = text(args, "namespace");
    let command = texts(args, "command");
    let (pods, containers) = (text(args, "pods"), text(args, "containers"));
    let failed: Vec<String> = thread::scope(|scope| {
        let mut running = Vec::new();
        for pod in pods.split_whitespace() {
            for container in containers.split_whitespace() {
                let (namespace, command) = (&namespace, &command);
                let one = move || exec(hands, namespace, pod, container, command);
                running.push(scope.spawn(one));
            }
        }
        running
            .into_iter()
            .filter_map(|one| match one.join() {
                Ok(ran) => ran.err(),
                Err(_) => Some("it panicked".to_owned()),
            })
            .collect()
    });
    match failed.is_empty() {
        true => Ok(Map::new()),
        false => Err(failed.join("\n")),
    }
}
