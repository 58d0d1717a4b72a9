//! What is there before anything is done, and what of it forbids a hold.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{
    Class, ClusterIdentity, ConnectIdentity, Settings, SourcePartition, Strategy, Unreachable,
};
use slackwater_kit::{Feed, Look, Problem, SourceFeed, SourceKey, TopicMap, look, positions};
use slackwater_ports::{Cluster, ClusterView, Failure, Level, MirrorView, PartitionId, PortError};

use crate::World;
use crate::settled::settled;
use crate::stop::timeout_ms;

/// Kafka's own: the offsets of groups, and the members of Connect's.
const GROUPS: &str = "__consumer_offsets";

/// At most this many problems are named in one line.
const MOST_NAMED: usize = 3;

/// What is there.
pub(crate) struct Found {
    pub(crate) view: MirrorView,
    pub(crate) feed: Feed,
    /// Source partitions that are copied: assigned to a task, or with a
    /// committed offset.
    pub(crate) copied: BTreeSet<SourceKey>,
    /// Committed offsets. While the mirror runs they are up to a minute old.
    pub(crate) committed: BTreeMap<SourceKey, u64>,
    pub(crate) map: TopicMap,
    pub(crate) mirror: Look,
    /// Those that answered.
    pub(crate) sources: BTreeMap<String, ClusterView>,
    /// Those that are done without.
    pub(crate) unreachable: Vec<Unreachable>,
}

impl Found {
    /// Looks at everything once.
    pub(crate) fn gather(world: &impl World, settings: &Settings) -> Result<Self, Failure> {
        let view = settled(world)?;
        let feed = Feed::check_healthy(&view)?;
        let mut copied = BTreeSet::new();
        let mut committed = BTreeMap::new();
        let mut sources = BTreeMap::new();
        let mut unreachable = Vec::new();
        let mut perhaps = Vec::new();
        for source in &feed.sources {
            let cluster = Cluster::Source(source.alias.clone());
            let shown = match world.describe(&cluster) {
                Ok(view) => Shown::BySource(view),
                Err(error) if error.is_silence() && settings.strategy != Strategy::Hot => {
                    unreachable.push(without(world, source, error, settings)?);
                    Shown::ByMirror(world.describe(&Cluster::Mirror)?)
                }
                Err(error) => return Err(error.into()),
            };
            for position in positions(world, "quiesceMirror", &source.connector)? {
                // A topic that is gone, or that the connector no longer
                // copies, keeps its committed offset for ever.
                let id = &position.partition;
                if !shown.is_there(source, id) || !is_wanted(source, id) {
                    world.log(
                        Level::Info,
                        &format!("{} of {cluster} is no longer copied", position.partition),
                    );
                    continue;
                }
                let key = (source.alias.clone(), position.partition);
                copied.insert(key.clone());
                committed.insert(key, position.offset);
            }
            for partition in &source.assigned {
                copied.insert((source.alias.clone(), partition.clone()));
            }
            if source.assigned.is_empty() {
                match &shown {
                    Shown::BySource(view) => copied.extend(would_be_assigned(world, source, view)?),
                    Shown::ByMirror(mirror) => {
                        perhaps.extend(looks_like_copies(source, mirror, settings));
                    }
                }
            }
            if let Shown::BySource(view) = shown {
                sources.insert(source.alias.clone(), view);
            }
        }
        // What another source is known to be copied to is not this one's; and what two might
        // be, is taken for the first one's.
        let mut taken: BTreeMap<String, String> = copied
            .iter()
            .filter_map(|key| Some((copy_in(&feed, key)?.topic, key.0.clone())))
            .collect();
        copied.extend(perhaps.into_iter().filter(|key| {
            let copy = copy_in(&feed, key).map_or_else(String::new, |id| id.topic);
            *taken.entry(copy).or_insert_with(|| key.0.clone()) == key.0
        }));
        refuse_two_of_one_name(&feed, &copied)?;
        let map = TopicMap::new(&feed, &copied, settings);
        let mirror = look(world, &map)?;
        Ok(Self {
            view,
            feed,
            copied,
            committed,
            map,
            mirror,
            sources,
            unreachable,
        })
    }

