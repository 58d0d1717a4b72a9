//! What is made again from what is kept: Secrets, KafkaNodePools, the Kafka, its
//! users and topics, and what feeds it.

use serde_json::{Value, json};
use slackwater_restore::{Note, Stage};
use slackwater_strimzi::PAUSE;

use super::cloned::moved;
use super::feeders::RESTORING;
use super::kafka::{DELAY, DELAY_BEFORE, HOLDS_MS, NOTE, TAKEN_UP, holds_as_long};
use super::{InPlace, KeptPool, RestoreError};
use crate::place::{Place, Resource, name};

impl InPlace {
    pub(super) fn make_secret(&self, secret: &str) -> Result<(), RestoreError> {
        let not_kept = || RestoreError::NotKept(format!("Secret {secret}"));
        let keeper = self.keeper.as_ref().ok_or_else(not_kept)?;
        let (namespace, name) = secret.split_once('/').ok_or_else(not_kept)?;
        // A clone's is the original's, in another namespace.
        let kept_of = self.target.origin.as_ref();
        let kept_of = kept_of.map_or(namespace, |origin| &origin.namespace);
        let mut object = keeper.secret(&self.target.run, &format!("{kept_of}/{name}"))?;
        if self.target.origin.is_some() {
            moved(&mut object, namespace);
        }
        let place = Place::new(Resource::secrets(), namespace, name)?;
        self.make(&place, &object)
    }

    fn kept_pool(&self, pool: &str) -> Result<&KeptPool, RestoreError> {
        let mut pools = self.kept().into_iter().flat_map(|kept| &kept.pools);
        let found = pools.find(|one| name(&one.object) == pool);
        found.ok_or_else(|| RestoreError::NotKept(format!("KafkaNodePool {pool}")))
    }

    fn pool_place(&self, pool: &str) -> Result<Place, RestoreError> {
        let pools = Resource::node_pools(self.makers.version());
        Ok(Place::new(pools, &self.target.namespace, pool)?)
    }

    pub(super) fn make_pool(&self, pool: &str) -> Result<(), RestoreError> {
        let mut object = self.kept_pool(pool)?.object.clone();
        object["apiVersion"] = self.api().into();
        self.make(&self.pool_place(pool)?, &object)
    }

    /// Without them the operator gives out the lowest that are free, pool by pool
    /// (`NodeIdAssignor`): other claims' names, and empty volumes.
    pub(super) fn give_node_ids(&self, pool: &str) -> Result<(), RestoreError> {
        let ids = self.node_ids(pool);
        let ids = ids.ok_or_else(|| RestoreError::NotKept(format!("node ids of {pool}")))?;
        let ids = json!(ids);
        let place = self.pool_place(pool)?;
        let stored = self.server.merge_status(&place, &json!({"nodeIds": ids}))?;
        match stored["status"]["nodeIds"] == ids {
            true => Ok(()),
            false => Err(RestoreError::ReadBack(Box::new(place))),
        }
    }

    /// Paused, and noted on from its first instant. The operator has to have looked
    /// at it before its status is written.
    pub(super) fn make_kafka(&self) -> Result<(), RestoreError> {
        let kept = self.kept();
        let kept = kept.ok_or_else(|| RestoreError::NotKept("the Kafka".to_owned()))?;
        let place = self.kafka_place()?;
        let proven = self.proven.as_ref().ok_or_else(|| RestoreError::Unfit {
            place: Box::new(place.clone()),
            why: "is not made before its volumes are shown to be the cut".to_owned(),
        })?;
        let before = &kept.kafka["spec"]["kafka"]["config"][DELAY];
        let holds_retention = proven.retention_would_delete && !holds_as_long(before);
        let note = Note {
            run: self.target.run.clone(),
            stage: Stage::VolumesProven,
            holds_retention,
            feeders: Vec::new(),
            is_made: true,
            on_claims: false,
            shown_on: proven.shown_on.clone(),
        };
        let mut object = kept.kafka.clone();
        if let Some(parts) = object.as_object_mut() {
            parts.remove("status");
        }
        object["apiVersion"] = self.api().into();
        object["metadata"]["annotations"][PAUSE] = "true".into();
        object["metadata"]["annotations"][NOTE] = note.to_string().into();
        if holds_retention {
            // In the one write that makes it: whoever was cut short behind that goes on to
            // start its brokers.
            object["metadata"]["annotations"][DELAY_BEFORE] = before.to_string().into();
            object["spec"]["kafka"]["config"][DELAY] = HOLDS_MS.into();
        }
        self.make(&place, &object)?;
        self.until(
            || format!("the operator has not taken up {place}"),
            TAKEN_UP,
            "see whether the cluster operator runs, watches this namespace and what it logs; where \
             it says that a reconciliation is in progress, start it again",
            || {
                let now = self.state(&place)?;
                Ok(now.is_some_and(|now| now.says_paused()))
            },
        )
    }

    /// As `KIND/NAME`.
    pub(super) fn make_other(&self, what: &str) -> Result<(), RestoreError> {
        let mut others = self.kept().into_iter().flat_map(|kept| &kept.others);
        let found = others.find(|one| other(one) == what);
        let found = found.ok_or_else(|| RestoreError::NotKept(what.to_owned()))?;
        let mut object = found.clone();
        object["apiVersion"] = self.api().into();
        self.make(&self.other_place(found)?, &object)
    }

    pub(super) fn other_place(&self, object: &Value) -> Result<Place, RestoreError> {
        let version = self.makers.version();
        let resource = match object["kind"].as_str() {
            Some("KafkaTopic") => Resource::topics(version),
            _ => Resource::users(version),
        };
        Ok(Place::new(resource, &self.target.namespace, &name(object))?)
    }

    /// Paused: it is started like those that are there.
    pub(super) fn make_feeder(&self, feeder: &str) -> Result<(), RestoreError> {
        let mut feeders = self.kept().into_iter().flat_map(|kept| &kept.feeders);
        let found = feeders.find(|one| full_name(one) == feeder);
        let found = found.ok_or_else(|| RestoreError::NotKept(feeder.to_owned()))?;
        let mut object = found.clone();
        object["apiVersion"] = self.api().into();
        object["metadata"]["annotations"][PAUSE] = "true".into();
        let note = format!("{} ours", self.target.run);
        object["metadata"]["annotations"][RESTORING] = note.into();
        self.make(&self.maker_place(feeder)?, &object)
    }
}

/// `KIND/NAME`
pub(super) fn other(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    format!("{kind}/{}", name(object))
}

/// `NAMESPACE/NAME`
pub(super) fn full_name(object: &Value) -> String {
    let namespace = object["metadata"]["namespace"].as_str();
    format!("{}/{}", namespace.unwrap_or_default(), name(object))
}
