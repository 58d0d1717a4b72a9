//! Which run sealed the claims of a mirror last, noted on them: whoever backs them up
//! with their manifests restores the note with them, and so it is known from which
//! backup they came. A hint for people and hooks; what they hold is held against the
//! cut all the same.

use std::collections::BTreeMap;

use serde_json::json;
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
        let labels = format!("{CLUSTER}={kafka}");
        let found = self
            .server
            .list_metadata(&Resource::claims(), &self.namespace, &labels)?;
        let noted = found.iter().map(|one| {
            let note = one["metadata"]["annotations"][SEALED].as_str();
            let name = one["metadata"]["name"].as_str().unwrap_or_default();
            (name.to_owned(), note.map(str::to_owned))
        });
        Ok(noted.collect())
    }
}
