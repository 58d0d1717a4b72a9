//! What feeds the mirror.

use slackwater_ports as ports;
use slackwater_ports::{Answer, ConnectorRef, Seen, Want};

use crate::Capabilities;
use crate::bindings::slackwater::phase::{
    connector_position, mirror_look, mirror_start, mirror_stop,
};
use crate::convert::Convert as _;

impl ports::MirrorLook for Capabilities {
    fn mirror(&self) -> Seen<ports::MirrorView> {
        mirror_look::look().convert()
    }
}

impl ports::MirrorStop for Capabilities {
    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        mirror_stop::stop(&connectors.to_vec().convert()).convert()
    }
}

impl ports::MirrorStart for Capabilities {
    fn start(&self, connectors: &[Want]) -> Vec<Answer> {
        mirror_start::start(&connectors.to_vec().convert()).convert()
    }
}

impl ports::ConnectorPosition for Capabilities {
    fn positions(&self, connector: &ConnectorRef) -> Seen<Vec<ports::Position>> {
        connector_position::positions(&connector.clone().convert()).convert()
    }
}
