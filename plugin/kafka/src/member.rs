//! One cluster: its options and the clients that were made for it.
//!
//! A client is made when first needed and kept, since a new one costs its
//! connections. One serves the admin requests; two read, since the isolation
//! level is a property of the client.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use slackwater_ports::{Cluster, Isolation};

use crate::error::{KafkaError, Silence};
use crate::ffi::{Client, Event, Failed, Queue};
use crate::options::{ClusterOptions, config};

/// How long a broker has to answer, one attempt after the other, where any
/// broker will do. Such an answer takes milliseconds. librdkafka picks a broker
/// by chance for each attempt, and may pick one that is frozen, whose connection
/// it closes only when a request was unanswered for `socket.timeout.ms` (4 s
/// here, looked at each second). So the first attempts are many and short: with
/// one of three brokers frozen, all miss once in twenty thousand times. The last
/// begins when that connection is closed, and leaves room for a cluster that is
/// slow as a whole.
const LIMITS: [Duration; 10] = [
    Duration::from_millis(250),
    Duration::from_millis(250),
    Duration::from_millis(250),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(2),
];
/// How long besides, once, where a client's first contact was broken off in the middle of
/// SASL: a broker that has just started may take longer for that than all of [`LIMITS`] (seen
/// on two cores that had ten programs to run), and to give it up costs a backup. Whoever
/// refuses connections or passwords is not waited for so, and no longer than this: a mirror
/// may be held meanwhile.
const LET_IN: [Duration; 3] = [Duration::from_secs(2); 3];
/// What librdkafka may need beyond its own limit to tell that it is over.
pub(crate) const LIMIT_MARGIN: Duration = Duration::from_millis(500);

/// One cluster.
pub(crate) struct Member {
    cluster: Cluster,
    options: ClusterOptions,
    admin: OnceLock<Client>,
    making: Mutex<()>,
    uncommitted: Mutex<Option<Arc<Client>>>,
    committed: Mutex<Option<Arc<Client>>>,
}

impl Member {
    /// A cluster that nobody has talked to yet.
    pub(crate) fn new(cluster: Cluster, options: ClusterOptions) -> Self {
        Self {
            cluster,
            options,
            admin: OnceLock::new(),
            making: Mutex::new(()),
            uncommitted: Mutex::new(None),
            committed: Mutex::new(None),
        }
    }

    /// Which.
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The client for admin requests.
    pub(crate) fn admin(&self) -> Result<&Client, KafkaError> {
        let _one_makes_it = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = self.admin.get() {
            return Ok(client);
        }
        let client = self.client(Isolation::ReadUncommitted)?;
        Ok(self.admin.get_or_init(|| client))
    }

    /// The client that reads at this isolation, for one reader at a time.
    pub(crate) fn reading(&self, isolation: Isolation) -> Result<Reading<'_>, KafkaError> {
        let slot = match isolation {
            Isolation::ReadUncommitted => &self.uncommitted,
            Isolation::ReadCommitted => &self.committed,
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match &*slot {
            Some(client) => Arc::clone(client),
            None => Arc::clone(slot.insert(Arc::new(self.client(isolation)?))),
        };
        Ok(Reading {
            client,
            _alone: slot,
        })
    }

    /// A new client that reads at this isolation.
    pub(crate) fn client(&self, isolation: Isolation) -> Result<Client, KafkaError> {
        let config = config(&self.cluster, &self.options, isolation)?;
        Client::new(&config).map_err(|reason| KafkaError::Properties {
            cluster: self.cluster.clone(),
            reason,
        })
    }

    /// An admin request that any broker answers, until one does.
    pub(crate) fn ask<T>(
        &self,
        asked: &'static str,
        submit: impl Fn(&Queue<'_>, Duration),
        answer: impl Fn(&Event<'_>) -> Result<T, Failed>,
    ) -> Result<T, KafkaError> {
        let client = self.admin()?;
        self.persist(client, asked, |limit| {
            let queue = Queue::new(client);
            submit(&queue, limit);
            match queue.next(limit + LIMIT_MARGIN) {
                Some(event) => answer(&event),
                None => Err(Failed::timed_out()),
            }
        })
    }

    /// Makes a request again while its failure may pass, within [`LIMITS`] and perhaps
    /// [`LET_IN`].
    pub(crate) fn persist<T>(
        &self,
        client: &Client,
        asked: &'static str,
        request: impl Fn(Duration) -> Result<T, Failed>,
    ) -> Result<T, KafkaError> {
        let mut last = Failed::timed_out();
        let more = std::iter::once_with(|| client.first_was_broken_off())
            .filter(|is_so| *is_so)
            .flat_map(|_| LET_IN);
        for limit in LIMITS.into_iter().chain(more) {
            match request(limit) {
                Ok(answer) => {
                    client.answered();
                    return Ok(answer);
                }
                Err(failed) if failed.code.may_pass() => last = failed,
                Err(failed) => {
                    return Err(KafkaError::Refused {
                        cluster: self.cluster.clone(),
                        what: asked.to_owned(),
                        failed,
                    });
                }
            }
        }
        Err(self.silent(client, asked, last))
    }

    /// That nobody answered, with the cause if librdkafka told one.
    fn silent(&self, client: &Client, asked: &'static str, failed: Failed) -> KafkaError {
        KafkaError::Silent(Box::new(Silence {
            cluster: self.cluster.clone(),
            bootstrap: self.options.bootstrap.clone(),
            asked,
            failed,
            cause: client.cause(),
        }))
    }
}

/// A reading client, and the right to use it alone.
pub(crate) struct Reading<'m> {
    /// The client.
    pub(crate) client: Arc<Client>,
    _alone: MutexGuard<'m, Option<Arc<Client>>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_hangs_is_begun_anew_while_a_request_is_still_made_again() {
        let options = ClusterOptions {
            bootstrap: String::from("127.0.0.1:1"),
            properties: std::collections::BTreeMap::new(),
            client_id: String::from("test"),
        };
        let config = config(&Cluster::Mirror, &options, Isolation::ReadCommitted).unwrap();
        let setup = config.get("socket.connection.setup.timeout.ms").unwrap();
        let setup = Duration::from_millis(setup.parse().unwrap());
        assert!(setup + LIMITS[LIMITS.len() - 1] <= LIMITS.iter().sum());
    }
}
