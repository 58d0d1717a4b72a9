//! What there is, for the plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use slackwater_restore::{Claimed, Feeder, Kafka, Nodes, Note, Pool, Seen, Stopped, Volume};
use slackwater_strimzi::{
    ConnectorKind, Desired, Kafka as Read, MirrorMaker, NodePool, PRIOR, noted,
};

use super::claims::RESTORING as MADE;
use super::feeders::RESTORING;
use super::kafka::State;
use super::named::{Named, named};
use super::remade::{full_name, other};
use super::{InPlace, RestoreError};
use crate::place::{Place, Resource, name};
use crate::{ClaimVolume, MakersError};

impl InPlace {
    /// Looks at all of it.
    ///
    /// # Errors
    /// Something can't be read; no answer.
    pub fn look(&self) -> Result<Seen, RestoreError> {
        let kafka = self.state(&self.kafka_place()?)?;
        let note = kafka
            .as_ref()
            .map(|kafka| self.note_of(kafka))
            .transpose()?;
        let note = note.flatten();
        // What went with the Kafka is made where that is.
        let makes_all = kafka.is_none() || note.as_ref().is_some_and(|note| note.is_made);
        // Nor has one an id that others have made, as which no broker has run yet.
        let is_new = makes_all || kafka.as_ref().and_then(cluster_id).is_none();
        let found = self.listed_pools()?;
        let (pools, controllers) = self.pools(&found, makes_all, is_new);
        let version_then = self.kept().and_then(|kept| kept.kafka_version.clone());
        let version = match &kafka {
            Some(kafka) => version(&kafka.object),
            None => self.kept().and_then(|kept| version(&kept.kafka)),
        };
        let kept = self.kept_volumes()?;
        let of_others = kept.iter().filter(|one| one.note.run != self.target.run);
        let names: BTreeMap<String, String> = kept
            .iter()
            .filter(|one| one.note.run == self.target.run)
            .map(|one| (one.note.claim_name(), one.name.clone()))
            .collect();
        let each = self.target.volumes.iter();
        let all_kept: BTreeSet<&str> = kept.iter().map(|one| one.name.as_str()).collect();
        let volumes = each.map(|one| self.volume(&one.claim, names.get(&one.claim), &all_kept));
        let claims = self.which_claims()?;
        let proven = self.proven.as_ref().filter(|one| one.shown_on == claims);
        Ok(Seen {
            run: self.target.run.clone(),
            cluster_id: self.target.cluster_id.clone(),
            feeders: self.feeders(kafka.as_ref(), note.as_ref(), makes_all)?,
            kafka: match &kafka {
                None => Kafka::Gone {
                    is_kept: self.kept().is_some(),
                },
                Some(kafka) => Kafka::There {
                    cluster_id: cluster_id(kafka).map(str::to_owned),
                    is_paused: kafka.is_paused(),
                    says_paused: kafka.says_paused(),
                    is_ready: self.is_ready(kafka)?,
                    note,
                },
            },
            nodes: self
                .sets_of_kafka()?
                .iter()
                .map(|set| Nodes {
                    name: name(set),
                    has_controllers: !controllers.brokers_alone.contains(&name(set)),
                })
                .collect(),
            pods: self.pods_of_kafka()?.iter().map(name).collect(),
            volumes: volumes.collect::<Result<_, _>>()?,
            claims,
            lost_secrets: match makes_all {
                true => self.lost_secrets()?,
                false => Vec::new(),
            },
            lost_others: match makes_all {
                true => self.lost_others()?,
                false => Vec::new(),
            },
            lacks: match kafka.is_none() || self.target.origin.is_some() {
                true => self.lacks()?,
                false => Vec::new(),
            },
            other_claims: match (makes_all, is_new) {
                (true, _) => Vec::new(),
                (false, true) => self.claims_of_no_pool(&found),
                (false, false) => self.other_claims(&found)?,
            },
            version,
            version_then,
            kept_of_others: of_others.map(|one| one.note.claim_name()).collect(),
            pools,
            volumes_proven: proven.is_some(),
            retention_would_delete: proven.is_some_and(|one| one.retention_would_delete),
            trims: self.target.trims,
            clone_of: self.clone_of()?,
        })
    }

