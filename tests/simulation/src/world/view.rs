//! What clients of both clusters and of Connect see.

use slackwater_ports::{
    Broker, ConfigEntry, ConnectView, ConnectorRef, ConnectorState, ConnectorView, Digest128,
    Ended, Head, HeadRow, Isolation, PartitionId, PartitionView, PortError, PortErrorKind,
    Position, RecordSeen, Seen, Setting, Span, SpanRead, TaskView, TimestampType, TopicConfig,
    TopicView,
};

use super::World;
use super::connect::Connect;
use super::log::{Entry, data};
use super::mirror::{BROKERS, Role};

/// MirrorMaker's alias of the source.
pub(crate) const ALIAS: &str = "src";

/// The one topic of the source.
const TOPIC: &str = "t";

/// The Connect cluster's name in the configuration.
pub(crate) const CONNECT: &str = "connect:8083";

/// Kafka's ids of the clusters.
pub(crate) const MIRROR_ID: &str = "mirror";
const SOURCE_ID: &str = "source";

/// Seven days, on both sides.
const RETENTION_MS: &str = "604800000";

/// The topic of a role, and the partition's number in it.
pub(crate) fn name_of(role: Role) -> PartitionId {
    match role {
        Role::Copy(of) => PartitionId::new(format!("{ALIAS}.{TOPIC}"), of as u32),
        Role::Config => PartitionId::new("mm2-configs", 0),
        Role::Offset => PartitionId::new("mm2-offsets", 0),
        Role::Status => PartitionId::new("mm2-status", 0),
        Role::Groups => PartitionId::new("__consumer_offsets", 0),
        Role::Transactions => PartitionId::new("__transaction_state", 0),
    }
}

