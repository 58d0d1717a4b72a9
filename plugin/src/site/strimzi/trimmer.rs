//! A pod that has all claims of a restored mirror at once, and plans and trims what lies
//! on them. Where they can't all be on one node there is none.
#![allow(clippy::disallowed_methods, reason = "the edge: it waits for a pod")]

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use slackwater_kubernetes::{ApiServer, CONTAINER, Job, Place, Talk, Workers};
use slackwater_point::Plan;
use slackwater_ports::{PortError, PortErrorKind, Seen};

use super::line::{broken, next_answer};
use crate::exit::Stop;
use crate::trimming::{Answered, Asked, AtSource, Done, Owner, ToTrim};

/// Until the claims are mounted, and the pod has them.
const OPEN: Duration = Duration::from_secs(900);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// For a command to begin in a pod.
const BEGIN: Duration = Duration::from_secs(30);

/// One that nobody deletes ends by itself.
const MOST: Duration = Duration::from_secs(12 * 3600);

/// What a pod that trims is called by.
pub(super) const TRIM: &str = "trim";

const PROGRAM: &str = "/usr/local/bin/slackwater";

/// See the module.
pub(super) struct Trimmer {
    pub(super) server: ApiServer,
    pub(super) workers: Workers,
    /// By their names, and where each may be.
    pub(super) claims: BTreeMap<String, Option<Value>>,
}

impl Trimmer {
    /// As the user whose the volumes are. `find` is given the plan, and asks sources for what
    /// that does not know of them.
    pub(super) fn trim(
        &self,
        mut asked: ToTrim,
        find: impl FnOnce(&Plan) -> Result<Vec<AtSource>, Stop>,
    ) -> Result<Done, Stop> {
        let nodes = self.nodes()?;
        let owner = self.in_pod("trim-look", None, nodes.as_ref(), |pod| {
            self.ask(pod, &Asked::Owner)
        })?;
        let Answered::Owner(owner) = owner else {
            return Err(no(owner));
        };
        let run_as = as_whom(owner);
        let done = self.in_pod(TRIM, run_as, nodes.as_ref(), |pod| {
            let to_plan = Asked::Plan(Box::new(asked.clone()));
            match self.ask(pod.clone(), &to_plan)? {
                Answered::Planned(Some(plan)) => asked.at_source = find(&plan)?,
                // It goes on by the plan that it made before.
                Answered::Planned(None) => {}
                other => return Ok(other),
            }
            self.ask(pod, &Asked::Trim(Box::new(asked)))
        })?;
        match done {
            Answered::Done(done) => Ok(*done),
            other => Err(no(other)),
        }
    }

    /// Where all of them may be.
    fn nodes(&self) -> Result<Option<Value>, Stop> {
        let places: BTreeSet<String> = self
            .claims
            .values()
            .flatten()
            .map(ToString::to_string)
            .collect();
        match places.len() {
            0 | 1 => Ok(self.claims.values().flatten().next().cloned()),
            _ => Err(Stop::bad_input(
                "the volumes are not all to be had on one node (zones, or storage of nodes), and a \
                 trim needs all of them: restore them as volumes, and trim them by hand",
            )),
        }
    }

    /// Asks in a pod that is there for these questions alone.
    fn in_pod(
        &self,
        suffix: &str,
        run_as: Option<(u32, u32)>,
        nodes: Option<&Value>,
        ask: impl FnOnce(Place) -> Result<Answered, Stop>,
    ) -> Result<Answered, Stop> {
        let job = Job {
            role: "trimmer",
            suffix: suffix.to_owned(),
            args: vec!["reader".to_owned(), "--wait".to_owned()],
            account: None,
            claims: self
                .claims
                .keys()
                .map(|one| (one.clone(), at(one)))
                .collect(),
            writes: true,
            run_as,
            nodes: nodes.cloned(),
            most: MOST,
            leaves_at_once: true,
        };
        // One that is there may trim still, for a restore that was killed.
        self.workers.delete(suffix).map_err(Stop::failed)?;
        let pod = self.workers.make(&job).map_err(Stop::failed)?;
        let runs = self.await_pod(&pod);
        let answer = runs.map_err(|error| Stop::failed(error.message));
        let answer = answer.and_then(|()| ask(pod));
        if let Err(error) = self.workers.delete(suffix) {
            tracing::warn!("a pod is left: {error}");
        }
        answer
    }

    fn ask(&self, pod: Place, asked: &Asked) -> Result<Answered, Stop> {
        let answer = self.asked(pod, asked);
        answer.map_err(|error| Stop::failed(error.message))
    }

    fn asked(&self, pod: Place, asked: &Asked) -> Seen<Answered> {
        let malformed = |error: serde_json::Error| {
            PortError::new(
                PortErrorKind::Malformed,
                format!("a trimmer's line: {error}"),
            )
        };
        let mut command = vec![PROGRAM.to_owned(), "trimmer".to_owned()];
        let volumes = self.claims.keys();
        command.extend(volumes.map(|one| format!("--volume={}", at(one))));
        let mut talk =
            Talk::begin(&self.server, pod, CONTAINER, &command, BEGIN).map_err(broken)?;
        let question = serde_json::to_string(asked).map_err(malformed)?;
        let answer = next_answer(&mut talk, &question)?;
        serde_json::from_str(&answer).map_err(malformed)
    }

    fn await_pod(&self, pod: &Place) -> Seen<()> {
        let refused = |why: String| PortError::new(PortErrorKind::Refused, why);
        let began = Instant::now();
        while !self
            .workers
            .runs(pod)
            .map_err(|error| refused(format!("what trims: {error}")))?
        {
            if began.elapsed() > OPEN {
                let why = self.workers.why_not(pod);
                let message = format!("{pod} does not run within {} s: {why}", OPEN.as_secs());
                return Err(PortError::new(PortErrorKind::Timeout, message));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }
}

/// Nobody else where it may write already.
fn as_whom(owner: Owner) -> Option<(u32, u32)> {
    (!owner.is_asked).then_some((owner.uid, owner.gid))
}

fn at(claim: &str) -> String {
    format!("/volumes/{claim}")
}

fn no(answer: Answered) -> Stop {
    match answer {
        Answered::No {
            why,
            is_forbidden: true,
        } => Stop::bad_input(why),
        Answered::No { why, .. } => Stop::failed(why),
        Answered::Owner(_) | Answered::Planned(_) | Answered::Done(_) => {
            Stop::failed("what trims gave the answer to another question")
        }
    }
}
