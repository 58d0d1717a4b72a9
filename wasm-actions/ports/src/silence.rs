//! A world in which nothing is there: every capability that can fail does, so
//! that a phase ends at its first look. Its clock stands still.

use crate::*;

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silence;

fn silence<T>() -> Seen<T> {
    Err(PortError::new(
        PortErrorKind::Unsupported,
        "nothing is there",
    ))
}

impl Clock for Silence {
    fn now_ms(&self) -> u64 {
        0
    }

    fn monotonic_ms(&self) -> u64 {
        0
    }

    fn sleep_ms(&self, _ms: u64) {}
}

impl Progress for Silence {
    fn waiting(&self, _step: &str, _awaited: &str, _remaining_ms: Option<u64>) {}
}

impl Log for Silence {
    fn log(&self, _level: Level, _message: &str) {}
}

impl RunStore for Silence {
    fn load(&self) -> Seen<RunRecord> {
        silence()
    }

    fn save(&self, _expected: u64, _document: &str) -> Seen<u64> {
        silence()
    }
}

impl Heads for Silence {
    fn describe(&self, _cluster: &Cluster) -> Seen<ClusterView> {
        silence()
    }

    fn configs(&self, _cluster: &Cluster, _topics: &[String]) -> Seen<Vec<TopicConfig>> {
        silence()
    }

    fn sweep(&self, _cluster: &Cluster, _partitions: &[PartitionId]) -> Seen<HeadSweep> {
        silence()
    }
}

impl Groups for Silence {
    fn committed(&self) -> Seen<Vec<GroupOffset>> {
        silence()
    }
}

impl Records for Silence {
    fn read(
        &self,
        _cluster: &Cluster,
        _isolation: Isolation,
        _spans: &[Span],
        _timeout_ms: u64,
    ) -> Seen<Vec<SpanRead>> {
        silence()
    }
}

impl MirrorLook for Silence {
    fn mirror(&self) -> Seen<MirrorView> {
        silence()
    }
}

impl MirrorStop for Silence {
    fn stop(&self, _connectors: &[ConnectorRef]) -> Vec<Answer> {
        Vec::new()
    }
}

impl MirrorStart for Silence {
    fn start(&self, _connectors: &[Want]) -> Vec<Answer> {
        Vec::new()
    }
}

impl ConnectorPosition for Silence {
    fn positions(&self, _connector: &ConnectorRef) -> Seen<Vec<Position>> {
        silence()
    }
}

impl VolumeFlush for Silence {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        silence()
    }
}

impl VolumeSnapshot for Silence {
    fn request(&self) -> Seen<()> {
        silence()
    }

    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>> {
        silence()
    }

    fn others(&self) -> Seen<Vec<OtherSnapshot>> {
        silence()
    }
}

impl VolumeContent for Silence {
    fn survey(&self) -> Seen<ContentSurvey> {
        silence()
    }

    fn scan(&self, _depth: ContentDepth, _wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>> {
        silence()
    }

    fn range(&self, _wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>> {
        silence()
    }

    fn transactions(&self) -> Seen<TransactionsSeen> {
        silence()
    }

    fn metadata(&self) -> Seen<Vec<MetadataSeen>> {
        silence()
    }
}

impl BrokerProcesses for Silence {
    fn broker_processes(&self) -> Seen<Vec<BrokerProcess>> {
        silence()
    }
}

impl BrokerStop for Silence {
    fn stop_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        silence()
    }
}

impl BrokerStart for Silence {
    fn start_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        silence()
    }
}

impl GuardLook for Silence {
    fn guard(&self) -> Seen<GuardView> {
        silence()
    }
}

impl GuardStart for Silence {
    fn engage(&self, _window_ms: u64) -> Seen<GuardView> {
        silence()
    }
}
