//! Brokers with copies of one partition, made up by hand.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests' helpers, of which each file uses a part"
)]

use std::fs;
use std::path::PathBuf;

use slackwater_point::Plan;
use slackwater_trim::{Held, RealDisk, TrimError};
use tempfile::TempDir;

use crate::log::Batch;
use crate::log::batch::bytes_of;
use crate::world::{no_cut, nodes, options, planned};

/// Three brokers with these copies of one partition, one segment each.
pub fn brokers(copies: &[Vec<Batch>]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (node, batches) in (1..).zip(copies) {
        let dir = root.path().join(format!("node-{node}"));
        let replica = dir.join("src.t-0");
        fs::create_dir_all(&replica).unwrap();
        fs::write(
            dir.join("meta.properties"),
            format!("cluster.id=c\nnode.id={node}\n"),
        )
        .unwrap();
        fs::write(replica.join("00000000000000000000.log"), bytes_of(batches)).unwrap();
    }
    root
}

pub fn paths(root: &TempDir, count: usize) -> Vec<PathBuf> {
    nodes(root.path()).into_iter().take(count).collect()
}

pub fn plain(count: u64) -> Vec<Batch> {
    (0..count).map(|at| Batch::numbered(at * 3, 3)).collect()
}

pub fn three(batches: &[Batch]) -> TempDir {
    brokers(&[batches.to_vec(), batches.to_vec(), batches.to_vec()])
}

pub fn plan_of(root: &TempDir) -> Result<Plan, TrimError> {
    planned(&nodes(root.path()), &no_cut(), &options(5))
}

pub fn trim(root: &TempDir, plan: &Plan) -> Result<(), TrimError> {
    Held::take(&nodes(root.path()), &RealDisk)?
        .trim(plan)
        .map(drop)
}