    /// By its pools, whose node ids the operator has given out.
    fn other_claims(&self, found: &[Value]) -> Result<Vec<String>, RestoreError> {
        let mut there = BTreeSet::new();
        for pool in found {
            let pool = NodePool::read(pool).map_err(MakersError::from)?;
            there.extend(pool.claims().into_iter().map(|claim| claim.name));
        }
        let cut: BTreeSet<String> = self.claims().into_iter().map(str::to_owned).collect();
        Ok(there.symmetric_difference(&cut).cloned().collect())
    }

    fn listed_pools(&self) -> Result<Vec<Value>, RestoreError> {
        let labels = format!("strimzi.io/cluster={}", self.target.name);
        let resource = Resource::node_pools(self.makers.version());
        let namespace = &self.target.namespace;
        Ok(self.server.list(&resource, namespace, &labels)?)
    }

    fn pools(&self, found: &[Value], makes_all: bool, is_new: bool) -> (Vec<Pool>, Roles) {
        let mut roles = Roles::default();
        let kept = self.kept().into_iter().flat_map(|kept| &kept.pools);
        let kept: BTreeSet<String> = kept.map(|one| name(&one.object)).collect();
        let mut pools = Vec::new();
        for pool in found {
            let name = name(pool);
            let has = pool["spec"]["roles"].as_array().into_iter().flatten();
            if !has.into_iter().any(|role| role == "controller") {
                let set = format!("{}-{name}", self.target.name);
                roles.brokers_alone.insert(set);
            }
            let there = &pool["status"]["nodeIds"];
            let known = self.node_ids(&name);
            pools.push(Pool {
                has_its_ids: !is_new || known.is_none_or(|ids| *there == json!(ids)),
                is_there: true,
                name,
            });
        }
        let there: BTreeSet<String> = found.iter().map(name).collect();
        let lost = kept
            .iter()
            .filter(|name| makes_all && !there.contains(*name));
        pools.extend(lost.map(|name| Pool {
            name: name.clone(),
            is_there: false,
            has_its_ids: false,
        }));
        (pools, roles)
    }

    /// Those whose target it is, by the addresses that it has or had; those that are
    /// noted on; and those that are to be made again.
    fn feeders(
        &self,
        kafka: Option<&State>,
        note: Option<&Note>,
        makes_all: bool,
    ) -> Result<Vec<Feeder>, RestoreError> {
        let mut names = self.feeder_names(kafka, note)?;
        if makes_all {
            let kept = self.kept().into_iter().flat_map(|kept| &kept.feeders);
            names.extend(kept.map(full_name));
        }
        let each = names.into_iter().map(|name| self.feeder(name));
        let found = each.collect::<Result<Vec<_>, _>>()?;
        // One that is gone and is not to be made again is nobody's to wait for.
        let is_one = |one: &Feeder| one.is_there || makes_all || one.has_workers;
        Ok(found.into_iter().filter(is_one).collect())
    }

    pub(super) fn feeder_names(
        &self,
        kafka: Option<&State>,
        note: Option<&Note>,
    ) -> Result<BTreeSet<String>, RestoreError> {
        let mut names = BTreeSet::new();
        if self.target.origin.is_some() {
            // What comes to the addresses that it has, or was noted to have, may feed the
            // original.
            return Ok(names);
        }
        names.extend(note.into_iter().flat_map(|note| note.feeders.clone()));
        if self.kept().is_none() {
            // One that others have made has no addresses yet.
            names.extend(self.target.feeders.iter().cloned());
            let held = self
                .makers
                .held_for(&self.kafka_name(), &self.target.namespaces)?;
            names.extend(held.into_iter().map(|one| one.meta.to_string()));
        }
        for object in [kafka.map(|one| one.object.clone()), self.kafka_before()] {
            let Some(object) = object else { continue };
            let read = Read::read(&object).map_err(MakersError::from)?;
            let found = self.makers.candidates(&read, &self.target.namespaces)?;
            names.extend(found.into_iter().map(|one| one.meta.to_string()));
        }
        Ok(names)
    }

