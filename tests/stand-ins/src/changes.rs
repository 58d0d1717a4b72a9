//! Whether anything was written in a cluster since it was last looked at. What stands in
//! for a controller looks at everything that there is; where nobody wrote it would do so
//! for nothing, and a Kubernetes that is asked for everything ten times a second has no
//! time left on two cores.
//!
//! By the revision of the API server's store: a list tells it, and each write raises it
//! (Kubernetes' documentation, "Resource versions").
#![allow(
    clippy::disallowed_methods,
    reason = "the edge: it looks now and then without a change, too"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use http::Request;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::StandInError;

/// A look without a change is due after so long: some of what a controller does is a
/// matter of time alone.
const AT_LEAST: Duration = Duration::from_secs(1);

/// A list of one of the few objects of a kind that every cluster has.
const LIST: &str = "/api/v1/namespaces?limit=1";

/// See the module.
pub(crate) struct Changes {
    client: Client,
    runtime: Runtime,
    seen: String,
    looked: Option<Instant>,
}

impl Changes {
    pub(crate) fn of(kubeconfig: &Path) -> Result<Self, StandInError> {
        let failed = |error: &dyn std::fmt::Display| StandInError::Kubectl(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let client = runtime.block_on(async {
            let file = Kubeconfig::read_from(kubeconfig).map_err(|error| failed(&error))?;
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(file, &options).await;
            let config = config.map_err(|error| failed(&error))?;
            Client::try_from(config).map_err(|error| failed(&error))
        })?;
        Ok(Self {
            client,
            runtime,
            seen: String::new(),
            looked: None,
        })
    }

    /// Whether it is time to look; whoever asks does so then. What is written while he looks
    /// is a change at the next time.
    pub(crate) fn are_due(&mut self) -> bool {
        let now = self.revision();
        // Nobody answers: whoever looks will be told.
        let is_changed = now.as_ref().is_none_or(|now| *now != self.seen);
        let is_time = self.looked.is_none_or(|at| at.elapsed() >= AT_LEAST);
        if is_changed || is_time {
            self.seen = now.unwrap_or_default();
            self.looked = Some(Instant::now());
        }
        is_changed || is_time
    }

    fn revision(&self) -> Option<String> {
        let request = Request::get(LIST).body(Vec::new()).ok()?;
        let answer = self.client.request::<Value>(request);
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(AT_LEAST, answer).await });
        let list = answer.ok()?.ok()?;
        let revision = list["metadata"]["resourceVersion"].as_str();
        revision.map(str::to_owned)
    }
}
