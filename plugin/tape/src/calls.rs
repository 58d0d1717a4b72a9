//! All calls of all ports, for a macro to be made something of.

macro_rules! all_calls {
    ($then:ident) => {
        $then! {
            Clock {
                now_ms() -> u64;
                monotonic_ms() -> u64;
                sleep_ms(ms: u64) -> ();
            }
            Progress {
                waiting(step: &str, awaited: &str, remaining_ms: Option<u64>) -> ();
            }
            Log {
                log(level: Level, message: &str) -> ();
            }
            RunStore {
                load() -> Seen<RunRecord>;
                save(expected: u64, document: &str) -> Seen<u64>;
            }
            Heads {
                describe(cluster: &Cluster) -> Seen<ClusterView>;
                configs(cluster: &Cluster, topics: &[String]) -> Seen<Vec<TopicConfig>>;
                sweep(cluster: &Cluster, partitions: &[PartitionId]) -> Seen<HeadSweep>;
            }
            Records {
                read(
                    cluster: &Cluster,
                    isolation: Isolation,
                    spans: &[Span],
                    timeout_ms: u64
                ) -> Seen<Vec<SpanRead>>;
            }
            Groups {
                committed() -> Seen<Vec<GroupOffset>>;
            }
            MirrorLook {
                mirror() -> Seen<MirrorView>;
            }
            MirrorStop {
                stop(connectors: &[ConnectorRef]) -> Vec<Answer>;
            }
            MirrorStart {
                start(connectors: &[Want]) -> Vec<Answer>;
            }
            ConnectorPosition {
                positions(connector: &ConnectorRef) -> Seen<Vec<Position>>;
            }
            VolumeFlush {
                flush() -> Seen<Vec<Flushed>>;
            }
            VolumeSnapshot {
                request() -> Seen<()>;
                snapshots() -> Seen<Vec<SnapshotSeen>>;
                others() -> Seen<Vec<OtherSnapshot>>;
            }
            VolumeContent {
                survey() -> Seen<ContentSurvey>;
                scan(depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>>;
                range(wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>>;
                transactions() -> Seen<TransactionsSeen>;
                metadata() -> Seen<Vec<MetadataSeen>>;
            }
            BrokerProcesses {
                broker_processes() -> Seen<Vec<BrokerProcess>>;
            }
            BrokerStop {
                stop_brokers() -> Seen<Vec<BrokerAnswer>>;
            }
            BrokerStart {
                start_brokers() -> Seen<Vec<BrokerAnswer>>;
            }
            GuardLook {
                guard() -> Seen<GuardView>;
            }
            GuardStart {
                engage(window_ms: u64) -> Seen<GuardView>;
            }
        }
    };
}

pub(crate) use all_calls;
