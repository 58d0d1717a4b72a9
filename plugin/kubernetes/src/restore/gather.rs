//! What is to be kept of a mirror, as it is now.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use slackwater_store::RunId;
use slackwater_strimzi::{Kafka, KafkaUser, MirrorMaker, NodePool, PRIOR};

use super::bare::{bare, bare_claim};
use super::{Kept, KeptContent, KeptPool, RestoreError, about_name};
use crate::labels::{APP, RUN, SLACKWATER};
use crate::place::{Place, Resource, STRIMZI};
use crate::{ApiServer, Makers};

/// The certificate authorities of a cluster (`AbstractModel`'s `clusterCaCertSecretName`
/// and its like): they go with the Kafka, and clients trust them.
pub(super) const AUTHORITIES: [&str; 4] = [
    "cluster-ca",
    "cluster-ca-cert",
    "clients-ca",
    "clients-ca-cert",
];

/// A snapshot that others made of a claim, as a cut names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OthersContent {
    /// Of which claim.
    pub claim: String,
    /// The name of its VolumeSnapshotContent.
    pub content: String,
    /// What the storage calls it.
    pub handle: String,
}

/// Of which mirror what is kept.
#[derive(Debug, Clone, Copy)]
pub struct ToKeep<'k> {
    /// The Kafka's name.
    pub kafka: &'k str,
    /// Its namespace.
    pub namespace: &'k str,
    /// For which run.
    pub run: &'k RunId,
    /// The snapshots of a run that has none of its own.
    pub others_have: &'k [OthersContent],
    /// What feeds it.
    pub feeders: &'k [&'k MirrorMaker],
    /// Secrets of its namespace beside those that go with it; none at all without these.
    pub more: Option<&'k [String]>,
}

/// What there is of a mirror, and its Secrets in the order of [`Kept::secrets`].
///
/// # Errors
/// Something can't be read; no answer.
pub fn gather(
    server: &ApiServer,
    makers: &Makers,
    to_keep: &ToKeep<'_>,
) -> Result<(Kept, Vec<Value>), RestoreError> {
    let ToKeep {
        kafka,
        namespace,
        run,
        others_have,
        feeders,
        more,
    } = *to_keep;
    let version = makers.version();
    let api = format!("{STRIMZI}/{version}", version = version.as_str());
    let labels = format!("strimzi.io/cluster={kafka}");
    let place = Place::new(Resource::kafkas(version), namespace, kafka)?;
    // How it is reached is kept, too, and not said right after the hold.
    makers.kafka_after_a_pause(namespace, kafka)?;
    let found = server.get(&place)?;
    let found = found.ok_or_else(|| RestoreError::NotKept(place.to_string()))?;
    let read = Kafka::read(&found).map_err(crate::MakersError::from)?;
    let mut object = bare(&found, &api, "Kafka");
    object["status"] = json!({
        "listeners": found["status"]["listeners"],
        // For whoever restores by hand; a restore takes it from the cut.
        "clusterId": found["status"]["clusterId"],
    });

    let mut pools = Vec::new();
    let mut claims = Vec::new();
    for pool in server.list(&Resource::node_pools(version), namespace, &labels)? {
        let read = NodePool::read(&pool).map_err(crate::MakersError::from)?;
        claims.extend(read.claims().into_iter().map(|claim| claim.name));
        pools.push(KeptPool {
            object: bare(&pool, &api, "KafkaNodePool"),
            node_ids: read.node_ids,
        });
    }
    let (mut others, mut user_secrets) = (Vec::new(), Vec::new());
    let mut secrets: BTreeSet<(String, String)> = BTreeSet::new();
    for user in server.list(&Resource::users(version), namespace, &labels)? {
        let secret = user["status"]["secret"].as_str();
        user_secrets.extend(secret.map(str::to_owned));
        let read = KafkaUser::read(&user).map_err(crate::MakersError::from)?;
        let secret = secret.map_or(read.meta.name, str::to_owned);
        secrets.insert((namespace.to_owned(), secret));
        others.push(bare(&user, &api, "KafkaUser"));
    }
    // Without a topic operator its definition need not be there.
    for topic in server.list_if_served(&Resource::topics(version), namespace, &labels)? {
        others.push(bare(&topic, &api, "KafkaTopic"));
    }
    for name in more.into_iter().flatten() {
        secrets.insert((namespace.to_owned(), name.clone()));
    }
    for which in AUTHORITIES {
        secrets.insert((namespace.to_owned(), format!("{kafka}-{which}")));
    }
    let mut fed = Vec::new();
    for maker in feeders {
        let place = &maker.meta;
        let place = Place::new(
            Resource::mirror_makers(version),
            &place.namespace,
            &place.name,
        )?;
        if let Some(found) = server.get(&place)? {
            // Its resource says `stopped`, and would be made again so.
            if found["metadata"]["annotations"][PRIOR].is_string() {
                return Err(RestoreError::IsHeld(place.to_string()));
            }
            fed.push(bare(&found, &api, "KafkaMirrorMaker2"));
        }
        let of_sources = maker.feeds.iter().flat_map(|feed| {
            let secrets = feed.source.access.secrets().into_iter();
            secrets.map(str::to_owned)
        });
        let of_target = maker.target_secrets.iter().cloned();
        let all = of_sources.chain(of_target);
        secrets.extend(all.map(|name| (maker.meta.namespace.clone(), name)));
    }
    let (mut named, mut held) = (Vec::new(), Vec::new());
    for (namespace, name) in secrets.iter().filter(|_| more.is_some()) {
        let place = Place::new(Resource::secrets(), namespace, name)?;
        if let Some(secret) = server.get(&place)? {
            named.push(format!("{namespace}/{name}"));
            held.push(bare(&secret, "v1", "Secret"));
        }
    }
    let about = Place::new(Resource::config_maps(), namespace, &about_name(kafka))?;
    let about = server.get(&about)?;
    let kept = Kept {
        about: about.map(|found| bare(&found, "v1", "ConfigMap")),
        run: run.clone(),
        kafka_version: read.version,
        kafka: object,
        pools,
        feeders: fed,
        others,
        claims: claims_as_they_are(server, namespace, &claims)?,
        contents: contents(server, namespace, run)?,
        contents_of_others: contents_of_others(server, namespace, others_have)?,
        user_secrets,
        secrets: named,
    };
    Ok((kept, held))
}

