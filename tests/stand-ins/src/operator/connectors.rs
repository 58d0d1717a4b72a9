//! The connectors of a KafkaMirrorMaker2, by Connect's REST
//! (`AbstractConnectOperator.java:413-572`, `maybeCreateOrUpdateConnector` and `updateState`;
//! `KafkaMirrorMaker2AssemblyOperator.java:297-361`, `reconcileConnectors`).
//!
//! Not played: that a connector that has failed fails the reconciliation (329-341), and so
//! does a pause of such a one (`AbstractConnectOperator.java:554-558`); restarts; offsets.
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: what it plays waits for Connect"
)]

use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};
use slackwater_kubernetes::ApiServer;

use super::client;
use super::meta::{need, text};
use crate::StandInError;

/// One request; Connect itself gives up after 90 s.
const LIMIT: Duration = Duration::from_secs(90);

/// How a status is waited for (there: `BackOff(200, 2, 10)`,
/// `AbstractConnectOperator.java:511-515`).
const STATUS_TRIES: u32 = 50;
const STATUS_PAUSE: Duration = Duration::from_millis(200);

const CLASS: &str = "org.apache.kafka.connect.mirror";

/// The keys of `spec.mirrors[]`, and the classes (`KafkaMirrorMaker2Connectors.java:42-53`).
const KINDS: [(&str, &str); 2] = [
    ("sourceConnector", "MirrorSourceConnector"),
    ("checkpointConnector", "MirrorCheckpointConnector"),
];

/// A connector as the resource wants it.
pub(super) struct Wanted {
    name: String,
    config: Value,
    state: String,
}

/// All that a resource wants (`KafkaMirrorMaker2Connectors.java:94-186`,
/// `generateConnectorDefinitions`; `AbstractConnectOperator.java:1189-1205`). There, what a
/// connector's own `config` says of a cluster comes before what the cluster says.
pub(super) fn wanted(server: &ApiServer, maker: &Value) -> Result<Vec<Wanted>, StandInError> {
    let namespace = need(maker, "/metadata/namespace")?;
    let target = &maker["spec"]["target"];
    let alias = text(target, "/alias");
    let mut all = Vec::new();
    for mirror in maker["spec"]["mirrors"].as_array().into_iter().flatten() {
        let source = &mirror["source"];
        let of = text(source, "/alias");
        for (key, class) in KINDS {
            let Some(connector) = mirror.get(key) else {
                continue;
            };
            let mut config = Map::new();
            for (name, value) in connector["config"].as_object().into_iter().flatten() {
                config.insert(name.clone(), word(value).into());
            }
            let mut set = |name: &str, value: String| {
                config.insert(name.to_owned(), value.into());
            };
            set("connector.class", format!("{CLASS}.{class}"));
            set(
                "tasks.max",
                connector["tasksMax"].as_u64().unwrap_or(1).to_string(),
            );
            set("source.cluster.alias", of.to_owned());
            set("target.cluster.alias", alias.to_owned());
            for (side, cluster) in [("source", source), ("target", target)] {
                let servers = text(cluster, "/bootstrapServers").to_owned();
                set(&format!("{side}.cluster.bootstrap.servers"), servers);
                for (name, value) in client::properties(server, &namespace, cluster)? {
                    set(&format!("{side}.cluster.{name}"), value);
                }
            }
            for (field, name) in [
                ("topicsPattern", "topics"),
                ("topicsExcludePattern", "topics.exclude"),
                ("groupsPattern", "groups"),
                ("groupsExcludePattern", "groups.exclude"),
            ] {
                if let Some(pattern) = mirror[field].as_str() {
                    set(name, pattern.to_owned());
                }
            }
            let name = format!("{of}->{alias}.{class}");
            set("name", name.clone());
            all.push(Wanted {
                name,
                config: config.into(),
                state: connector["state"].as_str().unwrap_or("running").to_owned(),
            });
        }
    }
    Ok(all)
}

/// As a property's value.
pub(super) fn word(value: &Value) -> String {
    value.as_str().map_or(value.to_string(), str::to_owned)
}

