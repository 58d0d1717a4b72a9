//! What an account has to be allowed for steps of a restore. It is asked for all of
//! them before the first: one that is refused in the middle leaves a mirror without
//! its brokers. What only looks shows by itself while looking, and is not listed.
//! Asks nobody.

use std::slice;

use slackwater_restore::{Step, steps_around_others};
use slackwater_strimzi::ApiVersion;

use super::{InPlace, Keeper};
use crate::place::Resource;
use crate::rights::{Right, rights};

/// Of what it is asked.
struct Asked<'a> {
    version: ApiVersion,
    sets: &'a Resource,
    /// The Kafka's namespace.
    space: &'a str,
    /// Slackwater's own, where copies are kept.
    own: Option<&'a str>,
    /// Where what feeds it may be.
    feeders_in: &'a [String],
    is_clone: bool,
}

impl InPlace {
    /// Those of these steps, each once.
    pub fn rights(&self, steps: &[Step]) -> Vec<Right> {
        let asked = Asked {
            version: self.makers.version(),
            sets: &self.sets,
            space: &self.target.namespace,
            own: self.keeper.as_ref().map(Keeper::namespace),
            feeders_in: &self.target.namespaces,
            is_clone: self.target.origin.is_some(),
        };
        asked.rights(steps)
    }
}

/// Those of a restore of a Kafka in `space` that others make, by pods of Slackwater's `own`,
/// whatever is there when that is.
pub(crate) fn rights_around_others(
    version: ApiVersion,
    sets: &Resource,
    space: &str,
    own: &str,
) -> Vec<Right> {
    let here = space.to_owned();
    let asked = Asked {
        version,
        sets,
        space,
        own: Some(own),
        feeders_in: slice::from_ref(&here),
        is_clone: false,
    };
    asked.rights(&steps_around_others())
}

impl Asked<'_> {
    fn rights(&self, steps: &[Step]) -> Vec<Right> {
        let mut all: Vec<Right> = Vec::new();
        for right in steps.iter().flat_map(|step| self.rights_of(step)) {
            if !all.contains(&right) {
                all.push(right);
            }
        }
        all
    }

    fn rights_of(&self, step: &Step) -> Vec<Right> {
        let (version, space) = (self.version, self.space);
        let here = |resource: Resource, verbs: &[&'static str]| rights(space, &resource, "", verbs);
        let status = |resource: Resource| rights(space, &resource, "status", &["patch"]);
        let cluster = |resource: Resource, verbs: &[&'static str]| rights("", &resource, "", verbs);
        let (kafkas, makers) = (Resource::kafkas(version), Resource::mirror_makers(version));
        let (pods, claims) = (Resource::pods(), Resource::claims());
        match step {
            Step::FindSnapshot(_) => [
                cluster(Resource::snapshot_contents(), &["get", "create", "delete"]),
                here(Resource::snapshots(), &["create"]),
            ]
            .concat(),
            Step::CloseOff => here(Resource::network_policies(), &["get", "create"]),
            Step::AwaitSnapshot(_) | Step::AwaitReady | Step::AwaitNoPods(_) | Step::LeaveAside => {
                Vec::new()
            }
            Step::TakeOver => [
                here(kafkas, &["patch"]),
                cluster(Resource::volumes(), &["get", "patch"]),
            ]
            .concat(),
            Step::PauseKafka
            | Step::StandAside
            | Step::TurnBack
            | Step::StartNodes
            | Step::LetRetentionGo
            | Step::NoteIsBack => here(kafkas, &["patch"]),
            Step::PauseFeeder(name) | Step::StartFeeder(name) => {
                rights(self.space_of(name), &makers, "", &["patch"])
            }
            Step::RemoveWorkers(name) => rights(self.space_of(name), self.sets, "", &["delete"]),
            // And readers of one that was killed.
            Step::RemoveNodes(_) => [
                here(self.sets.clone(), &["delete"]),
                here(pods, &["delete"]),
            ]
            .concat(),
            Step::KeepVolume(_) => cluster(Resource::volumes(), &["get", "patch"]),
            Step::RemoveClaim(_) => here(claims, &["delete"]),
            Step::MakeClaim(_) => here(claims, &["create"]),
            Step::ProveVolumes | Step::TrimVolumes => [
                here(pods.clone(), &["get", "create", "delete"]),
                rights(space, &pods, "exec", &["get"]),
                self.rights_to_write_a_cut(),
            ]
            .concat(),
            Step::MakeSecret(_) => {
                let mut both = here(Resource::secrets(), &["create"]);
                if let Some(own) = self.own {
                    both.extend(rights(own, &Resource::secrets(), "", &["get"]));
                }
                both
            }
            Step::MakePool(_) => here(Resource::node_pools(version), &["create"]),
            // A step that was done before is told by what is there.
            Step::GiveNodeIds(_) => [
                here(Resource::node_pools(version), &["get"]),
                status(Resource::node_pools(version)),
            ]
            .concat(),
            Step::MakeKafka => here(kafkas, &["create"]),
            Step::GiveClusterId => status(kafkas),
            Step::ProveHeads => self.rights_to_write_a_cut(),
            Step::MakeOther(what) => {
                let resource = match what.starts_with("KafkaTopic/") {
                    true => Resource::topics(version),
                    false => Resource::users(version),
                };
                here(resource, &["get", "create"])
            }
            Step::MakeFeeder(name) => rights(self.space_of(name), &makers, "", &["create"]),
            Step::StartCopying | Step::StartCheckpoints => {
                let each = self.feeders_in.iter();
                let of = each.flat_map(|space| {
                    let exec = rights(space, &pods, "exec", &["get"]);
                    [rights(space, &makers, "", &["patch"]), exec].concat()
                });
                of.collect()
            }
            Step::Finish => [
                here(claims, &["patch"]),
                here(kafkas, &["patch"]),
                self.rights_to_forget_snapshots(),
            ]
            .concat(),
            Step::DropClaim(_) => [
                here(claims, &["delete"]),
                cluster(Resource::volumes(), &["get", "patch"]),
            ]
            .concat(),
            Step::PutBackClaim(_) => [
                here(claims, &["create"]),
                cluster(Resource::volumes(), &["patch"]),
            ]
            .concat(),
            Step::FinishBack => [
                here(claims, &["patch"]),
                cluster(Resource::volumes(), &["patch"]),
                here(kafkas, &["patch"]),
            ]
            .concat(),
        }
    }

    /// A clone's own.
    fn rights_to_forget_snapshots(&self) -> Vec<Right> {
        if !self.is_clone {
            return Vec::new();
        }
        let delete = &["get", "delete"][..];
        let mut all = rights(self.space, &Resource::snapshots(), "", delete);
        all.extend(rights("", &Resource::snapshot_contents(), "", delete));
        all
    }

    /// Beside the Kafka, and as a copy.
    fn rights_to_write_a_cut(&self) -> Vec<Right> {
        let spaces = [Some(self.space), self.own].into_iter().flatten();
        let verbs = ["get", "create", "update"];
        let of = spaces.flat_map(|space| rights(space, &Resource::config_maps(), "", &verbs));
        of.collect()
    }

    /// Of what is called `NAMESPACE/NAME`.
    fn space_of<'a>(&'a self, name: &'a str) -> &'a str {
        name.split_once('/').map_or(self.space, |(space, _)| space)
    }
}
