//! The cut store in ConfigMaps: run documents, changed by compare-and-swap.
//!
//! ```text
//! slackwater-<run id>-run                        revision, digest, document
//! slackwater-<run id>-run-<revision>-<tag>-<n>   a part of a larger one
//! ```
//!
//! They have no owner: one that belonged to the Kafka would die with it, and
//! then it is needed. Parts are written first and taken away last, so that the
//! first ConfigMap always names parts that are there. What was written is read
//! back.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use slackwater_ports::{PortError, PortErrorKind, RunRecord, RunStore, Seen};
use slackwater_store::RunId;

use crate::document::{self, DOCUMENT, Head, MOST_PARTS, PART_BYTES};
use crate::labels::{APP, RUN, SLACKWATER};
use crate::place::{Place, Resource};
use crate::{ApiError, ApiServer};

/// On parts alone.
const PART: &str = "slackwater.io/part";

/// How often a read begins again because another revision was written
/// meanwhile: a reader that is behind so often has another trouble.
const MOST_READS: usize = 5;

/// Why the store has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The API server has none.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No name for an object.
    #[error("namespace {namespace} or run {run} is no name for an object: use a-z, 0-9 and -")]
    Name {
        /// The namespace.
        namespace: String,
        /// The run.
        run: RunId,
    },
    /// There is no such run.
    #[error(
        "no run {run} in namespace {namespace}: `kubectl get cm -l {RUN}` shows those there are"
    )]
    Missing {
        /// Which.
        run: RunId,
        /// Where.
        namespace: String,
    },
    /// Somebody else wrote first.
    #[error("run {run} is at revision {found}, not {expected}: read it again")]
    Conflict {
        /// Which.
        run: RunId,
        /// The revision that the caller knew.
        expected: u64,
        /// The one that is stored.
        found: u64,
    },
    /// It is not what this program wrote.
    #[error("{place} is damaged ({why}): restore it from a copy, or delete it")]
    Torn {
        /// Which ConfigMap.
        place: Box<Place>,
        /// What is wrong with it.
        why: String,
    },
    /// Over the limit.
    #[error("run {run} has {bytes} bytes, over the limit of {}", PART_BYTES * MOST_PARTS)]
    TooLarge {
        /// Which.
        run: RunId,
        /// Its size.
        bytes: usize,
    },
    /// What was read back is not what was written.
    #[error("run {run} reads back differently than it was written: look who else writes {place}")]
    ReadBack {
        /// Which.
        run: RunId,
        /// Its ConfigMap.
        place: Box<Place>,
    },
}

impl From<RunsError> for PortError {
    fn from(error: RunsError) -> Self {
        let kind = match error {
            RunsError::Api(error) => return error.into(),
            RunsError::Conflict { .. } => PortErrorKind::Conflict,
            RunsError::Torn { .. } | RunsError::ReadBack { .. } => PortErrorKind::Malformed,
            RunsError::Name { .. } | RunsError::Missing { .. } | RunsError::TooLarge { .. } => {
                PortErrorKind::Refused
            }
        };
        PortError::new(kind, error.to_string())
    }
}

/// What `kubectl get cm -l …` is to show of a document: labels and annotations
/// of its first ConfigMap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Values that can be selected by.
    pub labels: BTreeMap<String, String>,
    /// Others.
    pub annotations: BTreeMap<String, String>,
}

/// Reads the marks out of a document, which is opaque here.
pub type Describe = fn(&str) -> Marks;

/// The run documents of one namespace.
#[derive(Clone)]
pub struct ConfigMapRuns {
    server: ApiServer,
    namespace: String,
    describe: Describe,
}

#[derive(Debug, Default, Deserialize)]
struct RawConfigMap {
    #[serde(default)]
    data: BTreeMap<String, String>,
}

/// A document, and its first ConfigMap as it was read.
struct Found {
    record: RunRecord,
    head: Head,
    resource_version: Value,
}

impl ConfigMapRuns {
    /// Nothing is asked yet.
    pub fn new(server: ApiServer, namespace: impl Into<String>, describe: Describe) -> Self {
        Self {
            server,
            namespace: namespace.into(),
            describe,
        }
    }