/// One Connect.
pub(super) struct Connectors {
    agent: ureq::Agent,
    url: String,
}

impl Connectors {
    pub(super) fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self {
            agent: config.into(),
            url: url.to_owned(),
        }
    }

    /// Makes them what is wanted, one after another, and gives what each says
    /// right after it was told: that is what stands in the status
    /// (`KafkaMirrorMaker2AssemblyOperator.java:297-361`; there, all at once).
    pub(super) fn reconcile(&self, wanted: &[Wanted]) -> Result<Value, StandInError> {
        let (_, there) = self.ask("GET", "/connectors", None)?;
        for name in there
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !wanted.iter().any(|one| one.name == name) {
                self.ask("DELETE", &path(name, ""), None)?;
            }
        }
        let mut said = Vec::new();
        for one in wanted {
            self.configure(one)?;
            self.put_state(one, text(&self.status(one)?, "/connector/state"))?;
            said.push(self.status(one)?);
        }
        Ok(said.into())
    }

    /// One that was just made has none yet, which is waited for
    /// (`KafkaConnectApiImpl.java:236-239`, with a back-off on 404).
    fn status(&self, one: &Wanted) -> Result<Value, StandInError> {
        let path = path(&one.name, "/status");
        for _ in 0..STATUS_TRIES {
            match self.ask("GET", &path, None)? {
                (200, status) => return Ok(status),
                (404, _) => thread::sleep(STATUS_PAUSE),
                (code, said) => return Err(self.error(&path, &format!("{code}: {said}"))),
            }
        }
        Err(self.error(&path, "there is no status"))
    }

    fn error(&self, path: &str, said: &str) -> StandInError {
        StandInError::Connect {
            url: format!("{}{path}", self.url),
            said: said.to_owned(),
        }
    }

    /// (`AbstractConnectOperator.java:418-515`)
    fn configure(&self, one: &Wanted) -> Result<(), StandInError> {
        let (code, config) = self.ask("GET", &path(&one.name, "/config"), None)?;
        if code == 404 {
            // In the state that is wanted from its start on (`KafkaConnectApiImpl.java:94-103`;
            // not so before 1.2.0).
            let body = json!({
                "name": one.name,
                "config": one.config,
                "initial_state": one.state.to_ascii_uppercase(),
            });
            self.must("POST", "/connectors", Some(&body))?;
        } else if config != one.config {
            self.must("PUT", &path(&one.name, "/config"), Some(&one.config))?;
        }
        Ok(())
    }

    /// What is neither the one nor the other (UNASSIGNED, RESTARTING) is left to
    /// the next time (`AbstractConnectOperator.java:517-572`).
    fn put_state(&self, one: &Wanted, is: &str) -> Result<(), StandInError> {
        let verb = match (is, one.state.as_str()) {
            ("RUNNING" | "PAUSED" | "FAILED", "stopped") => "/stop",
            ("RUNNING" | "STOPPED", "paused") => "/pause",
            ("PAUSED" | "STOPPED", "running") => "/resume",
            _ => return Ok(()),
        };
        self.must("PUT", &path(&one.name, verb), None)
    }

    fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(), StandInError> {
        match self.ask(method, path, body)? {
            (code, _) if code < 300 => Ok(()),
            (code, said) => Err(self.error(path, &format!("{code}: {said}"))),
        }
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), StandInError> {
        let failed = |said: String| self.error(path, &said);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .body(body.map(Value::to_string).unwrap_or_default())
            .map_err(|error| failed(error.to_string()))?;
        let answer = self.agent.run(request);
        let mut answer = answer.map_err(|error| failed(error.to_string()))?;
        let code = answer.status().as_u16();
        let text = answer.body_mut().read_to_string();
        let text = text.map_err(|error| failed(error.to_string()))?;
        // Some answers have no body.
        Ok((code, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
}

/// (`KafkaConnectApiImpl.java:153-156`)
fn path(connector: &str, end: &str) -> String {
    format!("/connectors/{}{end}", connector.replace('>', "%3E"))
}
