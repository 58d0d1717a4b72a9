//! `slackwater compare`: source and mirror, record by record.

mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use slackwater_cut::{Cut, Pattern};
use slackwater_kafka::KafkaClusters;
use slackwater_kit::{Feed, Policy};
use slackwater_ports::{Cluster, Isolation, PartitionId};

use super::{ConfigArg, Context, read_cut};
use crate::compare::{Extent, Pair, Pairing, Report, Side, of_cut, of_pairing, run};
use crate::exit::Stop;
use crate::site::{Need, Site};

/// Compare the mirror with its sources, record by record.
///
/// Keys, values, headers, timestamps and order are read from both sides' own
/// logs, each once. Exit code 1 where they differ, 3 where it can't be told. Up to
/// four partitions are compared at a time; one takes up to some 100 MB of memory,
/// whatever its length, and 160 MB more where it is compacted and has many keys.
#[derive(Debug, Args)]
pub(super) struct Compare {
    #[command(flatten)]
    config: ConfigArg,
    /// Only topics of this name on the source or the mirror; `*` stands for
    /// any run of characters. May be given several times.
    #[arg(long, value_name = "PATTERN")]
    topic: Vec<String>,
    /// Only up to a cut, a run or a file: the source as far as was committed
    /// then, the mirror to its end then. What is not there is missing.
    #[arg(long, value_name = "CUT")]
    up_to: Option<String>,
    /// How copies are named, instead of asking Connect.
    #[arg(long, value_enum, conflicts_with = "up_to")]
    policy: Option<PolicyName>,
    /// Where a restored mirror is, if not where the configuration says.
    #[arg(long, value_name = "HOST:PORT,…", conflicts_with = "mirror_dir")]
    mirror_bootstrap: Option<String>,
    /// Read the mirror from log directories, or volumes that hold some, while
    /// no broker has them. Of several replicas the one with the longest log.
    #[arg(long, value_name = "PATH")]
    mirror_dir: Vec<PathBuf>,
    /// Read the source from log directories.
    #[arg(long, value_name = "PATH")]
    source_dir: Vec<PathBuf>,
    /// Show what stands in the records at the first difference.
    #[arg(long)]
    show: bool,
    /// Records that the mirror has twice are a difference too.
    #[arg(long)]
    strict: bool,
}

/// The policies that ship with Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PolicyName {
    /// `DefaultReplicationPolicy`: the alias, a dot, the name.
    Default,
    /// `IdentityReplicationPolicy`: the same name.
    Identity,
}

/// What is copied, and how: as a cut says it, or as it is now.
enum Copied {
    Cut(Box<Cut>),
    Now(Pairing),
}

impl Copied {
    /// At which level MirrorMaker reads a source. Without transactions it
    /// copies what was aborted too: that is no extra record on the mirror.
    fn isolation(&self, alias: &str) -> Isolation {
        let known = match self {
            Copied::Cut(cut) => {
                let mut all = cut.quiesce.iter().flat_map(|one| &one.connectors);
                let of_it = all.find(|one| one.copies && one.source_alias == alias);
                of_it.map(|one| one.isolation)
            }
            Copied::Now(Pairing::Feed(feed)) => {
                let of_it = feed.sources.iter().find(|one| one.alias == alias);
                of_it.map(|one| one.isolation)
            }
            Copied::Now(Pairing::Policy(_)) => None,
        };
        known.unwrap_or(Isolation::ReadCommitted)
    }
}

/// A pair with what is known of both sides.
type Ready = (Pair, Result<(Extent, Extent), String>);