    /// By what is kept of it; else by the claims of the cut, whose names end with the
    /// pool's and the node's.
    pub(super) fn node_ids(&self, pool: &str) -> Option<Vec<i32>> {
        let mut kept = self.kept().into_iter().flat_map(|kept| &kept.pools);
        if let Some(kept) = kept.find(|one| name(&one.object) == pool) {
            return Some(kept.node_ids.clone());
        }
        let volumes = self.target.volumes.iter();
        let of = volumes.filter(|one| self.is_of_pool(one, pool));
        let ids: BTreeSet<i32> = of.map(|one| one.broker).collect();
        (!ids.is_empty()).then(|| ids.into_iter().collect())
    }

    /// Claims of the cut that no KafkaNodePool there is for.
    fn claims_of_no_pool(&self, found: &[Value]) -> Vec<String> {
        let pools: Vec<String> = found.iter().map(name).collect();
        let volumes = self.target.volumes.iter();
        let none = volumes.filter(|one| !pools.iter().any(|pool| self.is_of_pool(one, pool)));
        none.map(|one| one.claim.clone()).collect()
    }

    fn is_of_pool(&self, volume: &ClaimVolume, pool: &str) -> bool {
        let pod = format!("{}-{pool}-{}", self.target.name, volume.broker);
        is_of_pod(&volume.claim, &pod)
    }

    fn kafka_before(&self) -> Option<Value> {
        Some(self.kept()?.kafka_as_found())
    }

    fn feeder(&self, name: String) -> Result<Feeder, RestoreError> {
        let found = self.state(&self.maker_place(&name)?)?;
        let maker = found.as_ref().map(|found| MirrorMaker::read(&found.object));
        let maker = maker.transpose().map_err(MakersError::from)?;
        let [sets, pods] = self.workers(&name)?;
        let says = |is: fn(&State) -> bool| found.as_ref().is_some_and(is);
        Ok(Feeder {
            is_there: found.is_some(),
            is_paused: says(|one| one.is_paused() && one.says_paused()),
            is_kept_still: says(|one| one.annotation(RESTORING).is_some()),
            stopped: stopped(maker.as_ref())?,
            rests: maker.as_ref().map(rests).transpose()?.unwrap_or(false),
            owner: maker
                .and_then(|maker| maker.meta.git_ops())
                .map(str::to_owned),
            has_workers: !(sets.is_empty() && pods.is_empty()),
            name,
        })
    }

    fn volume(
        &self,
        claim: &str,
        kept: Option<&String>,
        all_kept: &BTreeSet<&str>,
    ) -> Result<Volume, RestoreError> {
        let found = self.server.get(&self.claim_place(claim)?)?;
        let claimed = match &found {
            None => Claimed::Nothing,
            Some(found) => {
                let volume = found["spec"]["volumeName"].as_str();
                let made = &found["metadata"]["labels"][MADE];
                match () {
                    () if volume.is_some_and(|volume| all_kept.contains(volume)) => Claimed::Kept,
                    () if *made == self.target.run.as_str() => Claimed::New,
                    () => Claimed::Old,
                }
            }
        };
        Ok(Volume {
            claim: claim.to_owned(),
            snapshot: self.snapshot_of(claim)?,
            claimed,
            is_kept: kept.is_some(),
            is_known: found.is_some() || kept.is_some() || self.kept_claim(claim).is_some(),
        })
    }

    fn lost_secrets(&self) -> Result<Vec<String>, RestoreError> {
        let mut lost = Vec::new();
        for secret in self.kept().into_iter().flat_map(|kept| &kept.secrets) {
            let Some((namespace, name)) = secret.split_once('/') else {
                continue;
            };
            let place = Place::new(Resource::secrets(), namespace, name)?;
            if self.server.get(&place)?.is_none() {
                lost.push(secret.clone());
            }
        }
        Ok(lost)
    }

