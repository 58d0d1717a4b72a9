//! What feeds the mirror.

use slackwater_ports as domain;
use wasmtime::Result;

use crate::bindings::slackwater::phase::types::{Answer, ConnectorRef, PortError};
use crate::bindings::slackwater::phase::{
    connector_position, mirror_look, mirror_start, mirror_stop,
};
use crate::convert::Convert as _;
use crate::state::State;

type Seen<T> = std::result::Result<T, PortError>;

impl mirror_look::Host for State {
    fn look(&mut self) -> Result<Seen<mirror_look::MirrorView>> {
        Ok(self.port(|ports| &ports.mirror_look)?.mirror().convert())
    }
}

impl mirror_stop::Host for State {
    fn stop(&mut self, connectors: Vec<ConnectorRef>) -> Result<Vec<Answer>> {
        let port = self.port(|ports| &ports.mirror_stop)?;
        let connectors: Vec<domain::ConnectorRef> = connectors.convert();
        Ok(port.stop(&connectors).convert())
    }
}

impl mirror_start::Host for State {
    fn start(&mut self, connectors: Vec<mirror_start::Want>) -> Result<Vec<Answer>> {
        let port = self.port(|ports| &ports.mirror_start)?;
        let wants: Vec<domain::Want> = connectors.convert();
        Ok(port.start(&wants).convert())
    }
}

impl connector_position::Host for State {
    fn positions(
        &mut self,
        connector: ConnectorRef,
    ) -> Result<Seen<Vec<connector_position::Position>>> {
        let port = self.port(|ports| &ports.connector_position)?;
        Ok(port.positions(&connector.convert()).convert())
    }
}
