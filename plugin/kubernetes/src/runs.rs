//! The cut store in ConfigMaps: run documents, changed by compare-and-swap.
//!
//! ```text
//! slackwater-<run id>-run                          revision, digest, document
//! slackwater-<run id>-run-<revision>-<write>-<n>   a part of a larger one
//! ```
//!
//! They have no owner: one that belonged to the Kafka would die with it, and
//! then it is needed. Parts are written first and taken away last, so that the
//! first ConfigMap always names parts that are there. What was written is read
//! back, and a write without an answer is looked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use slackwater_ports::{PortError, RunRecord, RunStore, Seen};
use slackwater_store::RunId;

use crate::document::{self, DOCUMENT, Head};
use crate::labels::{APP, RUN, SLACKWATER};
use crate::place::{Place, Resource, label_value};
use crate::runs_error::MOST_READS;
use crate::{ApiError, ApiServer, RunsError};

/// On parts alone: the revision that they are of.
const PART: &str = "slackwater.io/part";

/// On what a document was before it was written anew: the run that it is of.
const PREVIOUS: &str = "slackwater.io/previous-of";

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

/// A part as a list shows it.
struct Part {
    place: Place,
    revision: Option<u64>,
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

    /// The ConfigMap that a run's document is in, or its first part.
    ///
    /// # Errors
    /// A run that can't be a label.
    pub fn config_map_of(&self, run: &RunId) -> Result<String, RunsError> {
        Ok(self.place(run, "")?.name)
    }

    /// Writes the first revision, and gives its number.
    ///
    /// # Errors
    /// There is such a run; no answer.
    pub fn create_run(&self, run: &RunId, document: &str) -> Result<u64, RunsError> {
        self.create(run, document, (self.describe)(document))
    }