    /// The sources that answered.
    pub(crate) fn within_reach(&self) -> impl Iterator<Item = &SourceFeed> {
        let all = self.feed.sources.iter();
        all.filter(|source| self.is_within_reach(&source.alias))
    }

    /// Whether a source answered.
    pub(crate) fn is_within_reach(&self, alias: &str) -> bool {
        self.sources.contains_key(alias)
    }

    /// Refuses a hold that could not be proven or would do harm.
    pub(crate) fn refuse_what_cannot_be_held(&self, settings: &Settings) -> Result<(), Failure> {
        self.refuse_a_window_too_short(settings)?;
        self.refuse_foreign_connect(settings)?;
        self.refuse_hidden_topics()?;
        if let Some(prior) = self.feed.held_by_others().first()
            && !settings.allow_stopped
        {
            return Err(Failure::refused(format!(
                "connector {} is {} already, by someone else: resume it, or say --allow-stopped \
                 (it is then left as it is)",
                prior.connector, prior.state
            )));
        }
        if let Some(name) = self.map.owned_copies().next() {
            return Err(Failure::refused(format!(
                "{name} is listed under `own` and is MirrorMaker's copy: take it out, or exclude it"
            )));
        }
        let protected = self
            .mirror
            .view
            .topics
            .iter()
            .any(|topic| self.map.class(topic) == Some(Class::Mirrored));
        if !protected {
            return Err(Failure::refused(
                "there is nothing to protect: no mirrored topic is on the mirror, or all are \
                 excluded",
            ));
        }
        let problems: Vec<String> = self
            .mirror
            .problems(&self.map)
            .iter()
            .filter(|problem| !matches!(problem, Problem::OpenTransaction(_)))
            .map(ToString::to_string)
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "the mirror is not whole ({} problems): {}",
            problems.len(),
            problems[..problems.len().min(MOST_NAMED)].join("; ")
        )))
    }

    /// The stop alone may take that long where a source can't be reached.
    fn refuse_a_window_too_short(&self, settings: &Settings) -> Result<(), Failure> {
        let needed = timeout_ms(settings, &self.unreachable) + settings.drain_timeout_ms;
        match self.unreachable.first() {
            Some(one) if settings.window_ms < needed => Err(Failure::refused(format!(
                "source {} can't be reached, and without it connectors may take {} s to stop: the \
                 window needs {} s at least, and has {} s (limits.window)",
                one.alias,
                timeout_ms(settings, &self.unreachable) / 1_000,
                needed.div_ceil(1_000),
                settings.window_ms / 1_000,
            ))),
            _ => Ok(()),
        }
    }

    /// A connector that copies must keep its offsets on this mirror, in the
    /// topics that the configuration says.
    fn refuse_foreign_connect(&self, settings: &Settings) -> Result<(), Failure> {
        let mirror = &self.mirror.view.cluster_id;
        for prior in self.feed.connectors.iter().filter(|prior| prior.copies) {
            let name = &prior.connector.connect;
            let Some(connect) = self.view.connects.iter().find(|one| one.name == *name) else {
                continue;
            };
            if connect.kafka_cluster_id != *mirror {
                return Err(Failure::refused(format!(
                    "Connect at {} keeps its topics on cluster {}, not on the mirror {mirror}: a \
                     snapshot of the mirror would not hold its offsets",
                    connect.endpoint, connect.kafka_cluster_id
                )));
            }
            let topics = settings.connects.iter().find(|one| one.name == *name);
            let there = self.shown();
            let names = topics.map_or_else(Vec::new, |one| one.topics.names().to_vec());
            if let Some(name) = names.into_iter().find(|name| !there.contains(name)) {
                return Err(Failure::refused(format!(
                    "connect.topics of {} names {name}, and the mirror shows no such topic: state \
                     Connect's own config, offset and status topics, or let this program's user \
                     describe every topic",
                    connect.endpoint
                )));
            }
        }
        Ok(())
    }

    /// Brokers hide a topic from a client that may not describe it, and a topic that
    /// is not seen is not held still. Two kinds must be there: what the workers'
    /// group needs, and a copy of whatever has a committed offset.
    fn refuse_hidden_topics(&self) -> Result<(), Failure> {
        let there = self.shown();
        let refused = |name: &str, why: &str| {
            Err(Failure::refused(format!(
                "the mirror shows no topic {name}, {why}: let this program's user describe every \
                 topic"
            )))
        };
        let copies = self.feed.connectors.iter().any(|prior| prior.copies);
        if copies && !there.contains(GROUPS) {
            return refused(GROUPS, "which Connect's workers need there");
        }
        for key in self.committed.keys() {
            let Some(copy) = self.copy_of(key) else {
                continue;
            };
            if !there.contains(copy.topic.as_str()) && self.map.is_protected(&copy.topic) {
                let (alias, id) = key;
                let why = format!("and MirrorMaker has copied {id} of {alias} to it");
                return refused(&copy.topic, &why);
            }
        }
        Ok(())
    }

    /// The topics that the mirror shows.
    fn shown(&self) -> BTreeSet<&str> {
        let topics = self.mirror.view.topics.iter();
        topics.map(|topic| topic.name.as_str()).collect()
    }

    /// The copy of a source's partition.
    pub(crate) fn copy_of(&self, key: &SourceKey) -> Option<PartitionId> {
        copy_in(&self.feed, key)
    }

    /// First offset of a source's partition that is not committed.
    pub(crate) fn needed(&self, alias: &str, partition: &PartitionId) -> u64 {
        let key = (alias.to_owned(), partition.clone());
        self.committed.get(&key).map_or(0, |offset| offset + 1)
    }

    pub(crate) fn clusters(&self) -> Vec<ClusterIdentity> {
        let identity = |alias: Option<&String>, view: &ClusterView| ClusterIdentity {
            alias: alias.cloned(),
            cluster_id: view.cluster_id.clone(),
            brokers: view.brokers.clone(),
        };
        std::iter::once(identity(None, &self.mirror.view))
            .chain(
                self.sources
                    .iter()
                    .map(|(alias, view)| identity(Some(alias), view)),
            )
            .collect()
    }

    /// What is sampled, in that order.
    pub(crate) fn sampled(&self) -> Vec<SourcePartition> {
        let copied = self.copied.iter().cloned();
        copied
            .map(|(alias, partition)| SourcePartition { alias, partition })
            .collect()
    }

    pub(crate) fn connects(&self) -> Vec<ConnectIdentity> {
        self.view
            .connects
            .iter()
            .map(|connect| ConnectIdentity {
                name: connect.name.clone(),
                endpoint: connect.endpoint.clone(),
                version: connect.version.clone(),
                kafka_cluster_id: connect.kafka_cluster_id.clone(),
            })
            .collect()
    }
}