    /// Writes the first revision, and gives its number.
    ///
    /// # Errors
    /// There is such a run; no answer.
    pub fn create_run(&self, run: &RunId, document: &str) -> Result<u64, RunsError> {
        let laid = self.lay(run, 1, document)?;
        let place = self.place(run, "")?;
        self.write_parts(run, &laid)?;
        let head = self.config_map(&place, run, &laid.head.data(), &(self.describe)(document));
        self.server.create(&place, &head)?;
        self.read_back(run, &laid.head)?;
        Ok(1)
    }

    /// What is stored.
    ///
    /// # Errors
    /// There is no such run, or it is damaged; no answer.
    pub fn load(&self, run: &RunId) -> Result<RunRecord, RunsError> {
        Ok(self.find(run)?.record)
    }

    /// Writes the next revision if the stored one is `expected`, and gives its
    /// number.
    ///
    /// # Errors
    /// It is another one; no answer.
    pub fn save(&self, run: &RunId, expected: u64, document: &str) -> Result<u64, RunsError> {
        let before = self.find(run)?;
        if before.record.revision != expected {
            return Err(RunsError::Conflict {
                run: run.clone(),
                expected,
                found: before.record.revision,
            });
        }
        let revision = expected.saturating_add(1);
        let laid = self.lay(run, revision, document)?;
        let place = self.place(run, "")?;
        self.write_parts(run, &laid)?;
        let marks = (self.describe)(document);
        let mut head = self.config_map(&place, run, &laid.head.data(), &marks);
        head["metadata"]["resourceVersion"] = before.resource_version;
        match self.server.update(&place, &head) {
            Ok(_) => {}
            Err(ApiError::Conflict { .. }) => {
                return Err(self.lost_to_another(run, expected, &laid.head));
            }
            Err(error) => return Err(error.into()),
        }
        self.read_back(run, &laid.head)?;
        self.remove_parts(run, &before.head);
        Ok(revision)
    }

    /// Somebody wrote between the read and the write.
    fn lost_to_another(&self, run: &RunId, expected: u64, ours: &Head) -> RunsError {
        let found = match self.find(run) {
            Ok(found) => found,
            Err(error) => return error,
        };
        // The same text at the same revision has the same parts.
        if found.head.tag() != ours.tag() {
            self.remove_parts(run, ours);
        }
        RunsError::Conflict {
            run: run.clone(),
            expected,
            found: found.record.revision,
        }
    }

    /// All runs that are here, by name.
    ///
    /// # Errors
    /// No answer.
    pub fn list(&self) -> Result<Vec<RunId>, RunsError> {
        let labels = format!("{APP}={SLACKWATER},{RUN},!{PART}");
        let found = self
            .server
            .list(&Resource::config_maps(), &self.namespace, &labels)?;
        let mut runs: Vec<RunId> = found
            .iter()
            .filter_map(|one| one["metadata"]["labels"][RUN].as_str()?.parse().ok())
            .collect();
        runs.sort();
        Ok(runs)
    }

    /// Deletes a run. Its parts go last: what is left when this is cut short is
    /// not a run any more.
    ///
    /// # Errors
    /// No answer.
    pub fn delete(&self, run: &RunId) -> Result<(), RunsError> {
        self.server.delete(&self.place(run, "")?)?;
        let labels = format!("{RUN}={run},{PART}");
        let parts = self
            .server
            .list(&Resource::config_maps(), &self.namespace, &labels)?;
        for part in &parts {
            let name = part["metadata"]["name"].as_str().unwrap_or_default();
            if let Some(place) = Place::new(Resource::config_maps(), &self.namespace, name) {
                self.server.delete(&place)?;
            }
        }
        Ok(())
    }

    fn find(&self, run: &RunId) -> Result<Found, RunsError> {
        let place = self.place(run, "")?;
        let mut missing = String::new();
        for _ in 0..MOST_READS {
            let object = self.server.get(&place)?.ok_or_else(|| RunsError::Missing {
                run: run.clone(),
                namespace: self.namespace.clone(),
            })?;
            let torn = |why: String| RunsError::Torn {
                place: Box::new(place.clone()),
                why,
            };
            let head = Head::read(&data(&object)?).map_err(torn)?;
            let parts = match self.read_parts(run, &head)? {
                Ok(parts) => parts,
                // Another revision was written, and these were taken away.
                Err(part) => {
                    missing = part;
                    continue;
                }
            };
            let record = RunRecord {
                revision: head.revision,
                document: head.clone().whole(&parts).map_err(torn)?,
            };
            return Ok(Found {
                record,
                head,
                resource_version: object["metadata"]["resourceVersion"].clone(),
            });
        }
        Err(RunsError::Torn {
            place: Box::new(place),
            why: format!("its part {missing} is missing"),
        })
    }

