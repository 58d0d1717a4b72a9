//! What an account has to be allowed for steps of a restore. It is asked for all of
//! them before the first: one that is refused in the middle leaves a mirror without
//! its brokers. What only looks shows by itself while looking, and is not listed.
//! Asks nobody.

use slackwater_restore::Step;

use super::InPlace;
use crate::place::Resource;
use crate::rights::{Right, rights};

impl InPlace {
    /// Those of these steps, each once.
    pub fn rights(&self, steps: &[Step]) -> Vec<Right> {
        let mut all: Vec<Right> = Vec::new();
        for right in steps.iter().flat_map(|step| self.rights_of(step)) {
            if !all.contains(&right) {
                all.push(right);
            }
        }
        all
    }

    fn rights_of(&self, step: &Step) -> Vec<Right> {
        let (version, space) = (self.makers.version(), self.target.namespace.as_str());
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
            Step::RemoveWorkers(name) => rights(self.space_of(name), &self.sets, "", &["delete"]),
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
                if let Some(keeper) = &self.keeper {
                    let kept = Resource::secrets();
                    both.extend(rights(keeper.namespace(), &kept, "", &["get"]));
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
                let each = self.target.namespaces.iter();
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
        if self.target.origin.is_none() {
            return Vec::new();
        }
        let (space, delete) = (self.target.namespace.as_str(), &["get", "delete"][..]);
        let mut all = rights(space, &Resource::snapshots(), "", delete);
        all.extend(rights("", &Resource::snapshot_contents(), "", delete));
        all
    }

    /// Beside the Kafka, and as a copy.
    fn rights_to_write_a_cut(&self) -> Vec<Right> {
        let mut all = Vec::new();
        let spaces = [
            Some(self.target.namespace.as_str()),
            self.keeper.as_ref().map(super::Keeper::namespace),
        ];
        for space in spaces.into_iter().flatten() {
            let verbs = ["get", "create", "update"];
            all.extend(rights(space, &Resource::config_maps(), "", &verbs));
        }
        all
    }

    /// Of what is called `NAMESPACE/NAME`.
    fn space_of<'a>(&'a self, name: &'a str) -> &'a str {
        let own = self.target.namespace.as_str();
        name.split_once('/').map_or(own, |(space, _)| space)
    }
}
