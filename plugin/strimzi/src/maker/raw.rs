//! A KafkaMirrorMaker2 as it is read, in both layouts, and its check.
//!
//! What the older layout leaves out has the operator's defaults
//! (`KafkaMirrorMaker2Configuration`, and `MirrorMaker2Conversions`, which is
//! how Strimzi's own tool makes the newer layout of it).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{Connector, ConnectorKind, Desired, Feed, Layout, MirrorMaker, SourceCluster};
use crate::access::Access;
use crate::client::{self, RawLogin, RawTls};
use crate::meta::RawMeta;
use crate::read::Raw;
use crate::{Address, Condition};

#[derive(Debug, Deserialize)]
pub(super) struct RawMirrorMaker {
    #[serde(default)]
    metadata: RawMeta,
    spec: RawSpec,
    #[serde(default)]
    status: RawStatus,
}

/// Of its connectors nothing is read here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStatus {
    observed_generation: Option<i64>,
    #[serde(default)]
    conditions: Vec<Condition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpec {
    replicas: Option<u32>,
    target: Option<RawCluster>,
    connect_cluster: Option<String>,
    #[serde(default)]
    clusters: Vec<RawCluster>,
    #[serde(default)]
    mirrors: Vec<RawFeed>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCluster {
    alias: String,
    bootstrap_servers: String,
    config_storage_topic: Option<String>,
    offset_storage_topic: Option<String>,
    status_storage_topic: Option<String>,
    #[serde(default)]
    config: BTreeMap<String, Value>,
    tls: Option<RawTls>,
    authentication: Option<RawLogin>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFeed {
    source: Option<RawCluster>,
    source_cluster: Option<String>,
    target_cluster: Option<String>,
    source_connector: Option<RawConnector>,
    checkpoint_connector: Option<RawConnector>,
    heartbeat_connector: Option<RawConnector>,
}

#[derive(Debug, Deserialize)]
struct RawConnector {
    state: Option<String>,
    pause: Option<bool>,
}

/// Connect's topics: key in the newer layout, in the older, and the default.
const TOPICS: [(&str, &str); 3] = [
    ("config.storage.topic", "mirrormaker2-cluster-configs"),
    ("offset.storage.topic", "mirrormaker2-cluster-offsets"),
    ("status.storage.topic", "mirrormaker2-cluster-status"),
];

impl Raw for RawMirrorMaker {
    const KIND: &'static str = super::KIND;
    type Checked = MirrorMaker;

    fn metadata(&self) -> &RawMeta {
        &self.metadata
    }

    fn check(self) -> Result<MirrorMaker, String> {
        let RawSpec {
            replicas,
            target,
            connect_cluster,
            clusters,
            mirrors,
        } = self.spec;
        let named = |alias: &str, key: &str| {
            let found = clusters.iter().find(|one| one.alias == alias);
            found.cloned().ok_or_else(|| {
                format!("{key} is {alias:?}, which no spec.clusters has as its alias")
            })
        };
        let (layout, target) = match (target, connect_cluster) {
            (Some(target), _) => (Layout::Own, target),
            (None, Some(alias)) => (Layout::Named, named(&alias, "spec.connectCluster")?),
            (None, None) => {
                return Err("neither spec.target nor spec.connectCluster is there".to_owned());
            }
        };
        let feeds = mirrors.into_iter().enumerate().map(|(at, raw)| {
            let key = format!("spec.mirrors[{at}]");
            if let Some(other) = raw
                .target_cluster
                .as_ref()
                .filter(|one| **one != target.alias)
            {
                return Err(format!(
                    "{key}.targetCluster is {other:?}, and Connect's topics are on {:?}",
                    target.alias
                ));
            }
            let (layout, source) = match (&raw.source, &raw.source_cluster) {
                (Some(source), _) => (Layout::Own, source.clone()),
                (None, Some(alias)) => (
                    Layout::Named,
                    named(alias, &format!("{key}.sourceCluster"))?,
                ),
                (None, None) => return Err(format!("{key} has no source")),
            };
            feed(&key, raw, layout, &source, &target.alias)
        });
        let feeds = feeds.collect::<Result<Vec<_>, _>>()?;
        // Their connectors would have one name, and one would be taken for the
        // other.
        let mut aliases = BTreeSet::new();
        let mut each = feeds.iter().map(|feed| feed.source.alias.as_str());
        if let Some(twice) = each.find(|alias| !aliases.insert(*alias)) {
            return Err(format!("two of spec.mirrors have the source {twice:?}"));
        }
        Ok(MirrorMaker {
            meta: self.metadata.check()?,
            replicas,
            target: addresses(&target)?,
            topics: topics(&target),
            target_secrets: secrets(&target),
            feeds,
            observed_generation: self.status.observed_generation,
            conditions: self.status.conditions,
            target_alias: target.alias,
            layout,
        })
    }
}

fn addresses(cluster: &RawCluster) -> Result<Vec<Address>, String> {
    let text = &cluster.bootstrap_servers;
    Address::list(text).ok_or_else(|| {
        format!(
            "bootstrapServers {text:?} of cluster {:?} is no host:port",
            cluster.alias
        )
    })
}

fn access(cluster: &RawCluster, place: &str) -> Result<Access, String> {
    Ok(Access {
        bootstrap: addresses(cluster)?,
        trust: client::trust(cluster.tls.clone()),
        login: client::login(cluster.authentication.clone(), place)?,
    })
}

/// Of a login that is not known here none are.
fn secrets(cluster: &RawCluster) -> BTreeSet<String> {
    let access = access(cluster, "spec.target").ok();
    let secrets = access.iter().flat_map(Access::secrets);
    secrets.map(str::to_owned).collect()
}

fn topics(target: &RawCluster) -> [String; 3] {
    let fields = [
        &target.config_storage_topic,
        &target.offset_storage_topic,
        &target.status_storage_topic,
    ];
    let mut each = fields
        .into_iter()
        .zip(TOPICS)
        .map(|(field, (key, default))| {
            let older = target.config.get(key).and_then(Value::as_str);
            field.as_deref().or(older).unwrap_or(default).to_owned()
        });
    std::array::from_fn(|_| each.next().unwrap_or_default())
}

fn feed(
    key: &str,
    raw: RawFeed,
    layout: Layout,
    source: &RawCluster,
    target: &str,
) -> Result<Feed, String> {
    let connectors = [
        raw.source_connector,
        raw.checkpoint_connector,
        raw.heartbeat_connector,
    ];
    // The operator makes none that is not there.
    let there = ConnectorKind::ALL
        .into_iter()
        .zip(connectors)
        .filter_map(|(kind, raw)| Some((kind, raw?)));
    let connectors = there.map(|(kind, raw)| {
        let state = match raw.state.as_deref() {
            None => None,
            Some(word) => Some(
                Desired::of(word)
                    .ok_or_else(|| format!("{key}.{}.state is {word:?}", kind.key()))?,
            ),
        };
        Ok::<_, String>(Connector {
            kind,
            name: format!("{}->{target}.{}", source.alias, kind.class()),
            state,
            pause: raw.pause.unwrap_or(false),
        })
    });
    Ok(Feed {
        source: SourceCluster {
            alias: source.alias.clone(),
            access: access(source, &format!("{key}.source"))?,
        },
        connectors: connectors.collect::<Result<_, _>>()?,
        layout,
    })
}