    fn create(&self, run: &RunId, document: &str, marks: Marks) -> Result<u64, RunsError> {
        let laid = self.lay(run, 1, document)?;
        let place = self.place(run, "")?;
        self.write_parts(run, &laid)?;
        let head = self.config_map(&place, run, &laid.head.data(), &marks);
        if let Err(error) = self.server.create(&place, &head) {
            self.unless_it_is_there(run, &laid.head, error)?;
        }
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
            Err(error) => self.unless_it_is_there(run, &laid.head, error)?,
        }
        self.read_back(run, &laid.head)?;
        if laid.head.parts > 0 || before.head.parts > 0 {
            self.remove_older_parts(run, &laid.head);
        }
        Ok(revision)
    }

    /// Writes the next revision of a document that was final, and keeps what it
    /// was as a document of its own, `<run>-was-<revision>`.
    ///
    /// # Errors
    /// The stored revision is another one; no answer.
    pub fn supersede(&self, run: &RunId, expected: u64, document: &str) -> Result<u64, RunsError> {
        let before = self.load(run)?;
        if before.revision != expected {
            return Err(RunsError::Conflict {
                run: run.clone(),
                expected,
                found: before.revision,
            });
        }
        let kept = format!("{run}-was-{}", before.revision);
        let kept: RunId = kept.parse().map_err(|_| ApiError::Name {
            name: kept,
            what: "the document before this one".to_owned(),
            rule: "64 characters at the most",
        })?;
        let mut marks = (self.describe)(&before.document);
        marks.labels.insert(PREVIOUS.to_owned(), run.to_string());
        match self.create(&kept, &before.document, marks) {
            // Of a try that was cut short after it.
            Err(RunsError::Api(ApiError::Exists { .. }))
                if self.load(&kept)?.document == before.document => {}
            created => drop(created?),
        }
        self.save(run, expected, document)
    }

    /// A write that had no answer may have happened: what stands there tells.
    /// Where it did not, its parts go, as they do after a refusal.
    fn unless_it_is_there(
        &self,
        run: &RunId,
        ours: &Head,
        error: ApiError,
    ) -> Result<(), RunsError> {
        if error.is_silence() {
            // It may come to be there yet: its parts stay until the next write.
            let found = self.find(run).map_err(|_| error.clone())?;
            if found.head == *ours {
                return Ok(());
            }
            return Err(error.into());
        }
        self.remove_parts(run, ours);
        Err(error.into())
    }

    /// Somebody wrote between the read and the write.
    fn lost_to_another(&self, run: &RunId, expected: u64, ours: &Head) -> RunsError {
        self.remove_parts(run, ours);
        match self.find(run) {
            Ok(found) => RunsError::Conflict {
                run: run.clone(),
                expected,
                found: found.record.revision,
            },
            Err(error) => error,
        }
    }

    /// All runs that are here, by name.
    ///
    /// # Errors
    /// No answer.
    pub fn list(&self) -> Result<Vec<RunId>, RunsError> {
        let mut runs = self.last(usize::MAX, |_| true)?;
        runs.sort();
        Ok(runs)
    }

    /// The last runs that were begun, the last one first: of those whose annotations are so
    /// (see [`Marks`]). No document is read.
    ///
    /// # Errors
    /// No answer.
    pub fn last(
        &self,
        most: usize,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<Vec<RunId>, RunsError> {
        let labels = format!("{APP}={SLACKWATER},{RUN},!{PART},!{PREVIOUS}");
        let mut made = self.made(&labels, is_so)?;
        made.sort_by(|a, b| b.cmp(a));
        Ok(made.into_iter().take(most).map(|(_, run)| run).collect())
    }

    /// When each was begun, and which it is. One that was restored has its own time in its
    /// name, and that of the restore in its metadata.
    fn made(
        &self,
        labels: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Result<Vec<(u64, RunId)>, RunsError> {
        let kind = Resource::config_maps();
        let found = self.server.list_metadata(&kind, &self.namespace, labels)?;
        let of = |object: &Value| {
            let metadata = &object["metadata"];
            let run: RunId = metadata["labels"][RUN].as_str()?.parse().ok()?;
            let made = || metadata["creationTimestamp"].as_str()?.parse().ok();
            let made = || u64::try_from(made().map(Timestamp::as_millisecond)?).ok();
            let begun = run.begun_ms().or_else(made).unwrap_or_default();
            Some((begun, run))
        };
        let found = found
            .iter()
            .filter(|one| is_so(&one["metadata"]["annotations"]));
        Ok(found.filter_map(of).collect())
    }

    /// Deletes a run. Its parts go last: what is left when this is cut short is
    /// not a run any more.
    ///
    /// # Errors
    /// No answer.
    pub fn delete(&self, run: &RunId) -> Result<(), RunsError> {
        let labels = format!("{APP}={SLACKWATER},{PREVIOUS}={run},!{PART}");
        let previous = self.made(&labels, |_| true)?;
        for (_, was) in previous {
            self.delete_one(&was)?;
        }
        self.delete_one(run)
    }

    fn delete_one(&self, run: &RunId) -> Result<(), RunsError> {
        self.server.delete(&self.place(run, "")?)?;
        for part in self.parts(run)? {
            self.server.delete(&part.place)?;
        }
        Ok(())
    }

    /// All parts of a run, whatever revision they are of.
    fn parts(&self, run: &RunId) -> Result<Vec<Part>, RunsError> {
        let labels = format!("{APP}={SLACKWATER},{RUN}={run},{PART}");
        let kind = Resource::config_maps();
        let found = self.server.list_metadata(&kind, &self.namespace, &labels)?;
        let each = found.iter().map(|object| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let revision = object["metadata"]["labels"][PART].as_str();
            Ok(Part {
                place: Place::new(Resource::config_maps(), &self.namespace, name)?,
                revision: revision.and_then(|text| text.parse().ok()),
            })
        });
        each.collect()
    }

    fn find(&self, run: &RunId) -> Result<Found, RunsError> {
        let place = self.place(run, "")?;
        let mut before: Option<Head> = None;
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
                Err(_) if before.as_ref() != Some(&head) => {
                    before = Some(head);
                    continue;
                }
                Err(part) => return Err(torn(format!("its part {part} is missing"))),
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
        Err(RunsError::Restless(run.clone()))
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
            let revision = laid.head.revision.to_string();
            marks.labels.insert(PART.to_owned(), revision);
            let object = self.config_map(&place, run, &data, &marks);
            if let Err(error) = self.server.create(&place, &object) {
                self.remove_parts(run, &laid.head);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Those of one write. What is left of them goes with the next write of a
    /// large document, or with the run.
    fn remove_parts(&self, run: &RunId, head: &Head) {
        for number in 0..head.parts {
            if let Ok(place) = self.part(run, head, number) {
                let _ = self.server.delete(&place);
            }
        }
    }

    /// Those of the revisions up to this one that are not its own: of the one
    /// before it, and of writers that lost or were cut short. Whoever writes
    /// such a one still has read what is not there any more, and will lose.
    fn remove_older_parts(&self, run: &RunId, head: &Head) {
        let own = (0..head.parts).filter_map(|number| self.part(run, head, number).ok());
        let own: Vec<Place> = own.collect();
        for part in self.parts(run).unwrap_or_default() {
            let older = part.revision.is_some_and(|of| of <= head.revision);
            if older && !own.contains(&part.place) {
                let _ = self.server.delete(&part.place);
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
        document::lay(revision, fastrand::u64(..), document).ok_or_else(|| RunsError::TooLarge {
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
        let name = format!("slackwater-{}-run{end}", label_value(run.as_str())?);
        let kind = Resource::config_maps();
        Ok(Place::new(kind, &self.namespace, &name)?)
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
