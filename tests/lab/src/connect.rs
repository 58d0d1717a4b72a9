//! A distributed Kafka Connect worker with MirrorMaker 2's connectors, over
//! its REST interface. Owns its process.

use std::time::Duration;

use serde_json::Value;

use crate::cluster::Place;
use crate::error::LabError;
use crate::jvm;
use crate::mirror_maker::{Connector, MirrorMaker};
use crate::service::{Service, ServiceSpec};
use crate::wait;

/// Until a worker is ready; 4 to 9 s on two idle cores.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// One REST request: Connect itself gives up on a stop after 30 s and on
/// offsets after 60.
const REQUEST_LIMIT: Duration = Duration::from_secs(65);

/// A Connect worker. Dropping it kills it.
#[derive(Debug)]
pub struct Connect {
    service: Service,
    mirror_maker: MirrorMaker,
}

/// State of a connector and of its tasks, in Connect's words (`RUNNING`,
/// `STOPPED`, `FAILED` …).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorStatus {
    /// The connector's own state.
    pub connector: String,
    /// One state a task, in the order of their ids.
    pub tasks: Vec<String>,
}

impl ConnectorStatus {
    fn of(body: &Value) -> Self {
        let state = |value: &Value| value["state"].as_str().unwrap_or("unknown").to_owned();
        Self {
            connector: state(&body["connector"]),
            tasks: body["tasks"]
                .as_array()
                .into_iter()
                .flatten()
                .map(state)
                .collect(),
        }
    }

    /// Whether it is RUNNING, with tasks that all are.
    #[must_use]
    pub fn is_running(&self, connector: Connector) -> bool {
        self.connector == "RUNNING"
            && self.tasks.len() >= connector.least_tasks()
            && self.tasks.iter().all(|task| task == "RUNNING")
    }
}

/// A worker is controlled as any service is: `pause`, `cont`, `kill9`, `stop`,
/// `start`, `pid`.
impl std::ops::Deref for Connect {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Connect {
    /// Writes the worker's properties; starts nothing yet.
    pub(crate) fn new(
        name: &str,
        mirror_maker: MirrorMaker,
        place: &Place<'_>,
    ) -> Result<Self, LabError> {
        let properties = place.run_dir.join(format!("{name}.properties"));
        mirror_maker.worker().write(&properties)?;
        let service = Service::new(
            place.jvm,
            ServiceSpec {
                name: name.to_owned(),
                class: "org.apache.kafka.connect.cli.ConnectDistributed",
                heap: jvm::CONNECT_HEAP,
                prefix: place.prefix.clone(),
                properties,
                run_dir: place.run_dir.to_owned(),
            },
        );
        Ok(Self {
            service,
            mirror_maker,
        })
    }

    /// `http://127.0.0.1:port`, or its own address where it is apart.
    #[must_use]
    pub fn url(&self) -> String {
        let MirrorMaker {
            rest_host,
            rest_port,
            ..
        } = &self.mirror_maker;
        format!("http://{rest_host}:{rest_port}")
    }

    /// Waits for `/health`: a worker whose port answers is not ready by that.
    ///
    /// # Errors
    /// When the worker died, or a timeout.
    pub fn wait_ready(&self) -> Result<(), LabError> {
        wait::until("connect to be ready", READY_LIMIT, || {
            self.check_alive()?;
            Ok(self.request("GET", "/health", None).ok().map(drop))
        })
    }

    /// Creates MirrorMaker's connectors, or puts their configurations back.
    ///
    /// # Errors
    /// A configuration that Connect refuses (400), or a timeout.
    pub fn put_connectors(&self) -> Result<(), LabError> {
        for connector in Connector::ALL {
            let config = serde_json::to_value(self.mirror_maker.connector(connector).as_map())
                .map_err(|error| LabError::Invalid(error.to_string()))?;
            self.put_config(connector.name(), &config)?;
        }
        Ok(())
    }

    /// Creates a connector of any name, or changes it. A worker that still
    /// starts or rebalances (404, 409, 5xx) is asked again.
    ///
    /// # Errors
    /// A configuration that Connect refuses (400), or a timeout.
    pub fn put_config(&self, name: &str, config: &Value) -> Result<(), LabError> {
        let path = format!("/connectors/{name}/config");
        wait::until(&format!("connect to take {name}"), READY_LIMIT, || {
            self.check_alive()?;
            match self.request("PUT", &path, Some(config)) {
                Ok(_) => Ok(Some(())),
                Err(error) if error.to_string().contains("status 400") => Err(error),
                Err(_) => Ok(None),
            }
        })
    }

