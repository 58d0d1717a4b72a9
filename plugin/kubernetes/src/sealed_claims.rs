//! Which run sealed the claims of a mirror last, noted on them: whoever backs them up
//! with their manifests restores the note with them, and so it is known from which
//! backup they came. A hint for people and hooks; what they hold is held against the
//! cut all the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use slackwater_store::RunId;

use crate::labels::CLUSTER;
use crate::place::{Place, Resource, name};
use crate::rights::{Right, rights};
use crate::{ApiError, ApiServer};

/// The annotation. No label: by those of its name this program finds claims that it
/// made itself.
const SEALED: &str = "slackwater.io/sealed-by";

/// The claims of one mirror.
pub struct SealedClaims {
    server: ApiServer,
    namespace: String,
}

/// What is said of one of them.
pub struct SealedClaim {
    /// The run that is noted on it.
    pub run: Option<String>,
    /// When it was made, ms since the epoch, by the API server's clock.
    pub made_ms: Option<u64>,
}

impl SealedClaims {
    /// In this namespace.
    pub fn new(server: ApiServer, namespace: impl Into<String>) -> Self {
        Self {
            server,
            namespace: namespace.into(),
        }
    }

    /// What it takes to note it.
    pub fn rights(&self) -> Vec<Right> {
        rights(&self.namespace, &Resource::claims(), "", &["patch"])
    }

    /// Notes the run on each of these claims.
    ///
    /// # Errors
    /// A refusal; no answer; what was written does not stand there.
    pub fn note(&self, claims: &[String], run: &RunId) -> Result<(), ApiError> {
        let change = json!({"metadata": {"annotations": {SEALED: run.as_str()}}});
        for claim in claims {
            let place = Place::new(Resource::claims(), &self.namespace, claim)?;
            let stored = self.server.merge(&place, &change)?;
            if stored["metadata"]["annotations"][SEALED] != run.as_str() {
                return Err(ApiError::Malformed {
                    what: format!("note run {run} on {place}"),
                    said: "an object without the note".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The claims of a Kafka, by name.
    ///
    /// # Errors
    /// No answer.
    pub fn list(&self, kafka: &str) -> Result<BTreeMap<String, SealedClaim>, ApiError> {
        let labels = format!("{CLUSTER}={kafka}");
        let found = self
            .server
            .list_metadata(&Resource::claims(), &self.namespace, &labels)?;
        let each = found.iter().map(|one| (name(one), SealedClaim::read(one)));
        Ok(each.collect())
    }
}

impl SealedClaim {
    fn read(claim: &Value) -> Self {
        let metadata = &claim["metadata"];
        let made = metadata["creationTimestamp"].as_str();
        let made: Option<jiff::Timestamp> = made.and_then(|at| at.parse().ok());
        Self {
            run: metadata["annotations"][SEALED].as_str().map(str::to_owned),
            made_ms: made.and_then(|at| at.as_millisecond().try_into().ok()),
        }
    }
}
