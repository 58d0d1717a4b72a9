//! Connectors.

use slackwater_ports as ports;

use super::{cases, record};
use crate::bindings::slackwater::phase::mirror_look as look;
use crate::bindings::slackwater::phase::mirror_start as start;
use crate::bindings::slackwater::phase::{connector_position as position, types};

record!(types::ConnectorRef => ports::ConnectorRef { connect, name });
cases!(start::Target => ports::Target { Running, Paused });
record!(start::Want => ports::Want { connector, target });

record!(ports::ConnectorRef => types::ConnectorRef { connect, name });
record!(ports::Answer => types::Answer { connector, accepted });
cases!(ports::ConnectorState => look::ConnectorState {
    Unassigned, Running, Paused, Stopped, Failed, Restarting, Other(name),
});
record!(ports::TaskView => look::TaskView { id, state, worker, trace, assigned });
record!(ports::Setting => look::Setting { key, value });
record!(ports::ConnectorView => look::ConnectorView {
    connect, name, class, state, tasks, config,
});
record!(ports::ConnectView => look::ConnectView { name, endpoint, version, kafka_cluster_id });
record!(ports::MirrorView => look::MirrorView { asked, connects, connectors });
record!(ports::Position => position::Position { partition, offset });
