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
    fn request(&self) -> Seen<()> {
        volume_snapshot::request().convert()
    }

    fn snapshots(&self) -> Seen<Vec<SnapshotSeen>> {
        volume_snapshot::look().convert()
    }
}

impl ports::BrokerProcesses for Capabilities {
    fn broker_processes(&self) -> Seen<Vec<ports::BrokerProcess>> {
        broker_process::look().convert()
    }
}
