//! The mirror's volumes and brokers.

use slackwater_ports as ports;
use slackwater_ports::{BrokerAnswer, Flushed, Seen, SnapshotSeen};

use crate::Capabilities;
use crate::bindings::slackwater::phase::{
    broker_process, broker_start, broker_stop, volume_flush, volume_snapshot,
};
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

    fn others(&self) -> Seen<Vec<ports::OtherSnapshot>> {
        volume_snapshot::others().convert()
    }
}

impl ports::BrokerProcesses for Capabilities {
    fn broker_processes(&self) -> Seen<Vec<ports::BrokerProcess>> {
        broker_process::look().convert()
    }
}

impl ports::BrokerStop for Capabilities {
    fn stop_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        broker_stop::stop().convert()
    }
}

impl ports::BrokerStart for Capabilities {
    fn start_brokers(&self) -> Seen<Vec<BrokerAnswer>> {
        broker_start::start().convert()
    }
}