/// A record's content as its digest.
fn content(id: u64) -> Digest128 {
    Digest128(u128::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

pub(crate) fn seen(offset: u64, entry: &Entry) -> RecordSeen {
    RecordSeen {
        offset,
        timestamp_ms: entry.ts,
        timestamp_type: TimestampType::CreateTime,
        batch_epoch: Some(entry.epoch),
        content: content(entry.id),
    }
}

fn silent(what: &str) -> PortError {
    PortError::new(PortErrorKind::Timeout, format!("{what} does not answer"))
}

impl World {
    /// Position of a partition of the mirror.
    pub(crate) fn at(&self, id: &PartitionId) -> Option<usize> {
        let mut partitions = self.mirror.partitions.iter();
        partitions.position(|one| one.name == *id)
    }

    fn source_answers(&self) -> Seen<()> {
        if self.now < self.source.silent_until {
            return Err(silent("the source"));
        }
        Ok(())
    }

    pub(crate) fn describe_mirror(&self) -> Seen<(String, Vec<Broker>, Vec<TopicView>)> {
        let alive = |at: &usize| !self.mirror.brokers[*at].fenced;
        if !(0..BROKERS).any(|at| self.mirror.brokers[at].answers(self.now)) {
            return Err(silent("the mirror"));
        }
        let mut topics: Vec<TopicView> = Vec::new();
        for partition in &self.mirror.partitions {
            let id = partition.name.clone();
            let view = PartitionView {
                partition: id.partition,
                leader: partition.leader.map_or(-1, |one| one as i32 + 1),
                replicas: partition
                    .replicas
                    .iter()
                    .map(|one| *one as i32 + 1)
                    .collect(),
                isr: partition.isr.iter().map(|one| *one as i32 + 1).collect(),
            };
            match topics.iter_mut().find(|topic| topic.name == id.topic) {
                Some(topic) => topic.partitions.push(view),
                None => topics.push(TopicView {
                    topic_id: topic_id(&id.topic),
                    internal: id.topic.starts_with("__"),
                    name: id.topic,
                    partitions: vec![view],
                }),
            }
        }
        for n in 0..self.mirror.strange_topics {
            let name = format!("strange-{n}");
            topics.push(TopicView {
                topic_id: topic_id(&name),
                name,
                internal: false,
                partitions: vec![PartitionView {
                    partition: 0,
                    leader: 1,
                    replicas: vec![1],
                    isr: vec![1],
                }],
            });
        }
        let brokers = (0..BROKERS).filter(alive).map(broker).collect();
        Ok((MIRROR_ID.to_owned(), brokers, topics))
    }

    pub(crate) fn describe_source(&self) -> Seen<(String, Vec<Broker>, Vec<TopicView>)> {
        self.source_answers()?;
        let partitions = (0..self.source.partitions.len()).map(|at| PartitionView {
            partition: at as u32,
            leader: 1,
            replicas: vec![1],
            isr: vec![1],
        });
        let topic = TopicView {
            name: TOPIC.to_owned(),
            topic_id: topic_id(TOPIC),
            internal: false,
            partitions: partitions.collect(),
        };
        Ok((SOURCE_ID.to_owned(), vec![broker(0)], vec![topic]))
    }

    pub(crate) fn config_of(&self, topic: &str) -> TopicConfig {
        let state = topic.starts_with("mm2-") || topic.starts_with("__");
        let policy = if state { "compact" } else { "delete" };
        let version = self.mirror.config_version.to_string();
        let entry = |key: &str, value: &str| ConfigEntry {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        TopicConfig {
            topic: topic.to_owned(),
            entries: vec![
                entry("cleanup.policy", policy),
                entry("retention.ms", RETENTION_MS),
                entry(
                    "segment.jitter.ms",
                    if topic == TOPIC { "0" } else { &version },
                ),
            ],
        }
    }

    pub(crate) fn mirror_head(&self, id: &PartitionId) -> HeadRow {
        let head = match self.at(id).map(|at| &self.mirror.partitions[at]) {
            None if id.topic.starts_with("strange-") => Ok(Head {
                log_start_offset: 0,
                high_watermark: 0,
                last_stable_offset: 0,
                leader_epoch: Some(0),
            }),
            None => Err("UNKNOWN_TOPIC_OR_PART".to_owned()),
            Some(partition) => match partition.leader {
                Some(leader) if self.mirror.brokers[leader].answers(self.now) => {
                    if self.now < partition.silent_until {
                        Err("OFFSET_NOT_AVAILABLE".to_owned())
                    } else {
                        Ok(Head {
                            log_start_offset: 0,
                            high_watermark: partition.hw,
                            last_stable_offset: partition.last_stable(),
                            leader_epoch: Some(partition.epoch),
                        })
                    }
                }
                Some(_) => Err("its leader did not answer in time".to_owned()),
                None => Err("LEADER_NOT_AVAILABLE".to_owned()),
            },
        };
        HeadRow {
            partition: id.clone(),
            head,
        }
    }

    pub(crate) fn source_head(&self, id: &PartitionId) -> HeadRow {
        let partition = self.source.partitions.get(id.partition as usize);
        let head = partition.filter(|_| id.topic == TOPIC).map(|one| Head {
            log_start_offset: one.start,
            high_watermark: one.end(),
            last_stable_offset: one.end(),
            leader_epoch: Some(0),
        });
        HeadRow {
            partition: id.clone(),
            head: head.ok_or_else(|| "UNKNOWN_TOPIC_OR_PART".to_owned()),
        }
    }

    pub(crate) fn sweep_source(&self) -> Seen<()> {
        self.source_answers()
    }

    pub(crate) fn read_mirror(&self, span: &Span, isolation: Isolation) -> SpanRead {
        let Some(at) = self.at(&span.partition) else {
            return failed(span, "UNKNOWN_TOPIC_OR_PART");
        };
        let partition = &self.mirror.partitions[at];
        let answers = partition
            .leader
            .is_some_and(|leader| self.mirror.brokers[leader].answers(self.now));
        let (Some(log), true) = (partition.leading(), answers) else {
            return SpanRead {
                ended: Ended::TimedOut,
                ..failed(span, "")
            };
        };
        let committed = isolation == Isolation::ReadCommitted;
        let end = if committed {
            partition.last_stable()
        } else {
            partition.hw
        };
        let known = log.entries.len().min(partition.hw as usize) as u64;
        let end = end.min(known);
        let from = span.start.min(end);
        let records = data(&log.entries, from, known, committed)
            .filter(|(offset, _)| *offset < end)
            .map(|(offset, entry)| seen(offset, entry));
        read(span, end, records)
    }

    pub(crate) fn read_source(&self, span: &Span) -> SpanRead {
        let Some(partition) = self
            .source
            .partitions
            .get(span.partition.partition as usize)
        else {
            return failed(span, "UNKNOWN_TOPIC_OR_PART");
        };
        if self.now < self.source.silent_until {
            return SpanRead {
                ended: Ended::TimedOut,
                ..failed(span, "")
            };
        }
        if span.start < partition.start {
            return SpanRead {
                ended: Ended::OutOfRange,
                ..failed(span, "")
            };
        }
        let end = partition.end();
        let from = span.start.min(end);
        let records = partition.records[from as usize..]
            .iter()
            .enumerate()
            .map(|(at, record)| RecordSeen {
                offset: from + at as u64,
                timestamp_ms: record.ts,
                timestamp_type: TimestampType::CreateTime,
                batch_epoch: Some(0),
                content: content(record.id),
            });
        read(span, end, records)
    }

    pub(crate) fn connect_views(&mut self) -> Seen<(Vec<ConnectView>, Vec<ConnectorView>)> {
        self.connect.answers(self.now, &mut self.rng)?;
        let connect = ConnectView {
            name: CONNECT.to_owned(),
            endpoint: "http://connect:8083".to_owned(),
            version: "4.3.1".to_owned(),
            kafka_cluster_id: MIRROR_ID.to_owned(),
        };
        let eos = self.connect.eos;
        let connectors = self.connect.connectors.iter().map(|one| {
            let tasks = one.tasks.iter().enumerate().map(|(id, task)| TaskView {
                id: id as u32,
                state: ConnectorState::Running,
                worker: "worker".to_owned(),
                trace: None,
                assigned: task
                    .assigned()
                    .map(|of| PartitionId::new(TOPIC, of as u32))
                    .collect(),
            });
            let kind = if one.copies { "Source" } else { "Checkpoint" };
            ConnectorView {
                connect: CONNECT.to_owned(),
                name: one.name.to_owned(),
                class: format!("org.apache.kafka.connect.mirror.Mirror{kind}Connector"),
                state: one.state(self.now),
                tasks: tasks.collect(),
                config: settings(eos),
            }
        });
        Ok((vec![connect], connectors.collect()))
    }

    /// What Connect says was committed; `None` while it can't read that.
    pub(crate) fn positions(&mut self, connector: &ConnectorRef) -> Seen<Option<Vec<Position>>> {
        self.connect.answers(self.now, &mut self.rng)?;
        let copies = self
            .connect
            .connectors
            .iter()
            .any(|one| one.name == connector.name && one.copies);
        if !copies {
            return Ok(Some(Vec::new()));
        }
        let offsets = &self.mirror.partitions[self.mirror.of_role(Role::Offset)];
        if offsets.leading().is_none() || offsets.last_stable() != offsets.hw {
            return Ok(None);
        }
        let positions = (0..self.source.partitions.len()).filter_map(|of| {
            Some(Position {
                partition: PartitionId::new(TOPIC, of as u32),
                offset: Connect::committed(&self.mirror, of)?,
            })
        });
        Ok(Some(positions.collect()))
    }
}

pub(crate) fn topic_id(name: &str) -> String {
    format!("id-of-{name}")
}

fn broker(at: usize) -> Broker {
    Broker {
        id: at as i32 + 1,
        host: "broker".to_owned(),
        port: 9092 + at as u32,
    }
}

fn settings(eos: bool) -> Vec<Setting> {
    let setting = |key: &str, value: &str| Setting {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let mut settings = vec![
        setting("source.cluster.alias", ALIAS),
        setting("target.cluster.alias", "mirror"),
        setting("topics", TOPIC),
    ];
    if eos {
        settings.push(setting("consumer.isolation.level", "read_committed"));
    }
    settings
}

fn failed(span: &Span, why: &str) -> SpanRead {
    SpanRead {
        partition: span.partition.clone(),
        records: Vec::new(),
        count: 0,
        position: span.start,
        ended: Ended::Failed(why.to_owned()),
    }
}

/// What a consumer gets of `records`, which begin at the span's start and end
/// at `end`.
fn read(span: &Span, end: u64, records: impl Iterator<Item = RecordSeen>) -> SpanRead {
    let mut kept: Vec<RecordSeen> = Vec::new();
    let mut count = 0;
    let mut position = end.min(span.until.max(span.start));
    let mut ended = if end >= span.until {
        Ended::Until
    } else {
        Ended::EndOfPartition
    };
    for record in records {
        if record.offset >= span.until {
            break;
        }
        count += 1;
        kept.push(record);
        if count == span.most {
            position = record.offset + 1;
            ended = Ended::Most;
            break;
        }
    }
    let drop = kept.len().saturating_sub(span.keep_last as usize);
    kept.drain(..drop);
    SpanRead {
        partition: span.partition.clone(),
        records: kept,
        count,
        position: position.max(span.start),
        ended,
    }
}
