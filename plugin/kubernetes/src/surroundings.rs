//! What a mirror in Strimzi consists of, and how it is reached: its Kafka, its
//! nodes' claims, and what clients of ours present to it and to its sources.
//! Looks only.

use std::collections::BTreeMap;

use slackwater_strimzi::{Access, Claim, Kafka, KafkaUser, NodePool, Properties, Secrets};

use crate::place::{Place, Resource};
use crate::{Makers, MakersError};

impl Makers {
    /// The claims of all node pools of a Kafka, sorted by node and name.
    ///
    /// # Errors
    /// A pool that can't be read or whose storage is gone with its pods; no
    /// answer.
    pub fn claims(&self, kafka: &Kafka) -> Result<Vec<Claim>, MakersError> {
        let labels = format!("strimzi.io/cluster={}", kafka.meta.name);
        let resource = Resource::node_pools(self.version());
        let mut claims = Vec::new();
        for object in self
            .server
            .list(&resource, &kafka.meta.namespace, &labels)?
        {
            claims.extend(NodePool::read(&object)?.claims());
        }
        claims.sort();
        Ok(claims)
    }

    /// A KafkaUser.
    ///
    /// # Errors
    /// There is none; it can't be read.
    pub fn user(&self, namespace: &str, name: &str) -> Result<KafkaUser, MakersError> {
        let place = Place::new(Resource::users(self.version()), namespace, name)?;
        let object = self.server.get(&place)?;
        let object = object.ok_or_else(|| MakersError::Missing(Box::new(place)))?;
        Ok(KafkaUser::read(&object)?)
    }

    /// What librdkafka is told, with what it needs out of Secrets of this
    /// namespace.
    ///
    /// # Errors
    /// A Secret that is not there or may not be read.
    pub fn properties(
        &self,
        namespace: &str,
        access: &Access,
    ) -> Result<BTreeMap<String, String>, MakersError> {
        let mut secrets = Secrets::default();
        for name in access.secrets() {
            let place = Place::new(Resource::secrets(), namespace, name)?;
            let object = self.server.get(&place)?;
            secrets.take(&object.ok_or_else(|| MakersError::Missing(Box::new(place)))?)?;
        }
        let Properties(told) = access.properties(&secrets)?;
        Ok(told)
    }
}