    /// The parts, or the one that is missing.
    fn read_parts(
        &self,
        run: &RunId,
        head: &Head,
    ) -> Result<Result<Vec<String>, String>, RunsError> {
        let mut parts = Vec::new();
        for number in 0..head.parts {
            let place = self.part(run, head, number)?;
            let Some(object) = self.server.get(&place)? else {
                return Ok(Err(place.name));
            };
            let text = data(&object)?.remove(DOCUMENT).unwrap_or_default();
            parts.push(text);
        }
        Ok(Ok(parts))
    }

    fn write_parts(&self, run: &RunId, laid: &document::Laid<'_>) -> Result<(), RunsError> {
        for (number, text) in laid.parts.iter().enumerate() {
            let place = self.part(run, &laid.head, number)?;
            let data = BTreeMap::from([(DOCUMENT.to_owned(), (*text).to_owned())]);
            let mut marks = Marks::default();
            marks.labels.insert(PART.to_owned(), number.to_string());
            let object = self.config_map(&place, run, &data, &marks);
            match self.server.create(&place, &object) {
                // A write that was cut short had the same text: its name has the
                // text's digest.
                Ok(_) | Err(ApiError::Exists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What is left of it is taken away with the run.
    fn remove_parts(&self, run: &RunId, head: &Head) {
        for number in 0..head.parts {
            if let Ok(place) = self.part(run, head, number) {
                let _ = self.server.delete(&place);
            }
        }
    }

    fn read_back(&self, run: &RunId, written: &Head) -> Result<(), RunsError> {
        let found = self.find(run)?;
        // Somebody may have written on since.
        if found.head == *written || found.head.revision > written.revision {
            return Ok(());
        }
        Err(RunsError::ReadBack {
            run: run.clone(),
            place: Box::new(self.place(run, "")?),
        })
    }

    fn lay<'a>(
        &self,
        run: &RunId,
        revision: u64,
        document: &'a str,
    ) -> Result<document::Laid<'a>, RunsError> {
        document::lay(revision, document).ok_or_else(|| RunsError::TooLarge {
            run: run.clone(),
            bytes: document.len(),
        })
    }

    fn config_map(
        &self,
        place: &Place,
        run: &RunId,
        data: &BTreeMap<String, String>,
        marks: &Marks,
    ) -> Value {
        let mut labels = marks.labels.clone();
        labels.insert(APP.to_owned(), SLACKWATER.to_owned());
        labels.insert(RUN.to_owned(), run.to_string());
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "namespace": place.namespace,
                "name": place.name,
                "labels": labels,
                "annotations": marks.annotations,
            },
            "data": data,
        })
    }

    fn part(&self, run: &RunId, head: &Head, number: usize) -> Result<Place, RunsError> {
        self.place(run, &format!("-{}-{number}", head.tag()))
    }

    fn place(&self, run: &RunId, end: &str) -> Result<Place, RunsError> {
        let name = format!("slackwater-{run}-run{end}");
        let place = Place::new(Resource::config_maps(), &self.namespace, &name);
        place.ok_or_else(|| RunsError::Name {
            namespace: self.namespace.clone(),
            run: run.clone(),
        })
    }
}

fn data(object: &Value) -> Result<BTreeMap<String, String>, RunsError> {
    let read = RawConfigMap::deserialize(object);
    let map = read.map_err(|error| ApiError::Malformed {
        what: "read a ConfigMap".to_owned(),
        said: error.to_string(),
    })?;
    Ok(map.data)
}

/// One run of the store as the port that phases see.
#[derive(Clone)]
pub struct ConfigMapRun {
    runs: ConfigMapRuns,
    run: RunId,
}

impl ConfigMapRun {
    /// The document of `run`, which need not exist yet.
    pub fn new(runs: ConfigMapRuns, run: RunId) -> Self {
        Self { runs, run }
    }
}

impl RunStore for ConfigMapRun {
    fn load(&self) -> Seen<RunRecord> {
        self.runs.load(&self.run).map_err(PortError::from)
    }

    fn save(&self, expected: u64, document: &str) -> Seen<u64> {
        let saved = self.runs.save(&self.run, expected, document);
        saved.map_err(PortError::from)
    }
}
