//! The mirror's volumes.

use slackwater_ports as ports;
use slackwater_ports::{Flushed, Seen, SnapshotSeen};

use crate::Capabilities;
use crate::bindings::slackwater::phase::{broker_process, volume_flush, volume_snapshot};
use crate::convert::Convert as _;

impl ports::VolumeFlush for Capabilities {
    fn flush(&self) -> Seen<Vec<Flushed>> {
        volume_flush::flush().convert()
    }
}

impl ports::VolumeSnapshot for Capabilities {
    fn snapshot(&self) -> Seen<Vec<SnapshotSeen>> {
        volume_snapshot::snapshot().convert()
    }

    fn find(&self) -> Seen<Vec<SnapshotSeen>> {
        volume_snapshot::find().convert()
    }
}

impl ports::BrokerProcesses for Capabilities {
    fn broker_processes(&self) -> Seen<Vec<ports::BrokerProcess>> {
        broker_process::look().convert()
    }
}
