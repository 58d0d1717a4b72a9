//! Connectors.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::mirror_look as look;
use crate::bindings::slackwater::phase::mirror_start as start;
use crate::bindings::slackwater::phase::{connector_position as position, types};

record!(ports::ConnectorRef => types::ConnectorRef { connect, name });
cases!(ports::Target => start::Target { Running, Paused });
record!(ports::Want => start::Want { connector, target });

record!(types::ConnectorRef => ports::ConnectorRef { connect, name });
record!(types::Answer => ports::Answer { connector, accepted });
cases!(look::ConnectorState => ports::ConnectorState {
    Unassigned, Running, Paused, Stopped, Failed, Restarting, Other(name),
});
record!(look::TaskView => ports::TaskView { id, state, worker, trace, assigned });
record!(look::Setting => ports::Setting { key, value });
record!(look::ConnectorView => ports::ConnectorView {
    connect, name, class, state, tasks, config,
});
record!(look::ConnectView => ports::ConnectView { name, endpoint, version, kafka_cluster_id });
record!(look::MirrorView => ports::MirrorView { asked, connects, connectors });
record!(position::Position => ports::Position { partition, offset });