/// What shows which partitions of a source there are.
enum Shown {
    /// Itself.
    BySource(ClusterView),
    /// What the mirror has of it, where it can't be asked.
    ByMirror(ClusterView),
}

impl Shown {
    fn is_there(&self, source: &SourceFeed, id: &PartitionId) -> bool {
        match self {
            Self::BySource(view) => has(view, id),
            // A copy that is hidden is missed later, and refused.
            Self::ByMirror(mirror) => {
                source.assigned.contains(id) || has(mirror, &copy_of(source, id))
            }
        }
    }
}

/// What is kept of a source that is done without, where the run may. One that stops nothing
/// may not: it is ordered by what its sources have.
fn without(
    world: &impl World,
    source: &SourceFeed,
    silence: PortError,
    settings: &Settings,
) -> Result<Unreachable, Failure> {
    if !settings.allow_unreachable {
        return Err(Failure::refused(format!(
            "{silence}; say --allow-unreachable-source to do without it (what is compared with \
             it is unproven then)"
        )));
    }
    let alias = &source.alias;
    world.log(
        Level::Warn,
        &format!("done without source {alias}: {silence}"),
    );
    Ok(Unreachable {
        alias: alias.clone(),
        why: silence.message,
    })
}

/// Whether a cluster shows a partition.
fn has(view: &ClusterView, id: &PartitionId) -> bool {
    let mut topics = view.topics.iter().filter(|topic| topic.name == id.topic);
    topics.any(|topic| {
        let mut partitions = topic.partitions.iter();
        partitions.any(|one| one.partition == id.partition)
    })
}

