//! The mirror's volumes and brokers.

use wasmtime::Result;

use crate::bindings::slackwater::phase::broker_process::{self, BrokerProcessSeen};
use crate::bindings::slackwater::phase::types::{BrokerAnswer, PortError};
use crate::bindings::slackwater::phase::volume_flush::{self, Flushed};
use crate::bindings::slackwater::phase::volume_snapshot::{self, OtherSnapshot, SnapshotSeen};
use crate::bindings::slackwater::phase::{broker_start, broker_stop};
use crate::convert::Convert as _;
use crate::state::State;

type Seen<T> = std::result::Result<T, PortError>;

impl volume_flush::Host for State {
    fn flush(&mut self) -> Result<Seen<Vec<Flushed>>> {
        Ok(self.port(|ports| &ports.volume_flush)?.flush().convert())
    }
}

impl volume_snapshot::Host for State {
    fn request(&mut self) -> Result<Seen<()>> {
        let port = self.port(|ports| &ports.volume_snapshot)?;
        Ok(port.request().convert())
    }

    fn look(&mut self) -> Result<Seen<Vec<SnapshotSeen>>> {
        let port = self.port(|ports| &ports.volume_snapshot)?;
        Ok(port.snapshots().convert())
    }

    fn others(&mut self) -> Result<Seen<Vec<OtherSnapshot>>> {
        let port = self.port(|ports| &ports.volume_snapshot)?;
        Ok(port.others().convert())
    }
}

impl broker_process::Host for State {
    fn look(&mut self) -> Result<Seen<Vec<BrokerProcessSeen>>> {
        let port = self.port(|ports| &ports.broker_processes)?;
        Ok(port.broker_processes().convert())
    }
}

impl broker_stop::Host for State {
    fn stop(&mut self) -> Result<Seen<Vec<BrokerAnswer>>> {
        let port = self.port(|ports| &ports.broker_stop)?;
        Ok(port.stop_brokers().convert())
    }
}

impl broker_start::Host for State {
    fn start(&mut self) -> Result<Seen<Vec<BrokerAnswer>>> {
        let port = self.port(|ports| &ports.broker_start)?;
        Ok(port.start_brokers().convert())
    }
}
