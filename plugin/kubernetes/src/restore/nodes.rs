//! A Kafka's nodes: its StrimziPodSets and their pods. Deleting pods alone does
//! nothing: they are made again, paused or not (`StrimziPodSetController`).

use std::time::Duration;

use serde_json::Value;
use slackwater_strimzi::component;

use super::{InPlace, RestoreError};
use crate::labels::{APP, RUN, SLACKWATER};
use crate::place::{Place, Resource, name};
use crate::workers::ROLE;

/// A broker has 30 s to stop by default (`PodTemplate`'s grace period), and users
/// give large ones minutes.
const GONE: Duration = Duration::from_secs(900);

impl InPlace {
    /// Sets or pods of a component.
    pub(super) fn of_component(
        &self,
        resource: &Resource,
        namespace: &str,
        cluster: &str,
        (kind, name): (&str, &str),
    ) -> Result<Vec<Value>, RestoreError> {
        let labels = component(cluster, kind, name);
        Ok(self.server.list(resource, namespace, &labels)?)
    }

    pub(super) fn sets_of_kafka(&self) -> Result<Vec<Value>, RestoreError> {
        self.of_kafka(&self.sets)
    }

    pub(super) fn pods_of_kafka(&self) -> Result<Vec<Value>, RestoreError> {
        self.of_kafka(&Resource::pods())
    }

    fn of_kafka(&self, resource: &Resource) -> Result<Vec<Value>, RestoreError> {
        self.nodes_in(resource, &self.target.namespace)
    }

    /// Those of the Kafka of this name in a namespace.
    pub(super) fn nodes_in(
        &self,
        resource: &Resource,
        namespace: &str,
    ) -> Result<Vec<Value>, RestoreError> {
        let cluster = &self.target.name;
        let name = format!("{cluster}-kafka");
        self.of_component(resource, namespace, cluster, ("Kafka", &name))
    }

    /// Each pod of a set goes with it.
    pub(super) fn remove_nodes(&self, sets: &[String]) -> Result<(), RestoreError> {
        for set in sets {
            self.server
                .delete(&self.set_place(&self.target.namespace, set)?)?;
        }
        let of = |pod: &Value| {
            let by = pod["metadata"]["labels"]["strimzi.io/controller-name"].as_str();
            by.is_some_and(|by| sets.iter().any(|set| set == by))
        };
        self.until_no_pods(|| Ok(self.pods_of_kafka()?.iter().filter(|pod| of(pod)).count()))
    }

    pub(super) fn await_no_pods(&self) -> Result<(), RestoreError> {
        self.until_no_pods(|| Ok(self.pods_of_kafka()?.len()))
    }

    pub(super) fn until_no_pods(
        &self,
        count: impl Fn() -> Result<usize, RestoreError>,
    ) -> Result<(), RestoreError> {
        self.until(
            || "pods whose set was deleted are not gone".to_owned(),
            GONE,
            "see what holds them, and do it again",
            || Ok(count()? == 0),
        )
    }

    /// Pods that read or trim what a restore had made, of one that was killed while it
    /// did: they have its claims.
    pub(super) fn remove_readers(&self) -> Result<(), RestoreError> {
        let namespace = &self.target.namespace;
        let run = &self.target.run;
        let labels = format!("{APP}={SLACKWATER},{ROLE} in (reader,trimmer),{RUN}={run}");
        for pod in self
            .server
            .list_metadata(&Resource::pods(), namespace, &labels)?
        {
            let place = Place::new(Resource::pods(), namespace, &name(&pod))?;
            self.server.delete(&place)?;
        }
        Ok(())
    }

    pub(super) fn set_place(&self, namespace: &str, name: &str) -> Result<Place, RestoreError> {
        Ok(Place::new(self.sets.clone(), namespace, name)?)
    }
}
