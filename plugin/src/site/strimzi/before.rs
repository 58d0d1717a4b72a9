//! What is looked at before a mirror is stopped: whether anybody else copies to it, its
//! nodes are at rest, there is room and leave for what a run makes, and it can be let go
//! again. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_kubernetes::{
    ApiError, Makers, Needs, Right, claim_like, driver, must_attach, must_be_allowed, must_fit,
    rights_of_apart, rights_of_backup, rights_of_guard,
};
use slackwater_store::{LeaseState, RunId};

use super::Strimzi;
use crate::exit::Stop;

const STOPPED: &str = "nothing was stopped";

impl Strimzi {
    pub(super) fn room_and_leave(&self, reads: bool) -> Result<(), Stop> {
        let namespace = self.kafka.namespace();
        if let Some(home) = &self.home {
            let makers = Makers::discover(self.server.clone()).map_err(Stop::failed)?;
            let rights = rights_of_backup(
                makers.version(),
                (namespace, self.kafka.name()),
                &home.namespace,
                reads,
                self.keeps_secrets.is_some(),
            );
            self.must_be_allowed(&rights, STOPPED)?;
        }
        let mut needs = Needs {
            snapshots: u32::try_from(self.volumes.len()).unwrap_or(u32::MAX),
            ..Needs::default()
        };
        if reads {
            let nodes: BTreeSet<i32> = self.volumes.iter().map(|one| one.broker).collect();
            needs.pods = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
            for one in &self.volumes {
                let like = claim_like(&self.server, namespace, &one.claim);
                needs.claims.push(like.map_err(Stop::failed)?);
            }
        }
        must_fit(&self.server, namespace, &needs).map_err(Stop::bad_input)?;
        if reads {
            let mut drivers: BTreeMap<String, u64> = BTreeMap::new();
            for one in &self.volumes {
                let of = driver(&self.server, namespace, &one.claim).map_err(Stop::bad_input)?;
                *drivers.entry(of).or_default() += 1;
            }
            must_attach(&self.server, &drivers).map_err(Stop::bad_input)?;
        }
        Ok(())
    }

    pub(super) fn alone_and_at_rest(&self) -> Result<(), Stop> {
        // Asked when the mirror was found, too, but not where a run had left it held.
        self.only_makers_copy_to_it(None)?;
        self.mirror.await_rest().map_err(Stop::bad_input)?;
        self.mirror.await_started().map_err(Stop::bad_input)
    }

    /// One that is started again while its run holds the mirror lets it go as well as
    /// it can.
    pub(super) fn can_be_let_go(&self, run: &RunId) -> Result<(), Stop> {
        match self.leases.holds().look() {
            Ok((LeaseState::Held(Some(of)) | LeaseState::Expired(of), _)) if of.run_id == *run => {
                Ok(())
            }
            _ => {
                self.mirror.may_let_go().map_err(Stop::failed)?;
                let rights = rights_of_guard(self.kafka.namespace(), self.kafka.name());
                match &self.home {
                    Some(_) => self.must_be_allowed(&rights, STOPPED),
                    None => Ok(()),
                }
            }
        }
    }

    /// That whoever runs this may do all of it; `so_far` tells what was not done yet.
    ///
    /// # Errors
    /// All that he may not, in one line; no answer.
    pub fn must_be_allowed(&self, rights: &[Right], so_far: &str) -> Result<(), Stop> {
        let account = match &self.home {
            Some(home) => format!("ServiceAccount {}/{}", home.namespace, home.account),
            None => "who runs this".to_owned(),
        };
        must_be_allowed(&self.server, &account, rights, so_far).map_err(|error| match error {
            ApiError::Denied { .. } => Stop::bad_input(error),
            error => Stop::failed(error),
        })
    }

    /// What it takes to have a pod of its own go on ([`Strimzi::apart`]).
    pub fn rights_of_apart(&self) -> Vec<Right> {
        let own = self.home.iter().map(|home| home.namespace.as_str());
        own.flat_map(rights_of_apart).collect()
    }
}
