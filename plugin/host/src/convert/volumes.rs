//! Flushes and snapshots, and the brokers that write to the volumes.

use slackwater_ports as ports;

use super::record;
use crate::bindings::slackwater::phase::broker_process as process;
use crate::bindings::slackwater::phase::types;
use crate::bindings::slackwater::phase::volume_flush as flush;
use crate::bindings::slackwater::phase::volume_snapshot as snapshot;

record!(ports::Flushed => flush::Flushed {
    volume, broker, started_ms, ended_ms, method, opened_ms, error,
});
record!(ports::SnapshotSeen => snapshot::SnapshotSeen {
    volume, broker, driver, method, handle, started_ms, cut_ms, ready, error,
});
record!(ports::SnapshotIdentity => snapshot::SnapshotIdentity { uid, content, stored_as });
record!(ports::OtherSnapshot => snapshot::OtherSnapshot { seen, identity });
record!(ports::BrokerProcess => process::BrokerProcessSeen { volume, broker, identity, why });
record!(ports::BrokerAnswer => types::BrokerAnswer { broker, done });
