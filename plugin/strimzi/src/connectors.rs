//! What KafkaConnect runs of MirrorMaker: KafkaConnectors of its classes, and the
//! clusters that they copy to. Nothing of it is held: it is recognised, so that a
//! mirror with such a writer is not taken for one that can be stopped.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::meta::RawMeta;
use crate::read::{Raw, read};
use crate::{Address, ConnectorKind, Kafka, Meta, StrimziError};

/// The label that names the KafkaConnect which runs a connector, of its own namespace
/// (`KafkaConnectAssemblyOperator`).
const CONNECT: &str = "strimzi.io/cluster";

/// Of MirrorMaker's classes.
const PACKAGE: &str = "org.apache.kafka.connect.mirror.";

#[derive(Debug, Deserialize)]
struct RawConnector {
    #[serde(default)]
    metadata: RawMeta,
    #[serde(default)]
    spec: RawConnectorSpec,
}

/// What is to become of it (`state`, `pause`) is not read: somebody may say something
/// else at any time.
#[derive(Debug, Default, Deserialize)]
struct RawConnectorSpec {
    class: Option<String>,
    #[serde(default)]
    config: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct RawConnect {
    #[serde(default)]
    metadata: RawMeta,
    spec: RawConnectSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawConnectSpec {
    bootstrap_servers: String,
}

impl Raw for RawConnector {
    const KIND: &'static str = "KafkaConnector";
    type Checked = KafkaConnector;

    fn metadata(&self) -> &RawMeta {
        &self.metadata
    }

    fn check(self) -> Result<KafkaConnector, String> {
        let meta = self.metadata.check()?;
        let config = self.spec.config.iter();
        let told = config.filter(|(key, _)| is_where_it_writes(key));
        let told = told.filter_map(|(_, value)| value.as_str());
        Ok(KafkaConnector {
            connect: meta.label(CONNECT).map(str::to_owned),
            kind: self.spec.class.as_deref().and_then(kind),
            targets: told.flat_map(addresses).collect(),
            meta,
        })
    }
}

impl Raw for RawConnect {
    const KIND: &'static str = "KafkaConnect";
    type Checked = KafkaConnect;

    fn metadata(&self) -> &RawMeta {
        &self.metadata
    }

    fn check(self) -> Result<KafkaConnect, String> {
        Ok(KafkaConnect {
            meta: self.metadata.check()?,
            bootstrap: addresses(&self.spec.bootstrap_servers).collect(),
        })
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaConnector {
    /// Who it is.
    pub meta: Meta,
    /// What it does, where it is MirrorMaker's.
    kind: Option<ConnectorKind>,
    /// The name of the KafkaConnect that runs it; without one nobody does yet.
    connect: Option<String>,
    targets: Vec<Address>,
}

/// Where connectors run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaConnect {
    /// Who it is.
    pub meta: Meta,
    bootstrap: Vec<Address>,
}

impl KafkaConnector {
    /// Reads one as the API server gave it.
    ///
    /// # Errors
    /// Another shape.
    pub fn read(object: &Value) -> Result<Self, StrimziError> {
        read::<RawConnector>(object)
    }

    /// Whether it is MirrorMaker's, and copies: records, or the offsets of groups.
    pub fn copies(&self) -> bool {
        let kind = self.kind;
        kind.is_some_and(|kind| kind != ConnectorKind::Heartbeat)
    }

    /// Whether it copies to this cluster: by what it is told itself, or, since it is
    /// Connect that writes the records, by the cluster that its Connect is on.
    pub fn copies_to(&self, kafka: &Kafka, connects: &[KafkaConnect]) -> bool {
        let from = &self.meta.namespace;
        let mut runs_it = connects.iter().filter(|one| {
            one.meta.namespace == *from && Some(&one.meta.name) == self.connect.as_ref()
        });
        self.copies()
            && (kafka.is_at(&self.targets, from)
                || runs_it.any(|one| kafka.is_at(&one.bootstrap, from)))
    }
}

impl KafkaConnect {
    /// Reads one as the API server gave it.
    ///
    /// # Errors
    /// Another shape.
    pub fn read(object: &Value) -> Result<Self, StrimziError> {
        read::<RawConnect>(object)
    }
}

/// By the class as Connect resolves it: in full, or by its simple name, with or without
/// `Connector` (`PluginUtils.pluginAliases`).
fn kind(class: &str) -> Option<ConnectorKind> {
    let simple = class.strip_prefix(PACKAGE).unwrap_or(class);
    let is_it = |kind: &ConnectorKind| {
        let name = kind.class();
        name == simple || (simple == class && name.strip_suffix("Connector") == Some(simple))
    };
    ConnectorKind::ALL.into_iter().find(is_it)
}

/// `target.cluster.bootstrap.servers`, and what stands in its place for one of
/// MirrorMaker's clients (`target.cluster.producer.…`, `target.admin.…`) or for the one
/// by which Connect writes (KIP-458).
fn is_where_it_writes(key: &str) -> bool {
    let is_target = key.starts_with("target.") && key.ends_with(".bootstrap.servers");
    is_target || key == "producer.override.bootstrap.servers"
}

/// Those that are any: one may be a place holder that only Connect fills.
fn addresses(text: &str) -> impl Iterator<Item = Address> {
    text.split(',').filter_map(|one| Address::parse(one.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_known_as_connect_knows_it() {
        for class in [
            "org.apache.kafka.connect.mirror.MirrorSourceConnector",
            "MirrorSourceConnector",
            "MirrorSource",
        ] {
            assert_eq!(kind(class), Some(ConnectorKind::Source), "{class}");
        }
        for class in [
            "",
            "com.example.MirrorSourceConnector",
            "org.apache.kafka.connect.file.FileStreamSourceConnector",
            "org.apache.kafka.connect.mirror.MirrorSource",
        ] {
            assert_eq!(kind(class), None, "{class}");
        }
    }

    #[test]
    fn what_it_is_told_of_its_source_is_not_where_it_writes() {
        for key in [
            "target.cluster.bootstrap.servers",
            "target.cluster.producer.bootstrap.servers",
            "target.admin.bootstrap.servers",
            "producer.override.bootstrap.servers",
        ] {
            assert!(is_where_it_writes(key), "{key}");
        }
        for key in [
            "source.cluster.bootstrap.servers",
            "target.cluster.alias",
            "consumer.override.bootstrap.servers",
        ] {
            assert!(!is_where_it_writes(key), "{key}");
        }
    }

    #[test]
    fn addresses_beside_a_place_holder_are_read() {
        let read: Vec<String> = addresses("${secrets:kafka/s:at}, b:9092,")
            .map(|one| one.to_string())
            .collect();
        assert_eq!(read, ["b:9092"]);
    }
}