    /// What the resources that are kept name, and neither is there nor will be made. (Not the
    /// Secret with which readers pull their image: where it is missing kubelets do without.)
    fn lacks(&self) -> Result<Vec<String>, RestoreError> {
        let Some(kept) = self.kept() else {
            return Ok(Vec::new());
        };
        let keeps_ca = self.target.origin.as_ref().is_some_and(|one| one.keeps_ca);
        let home = &self.target.namespace;
        let mut lacks = Vec::new();
        for (space, one) in named(kept, home, keeps_ca, self.target.feeds) {
            let (resource, name) = match &one {
                Named::ConfigMap(name) => (Resource::config_maps(), name),
                Named::Secret(name) => (Resource::secrets(), name),
            };
            let is_made = kept.secrets.contains(&format!("{space}/{name}"));
            let place = Place::new(resource, &space, name)?;
            if !is_made && self.server.get(&place)?.is_none() {
                lacks.push(match space == *home {
                    true => one.to_string(),
                    false => format!("{one} of namespace {space}"),
                });
            }
        }
        Ok(lacks)
    }

    /// By one list of each kind: there may be thousands of topics, and this is asked after
    /// each step.
    fn lost_others(&self) -> Result<Vec<String>, RestoreError> {
        let kept = self.kept().into_iter().flat_map(|kept| &kept.others);
        let mut by_place: BTreeMap<Resource, Vec<&Value>> = BTreeMap::new();
        for object in kept {
            let resource = self.other_place(object)?.resource;
            by_place.entry(resource).or_default().push(object);
        }
        let mut lost = Vec::new();
        for (resource, kept) in by_place {
            let namespace = &self.target.namespace;
            let there = self.server.list_if_served(&resource, namespace, "")?;
            let there: BTreeSet<String> = there.iter().map(name).collect();
            let gone = kept.into_iter().filter(|one| !there.contains(&name(one)));
            lost.extend(gone.map(other));
        }
        Ok(lost)
    }
}

/// As Strimzi calls the claims of a pod: `data-POD`, and of a JBOD `data-ID-POD`
/// (`VolumeUtils`).
fn is_of_pod(claim: &str, pod: &str) -> bool {
    let rest = claim.strip_prefix("data-");
    rest.is_some_and(|rest| match rest.strip_suffix(pod) {
        Some("") => true,
        Some(id) => {
            let id = id.strip_suffix('-');
            id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
        }
        None => false,
    })
}

/// Where the operator says it.
fn cluster_id(kafka: &State) -> Option<&str> {
    let id = kafka.object["status"]["clusterId"].as_str();
    id.filter(|id| !id.is_empty())
}

/// What is asked for; else what the operator says that there was.
fn version(kafka: &Value) -> Option<String> {
    let asked = kafka["spec"]["kafka"]["version"].as_str();
    let said = kafka["status"]["kafkaVersion"].as_str();
    asked.or(said).map(str::to_owned)
}

/// By the note of what stood there before.
fn stopped(maker: Option<&MirrorMaker>) -> Result<Stopped, RestoreError> {
    let Some(maker) = maker.filter(|maker| maker.meta.annotation(PRIOR).is_some()) else {
        return Ok(Stopped::None);
    };
    let copies = noted(maker).map_err(MakersError::from)?;
    match copies.contains(&ConnectorKind::Source) {
        true => Ok(Stopped::All),
        false => Ok(Stopped::Checkpoints),
    }
}

/// Whether its user has what copies stopped or paused: what is noted is somebody's hold.
fn rests(maker: &MirrorMaker) -> Result<bool, RestoreError> {
    let noted = noted(maker).map_err(MakersError::from)?;
    let mut copying = maker.connectors();
    Ok(copying.any(|one| {
        let copies = one.kind == ConnectorKind::Source;
        copies && one.desired() != Desired::Running && !noted.contains(&one.kind)
    }))
}

/// What is known of sets by their pools: one of which nothing is goes last.
#[derive(Default)]
struct Roles {
    brokers_alone: BTreeSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_of_the_pod_whose_name_it_ends_with_and_of_no_other() {
        assert!(is_of_pod("data-mirror-dual-1", "mirror-dual-1"));
        assert!(is_of_pod("data-10-mirror-dual-1", "mirror-dual-1"));
        for other in [
            "data-mirror-dual-11",
            "data-my-mirror-dual-1",
            "data--mirror-dual-1",
            "data-x-mirror-dual-1",
            "mirror-dual-1",
            "logs-mirror-dual-1",
        ] {
            assert!(!is_of_pod(other, "mirror-dual-1"), "{other}");
        }
    }
}
