//! Flushes and snapshots, and the brokers that write to the volumes.

use slackwater_ports as ports;

use super::record;
use crate::bindings::slackwater::phase::broker_process as process;
use crate::bindings::slackwater::phase::types;
use crate::bindings::slackwater::phase::volume_flush as flush;
use crate::bindings::slackwater::phase::volume_snapshot as snapshot;

record!(flush::Flushed => ports::Flushed {
    volume, broker, started_ms, ended_ms, method, opened_ms, error,
});
record!(snapshot::SnapshotSeen => ports::SnapshotSeen {
    volume, broker, driver, method, handle, started_ms, cut_ms, ready, error,
});
record!(snapshot::SnapshotIdentity => ports::SnapshotIdentity { uid, content, stored_as });
record!(snapshot::OtherSnapshot => ports::OtherSnapshot { seen, identity });
record!(process::BrokerProcessSeen => ports::BrokerProcess { volume, broker, identity, why });
record!(types::BrokerAnswer => ports::BrokerAnswer { broker, done });
