//! What a clone is given of the original: its cut, what is kept beside that, and what
//! is said of how the mirror is come to. Of the original nothing is written.

use serde_json::{Value, json};
use slackwater_cut::{Cut, State};
use slackwater_kubernetes::{
    ConfigMapRuns, Kept, Own, Place, Resource, RestoreError, RunsError, about_name,
};
use slackwater_store::RunId;

use super::Strimzi;
use super::marks::marks_of_clone;
use crate::exit::Stop;
use crate::site::Runs;

impl Strimzi {
    /// That a run is this Kafka's own. Beside a clone lies a cut of the original's, of which
    /// the snapshots are, and what is kept.
    ///
    /// # Errors
    /// It is another's; no answer.
    pub fn must_be_of_it(&self, run: &RunId) -> Result<(), Stop> {
        let Some(document) = self.document_if_there(run)? else {
            return Ok(());
        };
        let cut = Cut::parse(&document).map_err(Stop::failed)?;
        match cut.mirror == self.kafka.to_string() {
            true => Ok(()),
            false => Err(Stop::bad_input(format!(
                "run {run} is of {}: what is told of it is told with --kafka {}; a clone is gone with \
                 its namespace",
                cut.mirror, cut.mirror
            ))),
        }
    }

    /// That its namespace is there.
    ///
    /// # Errors
    /// It is not; no answer.
    pub fn must_have_namespace(&self) -> Result<(), Stop> {
        let namespace = self.kafka.namespace();
        let place = Place::cluster(Resource::namespaces(), namespace).map_err(Stop::bad_input)?;
        match self.server.get(&place).map_err(Stop::failed)? {
            Some(_) => Ok(()),
            None => Err(Stop::bad_input(format!(
                "there is no namespace {namespace}: `kubectl create namespace {namespace}` comes first"
            ))),
        }
    }

    /// A run's document as it lies beside this Kafka, and its revision; nothing where
    /// there is none.
    fn beside(&self, run: &RunId) -> Result<Option<(String, u64)>, Stop> {
        let Runs::ConfigMaps(runs) = &self.runs else {
            return Err(Stop::failed("runs in Kubernetes are in ConfigMaps"));
        };
        match runs.load(run) {
            Ok(record) => Ok(Some((record.document, record.revision))),
            Err(RunsError::Missing { .. }) => Ok(None),
            Err(error) => Err(Stop::failed(error)),
        }
    }

    /// The document of a run of `origin`: as a clone has written it here, else the
    /// original's. What others have restored here is as it was when it was sealed.
    ///
    /// # Errors
    /// There is none.
    pub fn document_of(&self, origin: &Self, run: &RunId) -> Result<String, Stop> {
        let here = self.beside(run)?.map(|(document, _)| document);
        let is_closed = |text: &String| {
            Cut::parse(text).is_ok_and(|cut| matches!(cut.state, State::Closed { .. }))
        };
        match here {
            Some(here) if is_closed(&here) => Ok(here),
            here => match (origin.document_if_there(run)?, here) {
                (None, Some(here)) => Ok(here),
                _ => origin.document(run).map(|(document, _)| document),
            },
        }
    }

    /// Writes what a clone has shown beside it, and nowhere else: its cut is not the
    /// original's.
    ///
    /// # Errors
    /// It can't be written.
    pub fn save_beside(&self, run: &RunId, document: &str) -> Result<(), Stop> {
        let namespace = self.kafka.namespace();
        let runs = ConfigMapRuns::new(self.server.clone(), namespace, marks_of_clone);
        let runs = Runs::ConfigMaps(runs);
        let saved = match self.beside(run)? {
            Some((_, revision)) => runs.supersede(run, revision, document),
            None => runs.create(run, document),
        };
        saved.map(drop).map_err(Stop::failed)
    }

    /// What is kept of a run of this Kafka, as a clone in another namespace has it, and
    /// what was left out.
    ///
    /// # Errors
    /// Nothing is kept; what can't be beside the original.
    pub fn kept_as_clone(
        &self,
        run: &RunId,
        into: &str,
        own: Own,
    ) -> Result<Option<(Kept, Vec<String>)>, Stop> {
        let Some(kept) = self.kept(run)? else {
            return Ok(None);
        };
        let keeper = self.keeper();
        let has_certificate = |name: &str| -> Result<bool, RestoreError> {
            let Some(keeper) = &keeper else {
                return Ok(false);
            };
            let secret = keeper.secret(run, name)?;
            Ok(secret["data"]["user.crt"].is_string())
        };
        let from = self.kafka.namespace();
        let cloned = kept.cloned(from, into, own, has_certificate);
        cloned.map(Some).map_err(Stop::bad_input)
    }

    /// Says of this Kafka what is said of the original: where, if nothing was said yet.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn say_as_of(&self, origin: &Self) -> Result<Option<Place>, Stop> {
        let there = about(origin.kafka.namespace(), origin.kafka.name())?;
        let said = origin.server.get(&there).map_err(Stop::failed)?;
        said.map_or(Ok(None), |said| self.say(&said))
    }

    /// The same of what is kept beside the cut: where, if nothing was said of it any more.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn say_as_kept(&self, kept: &Kept) -> Result<Option<Place>, Stop> {
        kept.about.as_ref().map_or(Ok(None), |said| self.say(said))
    }

    fn say(&self, said: &Value) -> Result<Option<Place>, Stop> {
        let here = about(self.kafka.namespace(), self.kafka.name())?;
        if self.server.get(&here).map_err(Stop::failed)?.is_some() {
            return Ok(None);
        }
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": self.kafka.namespace(), "name": here.name()},
            "data": said["data"],
        });
        let made = self.server.create(&here, &object);
        made.map(|_| Some(here)).map_err(Stop::failed)
    }
}

fn about(namespace: &str, kafka: &str) -> Result<Place, Stop> {
    Place::new(Resource::config_maps(), namespace, &about_name(kafka)).map_err(Stop::bad_input)
}
