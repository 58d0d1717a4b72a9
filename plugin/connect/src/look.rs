//! A look at one Connect cluster.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use slackwater_ports::{ConnectView, ConnectorView, PortError, PortErrorKind, Seen};

use crate::client::Client;
use crate::select::{Role, Selection, full_class};
use crate::wire::{RawConnector, RawRoot, RawTask};
use crate::{decode, text};

/// RFC 3986's unreserved characters stay as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// `/connectors/{name}/{what}`
pub(crate) fn connector_path(name: &str, what: &str) -> String {
    format!("/connectors/{}/{what}", utf8_percent_encode(name, SEGMENT))
}

/// The Connect cluster alone.
pub(crate) fn root(client: &Client) -> Seen<ConnectView> {
    let root: RawRoot = client.get("/")?;
    Ok(ConnectView {
        name: client.name.clone(),
        endpoint: client.endpoint.clone(),
        version: text::line(&root.version),
        kafka_cluster_id: text::line(&root.kafka_cluster_id),
    })
}

/// The Connect cluster and those of its connectors that feed the mirror.
pub(crate) fn at(
    client: &Client,
    selection: &Selection,
) -> Seen<(ConnectView, Vec<ConnectorView>)> {
    let view = root(client)?;
    let mut strangers = Vec::new();
    let mut ours = Vec::new();
    for (name, raw) in all(client)? {
        match selection.role(&name, &raw.info.config) {
            Role::Ours => ours.push(one(client, name, raw)?),
            Role::NotOurs => tracing::debug!(connector = text::line(&name), "not of this mirror"),
            Role::Unknown(why) => strangers.push(why),
        }
    }
    if strangers.is_empty() {
        return Ok((view, ours));
    }
    let message = format!("at {}: {}", client.endpoint, strangers.join("; "));
    Err(PortError::new(PortErrorKind::Refused, message))
}

/// All connectors, sorted by name.
///
/// The expanded list silently leaves out a connector that has no status yet
/// (`ConnectorsResource.listConnectors`); the plain one, asked after it, does
/// not. One that was left out is not taken for absent.
fn all(client: &Client) -> Seen<BTreeMap<String, RawConnector>> {
    let expanded: BTreeMap<String, RawConnector> =
        client.get("/connectors?expand=info&expand=status")?;
    let names: Vec<String> = client.get("/connectors")?;
    match names.iter().find(|name| !expanded.contains_key(*name)) {
        None => Ok(expanded),
        Some(name) => {
            let name = text::line(name);
            let message = format!("connector {name} at {} has no status yet", client.endpoint);
            // What Connect answers when asked for that status.
            Err(PortError::new(PortErrorKind::Refused, message).with_status(404))
        }
    }
}

fn one(client: &Client, name: String, raw: RawConnector) -> Seen<ConnectorView> {
    let path = connector_path(&name, "tasks");
    let configured: Vec<RawTask> = client.get(&path)?;
    let tasks =
        decode::tasks(raw.status.tasks, configured).map_err(|why| client.malformed(&path, &why))?;
    let class = raw.info.config.get("connector.class").cloned().flatten();
    Ok(ConnectorView {
        connect: client.name.clone(),
        name,
        class: full_class(&class.unwrap_or_default()),
        state: decode::state(&raw.status.connector.state),
        tasks,
        config: decode::settings(raw.info.config),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_becomes_another_path() {
        let path = connector_path("a/../b ?#%ä", "stop");
        assert_eq!(path, "/connectors/a%2F..%2Fb%20%3F%23%25%C3%A4/stop");
    }
}
