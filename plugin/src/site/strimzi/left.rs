//! What runs have left behind: pods of those that are over, with the claims that they
//! read, and the VolumeSnapshots of those that were given up.

use std::collections::BTreeSet;

use slackwater_cut::{Cut, State};
use slackwater_kubernetes::{ReadClaims, Workers};
use slackwater_store::{LeaseState, RunId};

use super::Strimzi;
use super::others::Apart;
use crate::command::slug;
use crate::exit::Stop;
use crate::restore::SIGNS;

/// Of one run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Which.
    pub run: String,
    /// Pods of ours, as `NAMESPACE/NAME`.
    pub pods: Vec<String>,
    /// Claims that were made to be read.
    pub read_claims: Vec<String>,
    /// How many VolumeSnapshots, where the run was given up.
    pub snapshots: usize,
    /// Whether a pod that nobody waits for goes on with it: nothing is left behind then.
    pub goes_on: bool,
}

impl Strimzi {
    /// What there is, of all runs but the one that holds the mirror.
    ///
    /// # Errors
    /// No answer.
    pub fn left_behind(&self) -> Result<Vec<Left>, Stop> {
        let (state, _) = self.leases.holds().look().map_err(Stop::failed)?;
        let holds = match state {
            LeaseState::Held(None) => {
                return Err(Stop::held("somebody is just taking the mirror: try again"));
            }
            // Its pods are another run's.
            LeaseState::Held(Some(of)) | LeaseState::Expired(of) if of.note == SIGNS => {
                return Err(Stop::held(format!("{of} is under way: it comes first")));
            }
            LeaseState::Held(Some(of)) | LeaseState::Expired(of) => Some(of.run_id),
            LeaseState::Free => None,
        };
        let namespace = self.kafka.namespace();
        let mut runs: BTreeSet<String> = self.runs_with_snapshots()?.into_iter().collect();
        let ours = self.home.as_ref().map(|home| home.namespace.as_str());
        for namespace in [Some(namespace), ours].into_iter().flatten() {
            runs.extend(Workers::of_runs(&self.server, namespace).map_err(Stop::failed)?);
        }
        runs.extend(ReadClaims::runs(&self.server, namespace).map_err(Stop::failed)?);
        let mut all = Vec::new();
        for run in runs {
            // Labels are anybody's to write.
            let Ok(run) = run.parse::<RunId>() else {
                continue;
            };
            if holds.as_ref() == Some(&run) || !self.is_of_this_kafka(&run) {
                continue;
            }
            let left = self.left_of(&run)?;
            if !(left.pods.is_empty() && left.read_claims.is_empty() && left.snapshots == 0) {
                all.push(left);
            }
        }
        Ok(all)
    }

    /// Deletes it.
    ///
    /// # Errors
    /// A refusal; no answer.
    pub fn delete_left_behind(&self, left: &Left) -> Result<(), Stop> {
        let run: RunId = left.run.parse().map_err(Stop::failed)?;
        if self.goes_on_apart(&run) {
            return Ok(());
        }
        self.delete_pods_and_claims(&run)?;
        if left.snapshots > 0 {
            self.snapshots(&run)?.delete().map_err(Stop::failed)?;
        }
        Ok(())
    }

    /// Pods first: a claim goes when none has it any more.
    pub(super) fn delete_pods_and_claims(&self, run: &RunId) -> Result<(), Stop> {
        for workers in self.workers_of(run) {
            workers.delete_all().map_err(Stop::failed)?;
        }
        self.read_claims_of(run).delete_all().map_err(Stop::failed)
    }

    fn left_of(&self, run: &RunId) -> Result<Left, Stop> {
        let mut pods = Vec::new();
        for workers in self.workers_of(run) {
            pods.extend(workers.names().map_err(Stop::failed)?);
        }
        let is_void = match self.document(run) {
            Ok((document, _)) => {
                let cut = Cut::parse(&document).map_err(Stop::failed)?;
                matches!(cut.state, State::Void { .. })
            }
            // A backup whose cut is gone is somebody's to look at.
            Err(_) => false,
        };
        let snapshots = match is_void {
            true => self.snapshots(run)?.count().map_err(Stop::failed)?,
            false => 0,
        };
        Ok(Left {
            run: run.to_string(),
            pods,
            read_claims: self.read_claims_of(run).names().map_err(Stop::failed)?,
            snapshots,
            goes_on: self.goes_on_apart(run),
        })
    }

    /// In Slackwater's own namespace there are runs of all mirrors. By its document;
    /// without one, by its id, which is its mirror's and two numbers.
    fn is_of_this_kafka(&self, run: &RunId) -> bool {
        if let Ok((document, _)) = self.document(run) {
            let cut = Cut::parse(&document);
            return cut
                .is_ok_and(|cut| cut.mirror == self.kafka.to_string() && cut.state.is_final());
        }
        // Two mirrors may have one slug: what lives may be another's.
        if self.any_lives(run) {
            return false;
        }
        let begin = format!("{}-", slug(&self.kafka.to_string()));
        let rest = run.as_str().strip_prefix(&begin);
        rest.and_then(|rest| rest.split_once('-'))
            .is_some_and(|(ms, pid)| {
                [ms, pid]
                    .iter()
                    .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
            })
    }

    /// Pods that nobody waits for, and what they read, are not left behind while they run.
    fn goes_on_apart(&self, run: &RunId) -> bool {
        let lives = |workers: &Workers, role| workers.any_lives_as(role).unwrap_or(true);
        let mut all = self.workers_of(run).into_iter();
        all.any(|workers| Apart::ALL.iter().any(|one| lives(&workers, one.role())))
    }

    fn any_lives(&self, run: &RunId) -> bool {
        let mut all = self.workers_of(run).into_iter();
        all.any(|workers| workers.any_lives().unwrap_or(true))
    }

    fn workers_of(&self, run: &RunId) -> Vec<Workers> {
        let Some(home) = &self.home else {
            return Vec::new();
        };
        let of = |namespace: &str| {
            let program = home.program.clone();
            Workers::new(self.server.clone(), namespace, run.clone(), program)
        };
        vec![of(self.kafka.namespace()), of(&home.namespace)]
    }

    fn read_claims_of(&self, run: &RunId) -> ReadClaims {
        ReadClaims::new(self.server.clone(), self.kafka.namespace(), run.clone())
    }
}
