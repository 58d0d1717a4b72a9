//! What there is of a mirror in Strimzi, asked for once at the begin of a
//! command.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use slackwater_cut::{ConnectSettings, ConnectTopics, Settings};
use slackwater_kafka::{ClusterOptions, FIXED_PROPERTIES, KafkaClusters};
use slackwater_kubernetes::{
    ApiServer, InPlace, Kept, Makers, MakersError, MirrorError, Place, Resource, StrimziMirror,
    Way, about_name,
};
use slackwater_ports::Cluster;
use slackwater_strimzi::{Access, Claim, Kafka, Meta, MirrorMaker};

use super::{Need, Strimzi};
use crate::config::{self, StopBy, StrimziOptions};
use crate::exit::Stop;

/// How the clusters are reached.
pub(crate) type Clusters = BTreeMap<Cluster, ClusterOptions>;

/// A Kafka, as `NAMESPACE/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaName {
    namespace: String,
    name: String,
}

impl KafkaName {
    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name there.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for KafkaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for KafkaName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => Ok(Self {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(format!("{text:?} is not NAMESPACE/NAME of a Kafka")),
        }
    }
}

/// See the module.
pub(super) struct Found {
    /// Who the Kafka is, where it was found.
    pub(super) kafka: Option<Meta>,
    pub(super) options: StrimziOptions,
    pub(super) claims: Vec<Claim>,
    pub(super) mirror: StrimziMirror,
    pub(super) clusters: Clusters,
    pub(super) settings: Settings,
    /// Where what feeds it may be.
    pub(super) namespaces: Vec<String>,
}

impl Found {
    pub(super) fn gather(server: &ApiServer, name: &KafkaName, need: &Need) -> Result<Self, Stop> {
        Self::gather_as_it_is(server, name, need, *need == Need::All)
    }

    /// What is held; where nothing is, the rest is not known by notes, and what could
    /// not be found is looked for until a pause that may be over shows that it is.
    pub(super) fn held_or_after_a_pause(
        server: &ApiServer,
        name: &KafkaName,
        need: &Need,
        why: &Stop,
    ) -> Result<Self, Stop> {
        let held = Self::held(server, name)?;
        if !held.mirror.is_held().unwrap_or(true)
            && let Ok(found) = Self::gather_as_it_is(server, name, need, true)
        {
            return Ok(found);
        }
        tracing::warn!("{why}: what is held for {name} can be let go all the same");
        Ok(held)
    }

    fn gather_as_it_is(
        server: &ApiServer,
        name: &KafkaName,
        need: &Need,
        after_a_pause: bool,
    ) -> Result<Self, Stop> {
        let options = options(server, name)?;
        let makers = Makers::discover(server.clone()).map_err(Stop::failed)?;
        let kafka = match after_a_pause {
            true => makers.kafka_after_a_pause(name.namespace(), name.name()),
            false => makers.kafka(name.namespace(), name.name()),
        };
        let kafka = kafka.map_err(Stop::bad_input)?;
        if kafka.meta.is_paused() && kafka.listeners.is_empty() {
            let error = MakersError::KafkaPaused(name.to_string());
            return Err(Stop::bad_input(error));
        }
        if let Some(state) = &kafka.rebalancing {
            return Err(Stop::bad_input(format!(
                "Cruise Control moves replicas of {name} ({state}): wait until status.autoRebalance \
                 of the Kafka is Idle"
            )));
        }
        let namespaces = namespaces(&options, name);
        if *need == Need::All {
            may_be_held(&makers, &kafka, &namespaces)?;
        }
        let claims = makers.claims(&kafka).map_err(Stop::bad_input)?;
        let way = options.stop_by.map(|by| match by {
            StopBy::State => Way::State,
            StopBy::Pause => Way::Pause,
        });
        let mirror = StrimziMirror::find(server, makers.clone(), &kafka, &namespaces, way)
            .map_err(Stop::bad_input)?;
        if !options.pauses_kafka {
            mirror.leave_kafka();
        }
        let clusters = clusters(&makers, &kafka, &options, mirror.makers())?;
        Ok(Self {
            settings: options.settings(connects(&mirror)),
            namespaces,
            kafka: Some(kafka.meta),
            options,
            claims,
            mirror,
            clusters,
        })
    }