    /// Waits until MirrorMaker's connectors and all their tasks are RUNNING.
    ///
    /// # Errors
    /// When the worker died, a connector or task FAILED, or a timeout.
    pub fn wait_running(&self) -> Result<(), LabError> {
        for connector in Connector::ALL {
            let name = connector.name();
            wait::until(
                &format!("{name} to be RUNNING with its tasks"),
                READY_LIMIT,
                || {
                    self.check_alive()?;
                    let Ok(status) = self.status(name) else {
                        return Ok(None);
                    };
                    if status.connector == "FAILED" || status.tasks.iter().any(|t| t == "FAILED") {
                        return Err(LabError::Connect {
                            request: format!("to run {name}"),
                            reason: format!("{status:?}; see {}", self.log().display()),
                        });
                    }
                    Ok(status.is_running(connector).then_some(()))
                },
            )?;
        }
        Ok(())
    }

    /// A connector's status.
    ///
    /// # Errors
    /// When Connect does not answer, or knows no such connector.
    pub fn status(&self, name: &str) -> Result<ConnectorStatus, LabError> {
        let body = self.request("GET", &format!("/connectors/{name}/status"), None)?;
        Ok(ConnectorStatus::of(&body))
    }

    /// Asks for a connector to be stopped; the call does not wait for its tasks.
    ///
    /// # Errors
    /// When Connect refuses.
    pub fn stop_connector(&self, name: &str) -> Result<(), LabError> {
        self.request("PUT", &format!("/connectors/{name}/stop"), None)
            .map(drop)
    }

    /// Asks for a connector to be resumed.
    ///
    /// # Errors
    /// When Connect refuses.
    pub fn resume_connector(&self, name: &str) -> Result<(), LabError> {
        self.request("PUT", &format!("/connectors/{name}/resume"), None)
            .map(drop)
    }

    /// A connector's status, if it comes in time.
    ///
    /// # Errors
    /// When Connect does not answer, or knows no such connector.
    pub fn status_within(&self, name: &str, limit: Duration) -> Result<ConnectorStatus, LabError> {
        let path = format!("/connectors/{name}/status");
        let body = self.request_within("GET", &path, None, limit)?;
        Ok(ConnectorStatus::of(&body))
    }

    /// Starts again what has FAILED of a connector, as an operator does.
    ///
    /// # Errors
    /// When Connect refuses.
    pub fn restart_failed(&self, name: &str) -> Result<(), LabError> {
        let path = format!("/connectors/{name}/restart?includeTasks=true&onlyFailed=true");
        self.request("POST", &path, None).map(drop)
    }

    /// One REST request; gives the JSON body, or null for an empty one.
    ///
    /// # Errors
    /// `status NNN` with the body for anything but 2xx; the transport's error.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, LabError> {
        self.request_within(method, path, body, REQUEST_LIMIT)
    }

    fn request_within(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Value, LabError> {
        let failed = |reason: String| LabError::Connect {
            request: format!("{method} {path}"),
            reason,
        };
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(limit))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url()))
            .header("content-type", "application/json")
            .body(body.map(Value::to_string).unwrap_or_default())
            .map_err(|error| failed(error.to_string()))?;
        let mut answer = agent
            .run(request)
            .map_err(|error| failed(error.to_string()))?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| failed(error.to_string()))?;
        if !answer.status().is_success() {
            return Err(failed(format!(
                "status {}: {text}",
                answer.status().as_u16()
            )));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub(crate) fn mirror_maker(&self) -> &MirrorMaker {
        &self.mirror_maker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_the_connector_and_each_task() {
        let body = serde_json::json!({
            "connector": {"state": "RUNNING"},
            "tasks": [{"id": 0, "state": "FAILED"}, {"id": 1, "state": "RUNNING"}],
        });
        let status = ConnectorStatus::of(&body);
        assert_eq!(status.connector, "RUNNING");
        assert_eq!(status.tasks, ["FAILED", "RUNNING"]);
    }
}