impl Compare {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        // The cut says what was copied: what copies need not run.
        let need = match self.up_to {
            Some(_) => Need::Reading,
            None => Need::All,
        };
        let site = context.site_with(&self.config, &need)?;
        let cut = match &self.up_to {
            Some(cut) => Some(read_cut(Some(&site), cut)?),
            None => None,
        };
        let mut clusters = site.clusters.clone();
        if let (Some(bootstrap), Some(options)) =
            (&self.mirror_bootstrap, clusters.get_mut(&Cluster::Mirror))
        {
            options.bootstrap.clone_from(bootstrap);
        }
        let kafka = KafkaClusters::new(clusters);
        let copied = match cut {
            Some(cut) => Copied::Cut(Box::new(cut)),
            None => Copied::Now(self.pairing(&site)?),
        };
        let (sources, mirror) = self.sides(&site, &kafka, &copied)?;
        let pairs = self.pairs(&site, &copied, &sources, &mirror)?;
        let ready = ready(pairs, &sources, &mirror)?;
        let rows = run(ready, &sources, &mirror, self.show, &site.terminal);
        let up_to = match copied {
            Copied::Cut(cut) => Some(cut.run_id),
            Copied::Now(_) => None,
        };
        let report = Report::of(rows, up_to, self.strict);
        context.print(&report, text::text)?;
        report.verdict()
    }

    fn sides<'k>(
        &self,
        site: &Site,
        kafka: &'k KafkaClusters,
        copied: &Copied,
    ) -> Result<(BTreeMap<String, Side<'k>>, Side<'k>), Stop> {
        let aliases: Vec<&String> = site
            .clusters
            .keys()
            .filter_map(|cluster| match cluster {
                Cluster::Source(alias) => Some(alias),
                Cluster::Mirror => None,
            })
            .collect();
        if !self.source_dir.is_empty() && aliases.len() != 1 {
            return Err(Stop::bad_input(format!(
                "--source-dir is for one source, and {} are configured",
                aliases.len()
            )));
        }
        let mut sources = BTreeMap::new();
        for alias in aliases {
            let isolation = copied.isolation(alias);
            let side = match self.source_dir.as_slice() {
                [] => Side::Live(kafka, Cluster::Source(alias.clone()), isolation),
                paths => Side::dirs(paths, isolation)?,
            };
            sources.insert(alias.clone(), side);
        }
        let mirror = match self.mirror_dir.as_slice() {
            [] => Side::Live(kafka, Cluster::Mirror, Isolation::ReadCommitted),
            paths => Side::dirs(paths, Isolation::ReadCommitted)?,
        };
        for unread in sources.values().chain([&mirror]).flat_map(Side::unread) {
            site.terminal.say(&format!("warning: {unread}"));
        }
        Ok((sources, mirror))
    }

    fn pairs(
        &self,
        site: &Site,
        copied: &Copied,
        sources: &BTreeMap<String, Side<'_>>,
        mirror: &Side<'_>,
    ) -> Result<Vec<Pair>, Stop> {
        let mut pairs = match copied {
            Copied::Cut(cut) => {
                let connectors = cut.quiesce.iter().flat_map(|one| &one.connectors);
                warn_of_transforms(site, connectors.filter(|one| one.transforms).count());
                of_cut(cut)
            }
            Copied::Now(pairing) => {
                let there = mirror.topics()?;
                let mut pairs = Vec::new();
                for (alias, source) in sources {
                    let own = &site.settings.own;
                    pairs.extend(of_pairing(pairing, alias, &source.topics()?, &there, own));
                }
                pairs
            }
        };
        if !self.topic.is_empty() {
            let topics: Vec<Pattern> = self.topic.iter().map(Pattern::new).collect();
            pairs.retain(|pair| {
                let named = |topic: &Pattern| {
                    topic.matches(&pair.source.topic) || topic.matches(&pair.mirror.topic)
                };
                topics.iter().any(named)
            });
            if pairs.is_empty() {
                return Err(Stop::bad_input("no copied topic has such a name"));
            }
        }
        Ok(pairs)
    }

    fn pairing(&self, site: &Site) -> Result<Pairing, Stop> {
        match self.policy {
            Some(PolicyName::Identity) => return Ok(Pairing::Policy(Policy::Identity)),
            Some(PolicyName::Default) => {
                let separator = ".".to_owned();
                return Ok(Pairing::Policy(Policy::Default { separator }));
            }
            None => {}
        }
        let view = site.ground().feeders().look.mirror().map_err(|error| {
            Stop::failed(format!(
                "{}: say --policy or --up-to to do without Connect",
                error.message
            ))
        })?;
        let feed = Feed::check(&view)?;
        let transforms = feed.connectors.iter().filter(|one| one.transforms);
        warn_of_transforms(site, transforms.count());
        Ok(Pairing::Feed(feed))
    }
}

fn warn_of_transforms(site: &Site, connectors: usize) {
    if connectors > 0 {
        site.terminal.say(&format!(
            "warning: {connectors} connectors change records on the way (`transforms`): their \
             copies are not the source's records"
        ));
    }
}

/// How far each partition goes. The mirror is asked first: what it has by then
/// the source has had before.
fn ready(
    pairs: Vec<Pair>,
    sources: &BTreeMap<String, Side<'_>>,
    mirror: &Side<'_>,
) -> Result<Vec<Ready>, Stop> {
    let fine = || pairs.iter().filter(|pair| pair.wrong.is_none());
    let of_mirror: Vec<PartitionId> = fine().map(|pair| pair.mirror.clone()).collect();
    let mut mirrors = mirror.extents(&of_mirror)?;
    let mut extents = BTreeMap::new();
    for (alias, source) in sources {
        let of_this = fine().filter(|pair| pair.alias == *alias);
        let of_this: Vec<PartitionId> = of_this.map(|pair| pair.source.clone()).collect();
        extents.insert(alias, source.extents(&of_this)?);
    }
    let mut both = |pair: &Pair| -> Result<(Extent, Extent), String> {
        if let Some(wrong) = &pair.wrong {
            return Err(wrong.clone());
        }
        let unknown = || Err("its source is not configured".to_owned());
        let source = extents
            .get_mut(&pair.alias)
            .and_then(|of_this| of_this.remove(&pair.source));
        let source = source
            .unwrap_or_else(unknown)
            .map_err(|why| format!("on the source: {why}"))?;
        let mut there = mirrors
            .remove(&pair.mirror)
            .unwrap_or_else(|| Err("it was not asked for".to_owned()))
            .map_err(|why| format!("on the mirror: {why}"))?;
        if let Some(cut) = &pair.at_cut {
            if there
                .topic_id
                .as_ref()
                .is_some_and(|id| *id != cut.topic_id)
            {
                return Err("the mirror's topic is another one than that of the cut".to_owned());
            }
            there.until = there.until.min(cut.end);
        }
        Ok((source, there))
    };
    let known: Vec<_> = pairs.iter().map(&mut both).collect();
    Ok(pairs.into_iter().zip(known).collect())
}
