//! What feeds a mirror in Strimzi, found: resources by their addresses, and
//! then by what Connect itself says of the cluster that it is on.

use std::time::Duration;

use slackwater_connect::{ConnectClusters, ConnectError, Curl, Reach, Selection};
use slackwater_strimzi::{Kafka, Listener, MirrorMaker};

use crate::{ApiError, ApiServer, Makers, MakersError, Pods, Shell};

/// Where Connect listens in its own pod: the name, since it may listen on either
/// kind of address (`KafkaConnectCluster.REST_API_PORT`).
const REST: &str = "http://localhost:8083";

/// For each look: a command in a pod takes some 0.3 to 0.6 s, Connect's answer
/// milliseconds.
const LOOK: Duration = Duration::from_secs(10);

/// Why it is not known what feeds the mirror, or it can't be held.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The API server, or a resource.
    #[error(transparent)]
    Makers(#[from] MakersError),
    /// The Kafka does not say who it is.
    #[error("Kafka {0} has no status.clusterId: wait until its operator has seen it Ready")]
    NoClusterId(String),
    /// Nothing feeds it.
    #[error(
        "no KafkaMirrorMaker2 in {} has the target {kafka}: name the namespaces where it may be",
        namespaces.join(", ")
    )]
    NoMaker {
        /// The mirror.
        kafka: String,
        /// Where was looked.
        namespaces: Vec<String>,
    },
    /// It has no workers.
    #[error(
        "KafkaMirrorMaker2 {0} has no replicas: nothing mirrors, and nobody can say where it is"
    )]
    NoWorkers(String),
    /// Somebody has told the operator to leave it alone.
    #[error(
        "KafkaMirrorMaker2 {0} is paused: its operator would take up no stop, and start nothing \
         again; take the annotation strimzi.io/pause-reconciliation away"
    )]
    Paused(String),
    /// Its Connect does not answer.
    #[error("the Connect of KafkaMirrorMaker2 {maker} does not say what it feeds: {why}")]
    Silent {
        /// Which.
        maker: String,
        /// What was said.
        why: String,
    },
    /// It could not be let go.
    #[error("what feeds the mirror is still held: {}", .0.join("; "))]
    Kept(Vec<String>),
    /// Connect.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// The resources that feed it by Connect's word.
pub(crate) fn confirmed(
    server: &ApiServer,
    makers: &Makers,
    kafka: &Kafka,
    namespaces: &[String],
) -> Result<Vec<MirrorMaker>, MirrorError> {
    let cluster_id = kafka.cluster_id.as_deref();
    let cluster_id = cluster_id.ok_or_else(|| MirrorError::NoClusterId(kafka.meta.to_string()))?;
    let mut found = Vec::new();
    for maker in makers.candidates(kafka, namespaces)? {
        let name = maker.meta.to_string();
        // It was found to be this Kafka's when it was stopped.
        if maker
            .meta
            .held()
            .is_some_and(|held| held.kafka == kafka.meta.to_string())
        {
            found.push(maker);
            continue;
        }
        if maker.replicas == Some(0) {
            return Err(MirrorError::NoWorkers(name));
        }
        if of_cluster(server, kafka, &maker)? == cluster_id {
            found.push(maker);
        } else {
            // An address that leads elsewhere from there.
            tracing::info!(maker = name, "feeds another cluster by its Connect's word");
        }
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(MirrorError::NoMaker {
            kafka: kafka.meta.to_string(),
            namespaces: namespaces.to_vec(),
        }),
    }
}

/// What Connect says of the cluster that it is on.
fn of_cluster(
    server: &ApiServer,
    kafka: &Kafka,
    maker: &MirrorMaker,
) -> Result<String, MirrorError> {
    let connect = connect(server, &kafka.listeners, std::slice::from_ref(maker))?;
    let silent = |why: String| MirrorError::Silent {
        maker: maker.meta.to_string(),
        why,
    };
    let found = connect.connects();
    let found = found.map_err(|error| silent(error.message))?;
    let found = found.into_iter().next();
    found
        .map(|one| one.kafka_cluster_id)
        .ok_or_else(|| silent("it gave no view".to_owned()))
}

/// The Connects of these resources. All of their connectors are the mirror's;
/// others of MirrorMaker's that write to it are refused by name.
pub(crate) fn connect(
    server: &ApiServer,
    listeners: &[Listener],
    makers: &[MirrorMaker],
) -> Result<ConnectClusters, ConnectError> {
    let listed = makers.iter().flat_map(MirrorMaker::connectors);
    // What Connect's own clients are told is the mirror's address, too.
    let targets = makers.iter().flat_map(|one| &one.target);
    let addresses = listeners.iter().flat_map(|one| &one.bootstrap);
    let addresses = addresses.chain(targets);
    let selection = Selection {
        mirror_addresses: addresses.map(|one| (one.host.clone(), one.port)).collect(),
        listed: listed.map(|one| one.name.clone()).collect(),
        ignored: Vec::new(),
    };
    let reaches = makers.iter().map(|maker| {
        let pods = Pods::new(
            server.clone(),
            &maker.meta.namespace,
            maker.pod_selector(),
            maker.container(),
        );
        Reach {
            name: maker.meta.to_string(),
            endpoint: format!("{REST} in the pods of {}", maker.meta),
            timeout: LOOK,
            transport: Box::new(Curl::new(Shell::new(pods), REST)),
        }
    });
    ConnectClusters::over(reaches.collect(), selection)
}

impl From<ApiError> for MirrorError {
    fn from(error: ApiError) -> Self {
        Self::Makers(error.into())
    }
}
