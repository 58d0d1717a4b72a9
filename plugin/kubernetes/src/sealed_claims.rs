//! Which run sealed the claims of a mirror last, noted on them: whoever backs them up
//! with their manifests restores the note with them, and so it is known from which
//! backup they came. A hint for people and hooks; what they hold is held against the
//! cut all the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use slackwater_store::RunId;

use crate::labels::CLUSTER;
use crate::place::{Place, Resource};
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

    /// The run that is noted on each claim of a Kafka; `None` of one without.
    ///
    /// # Errors
    /// No answer.
    pub fn runs(&self, kafka: &str) -> Result<BTreeMap<String, Option<String>>, ApiError> {
        let found = self.of(kafka)?;
        let noted = found.iter().map(|one| {
            let note = one["metadata"]["annotations"][SEALED].as_str();
            (name(one), note.map(str::to_owned))
        });
        Ok(noted.collect())
    }

    /// When each claim of a Kafka was made, ms since the epoch, by the API server's clock.
    /// One of which that is not said is left out.
    ///
    /// # Errors
    /// No answer.
    pub fn made_ms(&self, kafka: &str) -> Result<BTreeMap<String, u64>, ApiError> {
        let found = self.of(kafka)?;
        let made = found.iter().filter_map(|one| {
            let at = one["metadata"]["creationTimestamp"].as_str()?;
            let at: jiff::Timestamp = at.parse().ok()?;
            Some((name(one), u64::try_from(at.as_millisecond()).ok()?))
        });
        Ok(made.collect())
    }

    fn of(&self, kafka: &str) -> Result<Vec<Value>, ApiError> {
        let labels = format!("{CLUSTER}={kafka}");
        self.server
            .list_metadata(&Resource::claims(), &self.namespace, &labels)
    }
}

fn name(claim: &Value) -> String {
    let name = claim["metadata"]["name"].as_str();
    name.unwrap_or_default().to_owned()
}