/// Whether a partition with a committed offset is still copied.
fn is_wanted(source: &SourceFeed, id: &PartitionId) -> bool {
    source.assigned.contains(id) || source.wants(&id.topic) != Some(false)
}

fn copy_in(feed: &Feed, (alias, id): &SourceKey) -> Option<PartitionId> {
    let mut sources = feed.sources.iter();
    let source = sources.find(|source| source.alias == *alias)?;
    Some(copy_of(source, id))
}

fn copy_of(source: &SourceFeed, id: &PartitionId) -> PartitionId {
    let copy = source.policy.copy_of(&source.alias, &id.topic);
    PartitionId::new(copy, id.partition)
}

/// Two sources' topics of one name on the mirror would be mixed.
fn refuse_two_of_one_name(feed: &Feed, copied: &BTreeSet<SourceKey>) -> Result<(), Failure> {
    let mut origins: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (alias, id) in copied {
        let Some(source) = feed.sources.iter().find(|source| source.alias == *alias) else {
            continue;
        };
        let origin = (alias.as_str(), id.topic.as_str());
        let copy = source.policy.copy_of(alias, &id.topic);
        let before = *origins.entry(copy.clone()).or_insert(origin);
        if before != origin {
            return Err(Failure::refused(format!(
                "{copy} on the mirror is a copy of {} of source {} and of {} of source {}",
                before.1, before.0, origin.1, origin.0
            )));
        }
    }
    Ok(())
}

/// What a connector without tasks, stopped by someone else, was assigned
/// before: partitions of the topics that it wants and that have a copy. An
/// empty one has no committed offset to tell it by.
fn would_be_assigned(
    world: &impl World,
    source: &SourceFeed,
    view: &ClusterView,
) -> Result<Vec<SourceKey>, Failure> {
    let mirror = world.describe(&Cluster::Mirror)?;
    let wanted = view
        .topics
        .iter()
        .filter(|topic| !topic.internal && source.wants(&topic.name) == Some(true));
    Ok(wanted
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|one| PartitionId::new(topic.name.clone(), one.partition))
        })
        .filter(|id| has(&mirror, &copy_of(source, id)))
        .map(|id| (source.alias.clone(), id))
        .collect())
}

/// The same of a source that can't be asked: what the mirror has under the names that its
/// copies have, and the connector would copy. One too many costs a claim that is unproven
/// already; one that was missed would be restored without anybody asking its source.
fn looks_like_copies(
    source: &SourceFeed,
    mirror: &ClusterView,
    settings: &Settings,
) -> Vec<SourceKey> {
    let connects = settings.connects.iter().flat_map(|one| one.topics.names());
    let others: BTreeSet<&str> = connects.collect();
    let topics = mirror.topics.iter().filter(|topic| {
        let is_own = settings.own.iter().any(|own| own.matches(&topic.name));
        !topic.internal && !is_own && !others.contains(topic.name.as_str())
    });
    let copies = topics.filter_map(|topic| {
        let of = source.policy.topic_of(&source.alias, &topic.name)?;
        (source.wants(&of) == Some(true)).then_some((of, &topic.partitions))
    });
    let each = copies.flat_map(|(of, partitions)| {
        let of = partitions
            .iter()
            .map(move |one| PartitionId::new(of.clone(), one.partition));
        of.map(|id| (source.alias.clone(), id)).collect::<Vec<_>>()
    });
    each.collect()
}
