//! Three brokers' volumes with topics that a cut knows, made up by hand.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests' helpers, of which each file uses a part"
)]

use std::fs;
use std::path::Path;

use slackwater_cut::{
    Class, ConnectSettings, ConnectTopics, ConnectorPrior, Cut, Drain, PartitionRow, Quiesce,
    SourceRow, SourceTopic, TopicRow,
};
use slackwater_point::Plan;
use slackwater_ports::{ConnectorRef, ConnectorState, Digest128, Isolation, PartitionId};
use slackwater_trim::{PlanOptions, TrimError};
use tempfile::TempDir;

use crate::log::batch::bytes_of;
use crate::log::{Batch, Rec};
use crate::world::{no_cut, nodes, planned};

pub struct Site {
    pub root: TempDir,
    pub cut: Cut,
}

impl Site {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for node in 1..=3 {
            let dir = root.path().join(format!("node-{node}"));
            fs::create_dir_all(&dir).unwrap();
            fs::write(
                dir.join("meta.properties"),
                format!("cluster.id=c\nnode.id={node}\n"),
            )
            .unwrap();
        }
        Self {
            root,
            cut: no_cut(),
        }
    }

    /// A Connect cluster, and where its positions are; its configuration is in
    /// `connect-configs`.
    pub fn connect(&mut self, name: &str, offsets: &str) {
        self.cut.settings.connects.push(ConnectSettings {
            name: name.to_owned(),
            topics: ConnectTopics {
                config: "connect-configs".to_owned(),
                offset: offsets.to_owned(),
                status: "connect-status".to_owned(),
            },
        });
    }

    /// A topic of the cut, on all three brokers.
    pub fn topic(&mut self, name: &str, class: Class, partitions: u32, source: Option<&str>) {
        let topic = u32::try_from(self.cut.rows.topics.len()).unwrap();
        self.cut.rows.topics.push(TopicRow {
            name: name.to_owned(),
            id: "4Fi6pGugSI6936nrTTy4_w".to_owned(),
            class,
            partitions,
            config: Digest128(0),
            compacted: false,
            retention_ms: None,
            retention_bytes: None,
            remote_storage: false,
            source: source.map(|topic| SourceTopic {
                alias: "src".to_owned(),
                topic: topic.to_owned(),
            }),
        });
        for partition in 0..partitions {
            self.cut.rows.partitions.push(PartitionRow {
                topic,
                partition,
                log_start_offset: 0,
                closing_log_start_offset: None,
                high_watermark: 0,
                last_stable_offset: 0,
                leader_epoch: None,
                replicas: vec![1, 2, 3],
                tail: None,
                source: None,
                content: None,
            });
        }
    }

    /// Each broker's copy, its segments one after another.
    pub fn copy(&self, node: u32, partition: &str, segments: &[&[Batch]]) {
        let dir = self.root.path().join(format!("node-{node}/{partition}"));
        fs::create_dir_all(&dir).unwrap();
        for batches in segments {
            let base = batches.first().map_or(0, |one| one.base);
            fs::write(dir.join(format!("{base:020}.log")), bytes_of(batches)).unwrap();
        }
        if segments.is_empty() {
            fs::write(dir.join(format!("{:020}.log", 0)), "").unwrap();
        }
    }

    pub fn all(&self, partition: &str, batches: &[Batch]) {
        for node in 1..=3 {
            self.copy(node, partition, &[batches]);
        }
    }

    /// Damages a file.
    pub fn flip(&self, file: &str, at: usize) {
        let path = self.root.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    pub fn plan(&self, options: &PlanOptions<'_>) -> Result<Plan, TrimError> {
        planned(&nodes(self.root.path()), &self.cut, options)
    }
}

/// What a run found: one connector, which copies from that source.
pub fn quiesce_of(connect: &str, name: &str, alias: &str) -> Quiesce {
    Quiesce {
        clusters: Vec::new(),
        connects: Vec::new(),
        connectors: vec![ConnectorPrior {
            connector: ConnectorRef {
                connect: connect.to_owned(),
                name: name.to_owned(),
            },
            class: "org.apache.kafka.connect.mirror.MirrorSourceConnector".to_owned(),
            state: ConnectorState::Running,
            tasks: 2,
            config: Digest128(0),
            source_alias: alias.to_owned(),
            copies: true,
            transforms: false,
            isolation: Isolation::ReadUncommitted,
            begins_late: false,
            copy_prefix: Some(format!("{alias}.")),
            offsets_topic: None,
        }],
        sampled: Vec::new(),
        samples: Vec::new(),
        samples_taken: 0,
        fronts: Vec::new(),
        unreachable: Vec::new(),
        unassigned: Vec::new(),
        retention_risk_accepted: Vec::new(),
        headroom_ms: None,
        guard: None,
        stop_started_ms: None,
        stopped: None,
    }
}

/// What awaitDrain leaves of some run.
pub fn drained() -> Option<Drain> {
    const CLOSED: &str =
        include_str!("../../../../wasm-actions/cut/tests/fixtures/exactly-once.json");
    Cut::parse(CLOSED).unwrap().drain
}

/// A partition of which Connect had committed this one.
pub fn mirrored(last: u64) -> SourceRow {
    SourceRow {
        last_mirrored: Some(last),
        next: None,
        searched_to: last + 1,
        log_start_offset: 0,
        last_stable_offset: last + 1,
        high_watermark: last + 1,
        tail_read: None,
        gap: None,
        seam: None,
    }
}

/// Messages of a source's partition, each stamped with its number.
pub fn messages(numbers: std::ops::Range<u64>) -> Vec<Batch> {
    let one = |(offset, number): (usize, u64)| {
        let mut record = Rec::new(offset as u64, Some(&format!("m{number}")), Some("x"));
        record.timestamp = 10_000 + number as i64;
        Batch::of(vec![record])
    };
    numbers.enumerate().map(one).collect()
}

pub fn row<'p>(plan: &'p Plan, topic: &str, number: u32) -> &'p slackwater_point::PlannedPartition {
    let wanted = PartitionId::new(topic, number);
    plan.partitions
        .iter()
        .find(|one| one.partition == wanted)
        .unwrap()
}

/// A producer snapshot without a producer.
pub fn empty_snapshot(dir: &Path, base: u64) {
    let body = 0i32.to_be_bytes();
    let mut bytes = 1i16.to_be_bytes().to_vec();
    bytes.extend(crate::log::crc::crc32c(&body).to_be_bytes());
    bytes.extend(body);
    fs::write(dir.join(format!("{base:020}.snapshot")), bytes).unwrap();
}