fn claims_as_they_are(
    server: &ApiServer,
    namespace: &str,
    names: &[String],
) -> Result<Vec<Value>, RestoreError> {
    let mut claims = Vec::new();
    for name in names {
        let place = Place::new(Resource::claims(), namespace, name)?;
        if let Some(claim) = server.get(&place)? {
            claims.push(bare_claim(&claim));
        }
    }
    Ok(claims)
}

/// Where a claim's volume can be.
fn nodes_of(
    server: &ApiServer,
    namespace: &str,
    claim: &str,
) -> Result<Option<Value>, RestoreError> {
    let claim = server.get(&Place::new(Resource::claims(), namespace, claim)?)?;
    let claim = claim.unwrap_or_default();
    let Some(volume) = claim["spec"]["volumeName"].as_str() else {
        return Ok(None);
    };
    let volume = server.get(&Place::cluster(Resource::volumes(), volume)?)?;
    let required = volume.map(|volume| volume["spec"]["nodeAffinity"]["required"].clone());
    Ok(required.filter(Value::is_object))
}

/// Of those that have one, and a handle: one that is not cut yet has none.
fn contents(
    server: &ApiServer,
    namespace: &str,
    run: &RunId,
) -> Result<Vec<KeptContent>, RestoreError> {
    let labels = format!("{APP}={SLACKWATER},{RUN}={run}");
    let mut contents = Vec::new();
    for snapshot in server.list(&Resource::snapshots(), namespace, &labels)? {
        let claim = snapshot["spec"]["source"]["persistentVolumeClaimName"].as_str();
        let name = snapshot["status"]["boundVolumeSnapshotContentName"].as_str();
        if let (Some(claim), Some(name)) = (claim, name) {
            contents.extend(content(server, namespace, claim, name)?);
        }
    }
    contents.sort_by(|one, other| one.claim.cmp(&other.claim));
    Ok(contents)
}

/// Those of others that are what the cut names; one that was exchanged since is not kept.
fn contents_of_others(
    server: &ApiServer,
    namespace: &str,
    others: &[OthersContent],
) -> Result<Vec<KeptContent>, RestoreError> {
    let mut contents = Vec::new();
    for one in others {
        let found = content(server, namespace, &one.claim, &one.content)?;
        contents.extend(found.filter(|found| found.handle == one.handle));
    }
    Ok(contents)
}

fn content(
    server: &ApiServer,
    namespace: &str,
    claim: &str,
    name: &str,
) -> Result<Option<KeptContent>, RestoreError> {
    let place = Place::cluster(Resource::snapshot_contents(), name)?;
    let content = server.get(&place)?.unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (Some(driver), Some(handle)) = (
        text(&content["spec"]["driver"]),
        text(&content["status"]["snapshotHandle"]),
    ) else {
        return Ok(None);
    };
    Ok(Some(KeptContent {
        nodes: nodes_of(server, namespace, claim)?,
        claim: claim.to_owned(),
        name: name.to_owned(),
        driver,
        handle,
        class: text(&content["spec"]["volumeSnapshotClassName"]),
        mode: text(&content["spec"]["sourceVolumeMode"]),
    }))
}