    /// The Kafka, and how it is reached: nothing that feeds it is looked for.
    pub(super) fn alone(server: &ApiServer, name: &KafkaName) -> Result<Self, Stop> {
        Self::reached(server, name, |_, _, _| Ok(Vec::new()))
    }

    /// The same with the sources of what feeds it by its address. That Connect says so, too,
    /// is of no matter to who only reads.
    pub(super) fn unfed(server: &ApiServer, name: &KafkaName) -> Result<Self, Stop> {
        Self::reached(server, name, |makers, kafka, namespaces| {
            let found = makers.candidates(kafka, namespaces);
            let found = found.map_err(Stop::bad_input)?;
            match found.is_empty() {
                false => Ok(found),
                true => Err(Stop::bad_input(MirrorError::NoMaker {
                    kafka: name.to_string(),
                    namespaces: namespaces.to_vec(),
                })),
            }
        })
    }

    fn reached(
        server: &ApiServer,
        name: &KafkaName,
        feeding: impl FnOnce(&Makers, &Kafka, &[String]) -> Result<Vec<MirrorMaker>, Stop>,
    ) -> Result<Self, Stop> {
        let held = Self::held(server, name)?;
        let makers = Makers::discover(server.clone()).map_err(Stop::failed)?;
        let kafka = makers
            .kafka(name.namespace(), name.name())
            .map_err(Stop::bad_input)?;
        let feeding = feeding(&makers, &kafka, &held.namespaces)?;
        Ok(Self {
            clusters: clusters(&makers, &kafka, &held.options, feeding.iter())?,
            kafka: Some(kafka.meta),
            ..held
        })
    }

    /// What is held for it by the notes on resources, and nothing else: what can
    /// be let go though nothing can be found as it has to be.
    pub(super) fn held(server: &ApiServer, name: &KafkaName) -> Result<Self, Stop> {
        let options = match options(server, name) {
            Ok(options) => options,
            Err(stop) => {
                tracing::warn!("{stop}");
                defaults()?
            }
        };
        let makers = Makers::discover(server.clone()).map_err(Stop::failed)?;
        let namespaces = namespaces(&options, name);
        let mirror = StrimziMirror::held_for(server, makers, &name.to_string(), &namespaces);
        let mirror = mirror.map_err(Stop::failed)?;
        Ok(Self {
            settings: options.settings(connects(&mirror)),
            namespaces,
            kafka: None,
            options,
            claims: Vec::new(),
            mirror,
            clusters: Clusters::new(),
        })
    }
}

/// That it stands still once what feeds it is stopped. Of one that is held already
/// nothing is said: whoever comes then is to let it go, and what moves is seen.
fn may_be_held(makers: &Makers, kafka: &Kafka, namespaces: &[String]) -> Result<(), Stop> {
    let held = makers.held_for(&kafka.meta.to_string(), namespaces);
    if !held.map_err(Stop::bad_input)?.is_empty() {
        return Ok(());
    }
    makers.nobody_rebalances(kafka).map_err(Stop::bad_input)?;
    makers
        .only_makers_copy_to(kafka, namespaces)
        .map_err(Stop::bad_input)
}

impl Strimzi {
    /// That nothing copies to it that can't be held, before it is: a worker of somebody
    /// else's would go on, on restored brokers, with the offsets that it has in memory.
    /// A Kafka that is gone is known by the addresses that are kept of it.
    ///
    /// # Errors
    /// What does, by name; no answer.
    pub fn only_makers_copy_to_it(&self, kept: Option<&Kept>) -> Result<(), Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let now = self.kafka_if_there(&makers)?;
        let before = kept.map(before).transpose()?;
        now.iter().chain(&before).try_for_each(|kafka| {
            let alone = makers.only_makers_copy_to(kafka, &self.namespaces);
            alone.map_err(Stop::bad_input)
        })
    }
}

impl Strimzi {
    /// The sources of what copies, though nothing of it runs.
    ///
    /// # Errors
    /// What copies is not known, or how one of its sources is reached; no answer.
    pub fn sources(&self, in_place: &InPlace) -> Result<KafkaClusters, Stop> {
        let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
        let mut sources = Clusters::new();
        for maker in in_place.copying().map_err(Stop::failed)? {
            sources_of(&makers, &maker, &self.kafka, &mut sources)?;
        }
        Ok(KafkaClusters::new(sources))
    }
}

