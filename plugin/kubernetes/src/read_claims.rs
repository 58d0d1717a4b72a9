//! Claims whose volumes are made from a run's snapshots, to be read and deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use slackwater_store::RunId;

use crate::labels::{APP, RUN, SLACKWATER, runs_of};
use crate::place::{Place, Resource, label_value};
use crate::workers::until_gone;
use crate::{ApiError, ApiServer};

/// The claims of one run in its Kafka's namespace.
#[derive(Clone)]
pub struct ReadClaims {
    server: ApiServer,
    namespace: String,
    run: RunId,
    /// How claims were.
    kept: Vec<Value>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum ReadClaimsError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// What it would be like is gone.
    #[error("{0} is gone: it is not known of what class and size one that is read has to be")]
    NoClaim(Box<Place>),
    /// One of that name is there, and is another.
    #[error("{0} is there and was not made by Slackwater: delete it, or see whose it is")]
    Foreign(Box<Place>),
}

impl ReadClaims {
    /// Nothing is made yet.
    pub fn new(server: ApiServer, namespace: impl Into<String>, run: RunId) -> Self {
        Self {
            server,
            namespace: namespace.into(),
            run,
            kept: Vec::new(),
        }
    }

    /// The same, and a claim that is gone is known by one of these, which were kept of
    /// it.
    #[must_use]
    pub fn or_as_kept(mut self, claims: Vec<Value>) -> Self {
        self.kept = claims;
        self
    }

    /// How a claim is; how it was, where it is gone.
    fn like(&self, claim: &str) -> Result<Value, ReadClaimsError> {
        let place = Place::new(Resource::claims(), &self.namespace, claim)?;
        if let Some(found) = self.server.get(&place)? {
            return Ok(found);
        }
        let mut kept = self.kept.iter();
        let kept = kept.find(|one| one["metadata"]["name"] == claim);
        kept.cloned()
            .ok_or_else(|| ReadClaimsError::NoClaim(Box::new(place)))
    }

    /// Makes one like this claim from this VolumeSnapshot of the namespace, and
    /// gives its name. One that is there already is it.
    ///
    /// # Errors
    /// A refusal (a quota's among them); no answer.
    pub fn make(&self, claim: &str, snapshot: &str) -> Result<String, ReadClaimsError> {
        let found = self.like(claim)?;
        let place = self.place(claim)?;
        until_gone(&self.server, &place)?;
        let run = label_value(self.run.as_str())?;
        let spec = &found["spec"];
        // No smaller than it is by now: a driver refuses a volume that is smaller
        // than its snapshot, and one may have been grown.
        let size = match &found["status"]["capacity"]["storage"] {
            Value::Null => &spec["resources"]["requests"]["storage"],
            size => size,
        };
        let object = json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "namespace": place.namespace,
                "name": place.name,
                "labels": {APP: SLACKWATER, RUN: run},
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": spec["storageClassName"],
                "volumeMode": spec["volumeMode"],
                "resources": {"requests": {"storage": size}},
                "dataSource": {
                    "apiGroup": "snapshot.storage.k8s.io",
                    "kind": "VolumeSnapshot",
                    "name": snapshot,
                },
            },
        });
        match self.server.create(&place, &object) {
            Ok(_) | Err(ApiError::Exists { .. }) => {}
            Err(error) if error.is_silence() => {}
            Err(error) => return Err(error.into()),
        }
        self.must_be_of(&place, snapshot)?;
        Ok(place.name)
    }

    /// Read back: it is what is read as that snapshot.
    fn must_be_of(&self, place: &Place, snapshot: &str) -> Result<(), ReadClaimsError> {
        let Some(there) = self.server.get(place)? else {
            return Err(ReadClaimsError::NoClaim(Box::new(place.clone())));
        };
        let ours = there["metadata"]["labels"][RUN].as_str() == Some(self.run.as_str());
        match ours && there["spec"]["dataSource"]["name"].as_str() == Some(snapshot) {
            true => Ok(()),
            false => Err(ReadClaimsError::Foreign(Box::new(place.clone()))),
        }
    }

    /// Deletes that of a claim, and its volume with it, whatever the class says of
    /// volumes of such claims: that of a broker's is often to be retained.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete(&self, claim: &str) -> Result<(), ReadClaimsError> {
        self.delete_at(&self.place(claim)?)
    }

    /// Deletes all of this run.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete_all(&self) -> Result<(), ReadClaimsError> {
        for name in self.names()? {
            self.delete_at(&Place::new(Resource::claims(), &self.namespace, &name)?)?;
        }
        Ok(())
    }

    /// What those of this run are called.
    ///
    /// # Errors
    /// No answer.
    pub fn names(&self) -> Result<Vec<String>, ReadClaimsError> {
        let run = label_value(self.run.as_str())?;
        let labels = format!("{APP}={SLACKWATER},{RUN}={run}");
        let found = self
            .server
            .list_metadata(&Resource::claims(), &self.namespace, &labels)?;
        let names = found
            .iter()
            .filter_map(|one| one["metadata"]["name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// The runs of which there are any in this namespace.
    ///
    /// # Errors
    /// No answer.
    pub fn runs(server: &ApiServer, namespace: &str) -> Result<BTreeSet<String>, ReadClaimsError> {
        Ok(runs_of(server, &Resource::claims(), namespace, &[])?)
    }

    fn delete_at(&self, place: &Place) -> Result<(), ReadClaimsError> {
        let Some(claim) = self.server.get(place)? else {
            return Ok(());
        };
        if let Some(volume) = claim["spec"]["volumeName"].as_str() {
            let volume = Place::cluster(Resource::volumes(), volume)?;
            let bound = self.server.get(&volume)?;
            let of = bound
                .as_ref()
                .map(|bound| &bound["spec"]["claimRef"]["uid"]);
            if of == Some(&claim["metadata"]["uid"]) {
                let policy = json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}});
                self.server.merge(&volume, &policy)?;
            }
        }
        Ok(self.server.delete(place)?)
    }

    fn place(&self, claim: &str) -> Result<Place, ReadClaimsError> {
        let name = format!("slackwater-{}-read-{claim}", self.run);
        Ok(Place::new(Resource::claims(), &self.namespace, &name)?)
    }
}
