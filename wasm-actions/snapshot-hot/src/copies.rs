//! What is copied: partitions of the sources, each with its copy on the mirror, in the
//! order of every sweep.

use std::collections::BTreeMap;

use slackwater_cut::{Cut, HotCopy};
use slackwater_ports::{ConnectorRef, Failure, Isolation, PartitionId};

/// A source, as it is copied.
pub(crate) struct Source {
    /// Which connector copies it.
    pub(crate) connector: ConnectorRef,
    /// At which level that reads.
    pub(crate) isolation: Isolation,
    /// Positions of its partitions among the copies.
    pub(crate) copies: Vec<usize>,
}

/// See the module.
pub(crate) struct Copies {
    rows: Vec<HotCopy>,
    sources: BTreeMap<String, Source>,
}

impl Copies {
    /// As quiesceMirror and awaitDrain have found them. A partition whose copy is not on
    /// the mirror is not among them.
    pub(crate) fn of(cut: &Cut) -> Result<Self, Failure> {
        let quiesce = cut.quiesce.as_ref();
        let quiesce = quiesce
            .filter(|_| !cut.rows.topics.is_empty())
            .ok_or_else(|| {
                Failure::refused(
                    "nothing says what is copied: run quiesceMirror and awaitDrain first",
                )
            })?;
        let names = cut.rows.topics.iter().filter_map(|topic| {
            let source = topic.source.as_ref()?;
            Some(((source.alias.as_str(), source.topic.as_str()), topic))
        });
        let names: BTreeMap<_, _> = names.collect();
        let mut rows = Vec::new();
        let mut sources: BTreeMap<String, Source> = BTreeMap::new();
        for source in &quiesce.sampled {
            let key = (source.alias.as_str(), source.partition.topic.as_str());
            let Some(copy) = names.get(&key) else {
                continue;
            };
            if source.partition.partition >= copy.partitions {
                continue;
            }
            let mut connectors = quiesce.connectors.iter();
            let copies = connectors.find(|one| one.copies && one.source_alias == source.alias);
            let connector = copies.ok_or_else(|| {
                Failure::failed(format!("no connector copies source {}", source.alias))
            })?;
            let of = sources.entry(source.alias.clone());
            let of = of.or_insert_with(|| Source {
                connector: connector.connector.clone(),
                isolation: connector.isolation,
                copies: Vec::new(),
            });
            of.copies.push(rows.len());
            rows.push(HotCopy {
                source: source.clone(),
                mirror: PartitionId::new(copy.name.clone(), source.partition.partition),
            });
        }
        if rows.is_empty() {
            return Err(Failure::refused(
                "no partition of a source has its copy on the mirror: there is nothing to order",
            ));
        }
        Ok(Self { rows, sources })
    }

    /// In their order.
    pub(crate) fn rows(&self) -> &[HotCopy] {
        &self.rows
    }

    /// By alias.
    pub(crate) fn sources(&self) -> &BTreeMap<String, Source> {
        &self.sources
    }

    /// As they are kept.
    pub(crate) fn into_rows(self) -> Vec<HotCopy> {
        self.rows
    }
}