/// The Kafka as it was kept.
fn before(kept: &Kept) -> Result<Kafka, Stop> {
    Kafka::read(&kept.kafka_as_found()).map_err(Stop::failed)
}

fn defaults() -> Result<StrimziOptions, Stop> {
    StrimziOptions::defaults().map_err(|(key, why)| Stop::failed(format!("{key}: {why}")))
}

fn namespaces(options: &StrimziOptions, name: &KafkaName) -> Vec<String> {
    match options.namespaces.as_slice() {
        [] => vec![name.namespace().to_owned()],
        named => named.to_vec(),
    }
}

fn connects(mirror: &StrimziMirror) -> Vec<ConnectSettings> {
    let each = mirror.makers().map(|maker| {
        let [config, offset, status] = maker.topics.clone();
        ConnectSettings {
            name: maker.meta.to_string(),
            topics: ConnectTopics {
                config,
                offset,
                status,
            },
        }
    });
    each.collect()
}

/// What is said of it in a ConfigMap beside it, if anything is.
fn options(server: &ApiServer, name: &KafkaName) -> Result<StrimziOptions, Stop> {
    let map = about_name(name.name());
    let place = Place::new(Resource::config_maps(), name.namespace(), &map);
    let place = place.map_err(Stop::bad_input)?;
    let found = server.get(&place).map_err(Stop::failed)?;
    match found.as_ref().map(|object| &object["data"]["mirror.yaml"]) {
        None => defaults(),
        Some(text) => {
            let text = text.as_str().ok_or_else(|| {
                Stop::bad_input(format!("{place} has no mirror.yaml: nothing is said in it"))
            })?;
            config::strimzi(text, Path::new(&place.to_string())).map_err(Stop::bad_input)
        }
    }
}

fn clusters<'a>(
    makers: &Makers,
    kafka: &Kafka,
    options: &StrimziOptions,
    feeding: impl Iterator<Item = &'a MirrorMaker>,
) -> Result<Clusters, Stop> {
    let namespace = &kafka.meta.namespace;
    let user = options.user.as_deref();
    let user = user.map(|name| makers.user(namespace, name));
    let user = user.transpose().map_err(Stop::bad_input)?;
    let access = kafka
        .access(options.listener.as_deref(), user.as_ref())
        .map_err(Stop::bad_input)?
        .trusting(&options.trusted);
    let mut clusters = BTreeMap::new();
    clusters.insert(Cluster::Mirror, cluster(makers, namespace, &access)?);
    for maker in feeding {
        sources_of(makers, maker, &kafka.meta, &mut clusters)?;
    }
    Ok(clusters)
}

/// How the sources of one are reached.
fn sources_of(
    makers: &Makers,
    maker: &MirrorMaker,
    kafka: &dyn fmt::Display,
    clusters: &mut Clusters,
) -> Result<(), Stop> {
    for feed in &maker.feeds {
        let (alias, namespace) = (&feed.source.alias, &maker.meta.namespace);
        let options = cluster(makers, namespace, &feed.source.access)?;
        if clusters
            .insert(Cluster::Source(alias.clone()), options)
            .is_some()
        {
            return Err(Stop::bad_input(format!(
                "the alias {alias} stands for two sources of {kafka}: give each its own"
            )));
        }
    }
    Ok(())
}

fn cluster(makers: &Makers, namespace: &str, access: &Access) -> Result<ClusterOptions, Stop> {
    let properties = makers
        .properties(namespace, access)
        .map_err(Stop::bad_input)?;
    debug_assert!(
        FIXED_PROPERTIES
            .iter()
            .all(|name| !properties.contains_key(*name))
    );
    let written = access.bootstrap.iter();
    let bootstrap = written
        .flat_map(|one| one.from_elsewhere(namespace))
        .map(|one| one.to_string());
    Ok(ClusterOptions {
        bootstrap: bootstrap.collect::<Vec<_>>().join(","),
        properties,
        client_id: "slackwater".to_owned(),
    })
}
