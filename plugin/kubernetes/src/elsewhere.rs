//! What makes a mirror of Strimzi's one that can't be held, though all that is held
//! stands still: connectors of MirrorMaker's that KafkaConnect runs, and rebalances
//! that Cruise Control carries out. Both are refused by name before anything is
//! stopped; whoever lets a mirror go does not ask for them.

use std::collections::BTreeSet;

use slackwater_strimzi::{Kafka, KafkaConnect, KafkaConnector, KafkaRebalance, StrimziError};

use crate::place::{Resource, label_value};
use crate::{ApiError, Makers};

/// Why the mirror can't be held.
#[derive(Debug, thiserror::Error)]
pub enum ElsewhereError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A resource can't be read.
    #[error(transparent)]
    Strimzi(#[from] StrimziError),
    /// Connectors that are not a KafkaMirrorMaker2's.
    #[error(
        "{} to Kafka {kafka}, and what KafkaConnect runs can't be held: have a KafkaMirrorMaker2 \
         do it, or delete {}",
        copying(connectors),
        if connectors.len() == 1 { "it" } else { "them" }
    )]
    Copied {
        /// The mirror.
        kafka: String,
        /// Each, as `NAMESPACE/NAME`.
        connectors: Vec<String>,
    },
    /// Its replicas are being moved.
    #[error(
        "Cruise Control moves replicas of {kafka} (KafkaRebalance {rebalance} is Rebalancing): wait \
         until it is Ready, or stop it by the annotation strimzi.io/rebalance=stop"
    )]
    Rebalanced {
        /// The mirror.
        kafka: String,
        /// Which one says so.
        rebalance: String,
    },
}

fn copying(connectors: &[String]) -> String {
    match connectors {
        [one] => format!("KafkaConnector {one} copies"),
        all => format!("KafkaConnectors {} copy", all.join(", ")),
    }
}

impl Makers {
    /// That no connector in these namespaces copies to this Kafka which is not a
    /// KafkaMirrorMaker2's. One that is stopped is as good as one that runs: somebody
    /// may start it at any time, and it goes on by what was true when it stopped.
    ///
    /// # Errors
    /// All that do, by name; no answer.
    pub fn only_makers_copy_to(
        &self,
        kafka: &Kafka,
        namespaces: &[String],
    ) -> Result<(), ElsewhereError> {
        let named: BTreeSet<&String> = namespaces.iter().collect();
        let mut connectors = Vec::new();
        for namespace in named {
            connectors.extend(self.connectors_to(kafka, namespace)?);
        }
        match connectors.is_empty() {
            true => Ok(()),
            false => Err(ElsewhereError::Copied {
                kafka: kafka.meta.to_string(),
                connectors,
            }),
        }
    }

    fn connectors_to(&self, kafka: &Kafka, namespace: &str) -> Result<Vec<String>, ElsewhereError> {
        let all =
            self.server
                .list_if_served(&Resource::connectors(self.version()), namespace, "")?;
        let all = all.iter().map(KafkaConnector::read);
        let mut all: Vec<KafkaConnector> = all.collect::<Result<_, _>>()?;
        all.retain(KafkaConnector::copies);
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let found =
            self.server
                .list_if_served(&Resource::connects(self.version()), namespace, "")?;
        let connects = found.iter().map(KafkaConnect::read);
        let connects: Vec<KafkaConnect> = connects.collect::<Result<_, _>>()?;
        let ours = all.iter().filter(|one| one.copies_to(kafka, &connects));
        Ok(ours.map(|one| one.meta.to_string()).collect())
    }

    /// That Cruise Control moves no replicas of this Kafka because somebody asked for it:
    /// what it does by itself the Kafka says ([`Kafka::rebalancing`]).
    ///
    /// # Errors
    /// It does; no answer.
    pub fn nobody_rebalances(&self, kafka: &Kafka) -> Result<(), ElsewhereError> {
        let labels = format!("strimzi.io/cluster={}", label_value(&kafka.meta.name)?);
        let resource = Resource::rebalances(self.version());
        for object in self
            .server
            .list_if_served(&resource, &kafka.meta.namespace, &labels)?
        {
            let one = KafkaRebalance::read(&object)?;
            if one.is_under_way {
                return Err(ElsewhereError::Rebalanced {
                    kafka: kafka.meta.to_string(),
                    rebalance: one.meta.to_string(),
                });
            }
        }
        Ok(())
    }
}
