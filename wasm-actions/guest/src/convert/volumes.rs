//! Flushes and snapshots.

use slackwater_ports as ports;

use super::record;
use crate::bindings::slackwater::phase::volume_flush as flush;
use crate::bindings::slackwater::phase::volume_snapshot as snapshot;

record!(flush::Flushed => ports::Flushed {
    volume, broker, started_ms, ended_ms, method, error,
});
record!(snapshot::SnapshotSeen => ports::SnapshotSeen {
    volume, broker, driver, method, handle, started_ms, cut_ms, error,
});
