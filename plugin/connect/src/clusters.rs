//! The Connect clusters that feed one mirror, as ports.

#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it says when something was asked"
)]

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use slackwater_ports::{
    Answer, ConnectView, ConnectorPosition, ConnectorRef, Interval, MirrorLook, MirrorStart,
    MirrorStop, MirrorView, PortError, PortErrorKind, Position, Seen, Target, Want,
};

use crate::client::Client;
use crate::look::connector_path;
use crate::wire::{RawConfig, RawOffsets};
use crate::{ConnectError, ConnectOptions, Selection, Transport, decode, look};

/// For a stop, a pause or a resume: each writes to Connect's config topic, and
/// when that topic can't take it, Connect answers 500 after 30 s. That answer
/// is worth more than a silence.
pub const CHANGE_TIMEOUT: Duration = Duration::from_secs(35);

/// For committed offsets: Connect reads its offsets topic to the end, which
/// takes milliseconds, or up to 60 s while a transaction is open on it. Then
/// nothing is settled, and to ask again tells more than to wait.
pub const OFFSETS_TIMEOUT: Duration = Duration::from_secs(5);

/// `source.cluster.alias` where it is not set (`MirrorConnectorConfig`).
const DEFAULT_ALIAS: &str = "source";

/// A Connect cluster, and how it is asked.
pub struct Reach {
    /// As [`ConnectorRef::connect`] has it.
    pub name: String,
    /// For messages.
    pub endpoint: String,
    /// For each look.
    pub timeout: Duration,
    /// What carries requests.
    pub transport: Box<dyn Transport>,
}

/// The Connect clusters.
pub struct ConnectClusters {
    clients: Vec<Client>,
    selection: Selection,
}

impl ConnectClusters {
    /// Nothing is asked yet. [`ConnectorRef::connect`] is the name in
    /// `options`.
    pub fn new(options: Vec<ConnectOptions>, selection: Selection) -> Result<Self, ConnectError> {
        if options.is_empty() {
            return Err(ConnectError::None);
        }
        let clients = options.into_iter().map(Client::new);
        Ok(Self {
            clients: clients.collect::<Result<_, _>>()?,
            selection,
        })
    }

    /// Connect clusters that are asked over something else than HTTP from here.
    ///
    /// # Errors
    /// None is given.
    pub fn over(reaches: Vec<Reach>, selection: Selection) -> Result<Self, ConnectError> {
        if reaches.is_empty() {
            return Err(ConnectError::None);
        }
        let clients = reaches.into_iter().map(|reach| {
            let Reach {
                name,
                endpoint,
                timeout,
                transport,
            } = reach;
            Client::over(name, endpoint, timeout, transport)
        });
        Ok(Self {
            clients: clients.collect(),
            selection,
        })
    }

    /// The Connect clusters, whatever runs on them, in their order.
    ///
    /// # Errors
    /// One does not answer.
    pub fn connects(&self) -> Seen<Vec<ConnectView>> {
        self.clients.iter().map(look::root).collect()
    }

    fn client(&self, connector: &ConnectorRef) -> Seen<&Client> {
        let named = |client: &&Client| client.name == connector.connect;
        self.clients.iter().find(named).ok_or_else(|| {
            let message = format!(
                "connector {connector} is on the Connect cluster {}, which the configuration does \
                 not list: give the one that runs it now this `name` there",
                connector.connect,
            );
            PortError::new(PortErrorKind::Unsupported, message)
        })
    }

    fn change(&self, connector: &ConnectorRef, verb: &str) -> Answer {
        let path = connector_path(&connector.name, verb);
        let told = |client: &Client| client.put_within(&path, CHANGE_TIMEOUT);
        Answer {
            connector: connector.clone(),
            accepted: self.client(connector).and_then(told),
        }
    }
}

/// The first request has this start of the others. A worker does all in one
/// thread (`DistributedHerder.tick`), and what comes while it is at the first
/// one is taken together, in one rebalance; of what comes at the same instant
/// some waits for a second one.
const HEAD_START: Duration = Duration::from_millis(15);

/// One answer for each, in their order, asked at once but for the first.
fn all_at_once<T: Sync>(each: &[T], ask: impl Fn(&T) -> Answer + Sync) -> Vec<Answer> {
    thread::scope(|scope| {
        let mut asked = Vec::new();
        for (at, one) in each.iter().enumerate() {
            if at == 1 {
                thread::sleep(HEAD_START);
            }
            asked.push(scope.spawn(|| ask(one)));
        }
        asked
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(answer) => answer,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

impl MirrorLook for ConnectClusters {
    fn mirror(&self) -> Seen<MirrorView> {
        let first_request_ms = now_ms();
        let mut connects = Vec::new();
        let mut connectors = Vec::new();
        for client in &self.clients {
            let (connect, found) = look::at(client, &self.selection)?;
            connects.push(connect);
            connectors.extend(found);
        }
        let names = connectors.iter().map(|found| found.name.as_str());
        self.selection.all_listed(names)?;
        Ok(MirrorView {
            asked: Interval {
                first_request_ms,
                last_answer_ms: now_ms().max(first_request_ms),
            },
            connects,
            connectors,
        })
    }
}

impl MirrorStop for ConnectClusters {
    fn stop(&self, connectors: &[ConnectorRef]) -> Vec<Answer> {
        all_at_once(connectors, |connector| self.change(connector, "stop"))
    }
}

impl MirrorStart for ConnectClusters {
    fn start(&self, connectors: &[Want]) -> Vec<Answer> {
        all_at_once(connectors, |want| {
            let verb = match want.target {
                Target::Running => "resume",
                Target::Paused => "pause",
            };
            self.change(&want.connector, verb)
        })
    }
}

impl ConnectorPosition for ConnectClusters {
    fn positions(&self, connector: &ConnectorRef) -> Seen<Vec<Position>> {
        let client = self.client(connector)?;
        let config: RawConfig = client.get(&connector_path(&connector.name, "config"))?;
        let alias = config.get("source.cluster.alias").cloned().flatten();
        let path = connector_path(&connector.name, "offsets");
        let raw: RawOffsets = client.get_within(&path, OFFSETS_TIMEOUT)?;
        decode::positions(raw.offsets, alias.as_deref().unwrap_or(DEFAULT_ALIAS))
            .map_err(|why| client.malformed(&path, &why))
    }
}
