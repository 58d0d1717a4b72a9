//! A guard as two pods: one holds the lease, and the other takes it over when
//! that one is gone.
#![allow(clippy::disallowed_methods, reason = "the edge: it waits for pods")]

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use slackwater_kubernetes::{ApiServer, Home, Job, Place, Workers};
use slackwater_ports::{PortError, PortErrorKind, Seen};
use slackwater_store::RunId;

use super::KafkaName;
use super::line::{broken, talk};
use crate::guard::{Asked, Request, Response};
use crate::site::{GuardWith, Launch};

/// How long until both live: their image is pulled.
const START: Duration = Duration::from_secs(180);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// What a guard may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// It goes when its run is over, and one whose run is gone by itself. This is above
/// the two days for which a guard tries to resume a mirror (`slackwater_hold`): while
/// there is something to let go, nobody may end it.
const MOST: Duration = Duration::from_secs(3 * 24 * 3600);

/// See the module.
pub(super) struct GuardPods {
    server: ApiServer,
    home: Result<Home, PortError>,
    run: RunId,
    args: Vec<String>,
}

impl GuardPods {
    pub(super) fn new(
        server: ApiServer,
        home: Result<Home, PortError>,
        kafka: &KafkaName,
        run: &RunId,
        with: GuardWith,
    ) -> Self {
        let mut args: Vec<String> = [
            "guard",
            "--kafka",
            &kafka.to_string(),
            "--run",
            run.as_str(),
        ]
        .map(str::to_owned)
        .to_vec();
        args.extend(with.args());
        Self {
            server,
            home,
            run: run.clone(),
            args,
        }
    }

    fn job(&self, home: &Home, suffix: &str) -> Job {
        Job {
            role: "guard",
            suffix: suffix.to_owned(),
            args: self.args.clone(),
            account: Some(home.account.clone()),
            nodes: None,
            claims: BTreeMap::new(),
            writes: false,
            run_as: None,
            most: MOST,
            leaves_at_once: true,
        }
    }

    /// Whether it has seen that it can do what a guard has to.
    fn is_ready(&self, pod: &Place) -> Seen<bool> {
        let asked = Asked {
            run: self.run.clone(),
            request: Request::Ready,
        };
        let line = serde_json::to_string(&asked)
            .map_err(|error| PortError::new(PortErrorKind::Malformed, error.to_string()))?;
        let mut talk = talk(&self.server, pod.clone(), &line)?;
        let answer = talk.next(ANSWER).map_err(broken)?;
        let answer = answer.and_then(|line| serde_json::from_str(&line).ok());
        Ok(matches!(answer, Some(Response::Done)))
    }
}

impl Launch for GuardPods {
    fn launch(&self, alive: &dyn Fn() -> bool) -> Seen<()> {
        let home = self.home.as_ref().map_err(Clone::clone)?;
        let workers = Workers::new(
            self.server.clone(),
            &home.namespace,
            self.run.clone(),
            home.program.clone(),
        );
        let refused = |why: String| PortError::new(PortErrorKind::Refused, why);
        if let Err(error) = workers.sweep("guard") {
            tracing::info!("guards of earlier runs are left: {error}");
        }
        let made = ["guard-a", "guard-b"].map(|suffix| workers.make(&self.job(home, suffix)));
        let mut pods = Vec::new();
        for pod in made {
            pods.push(pod.map_err(|error| refused(error.to_string()))?);
        }
        let began = Instant::now();
        loop {
            let mut waits_for: Option<(&Place, String)> = None;
            for pod in &pods {
                let runs = workers
                    .runs(pod)
                    .map_err(|error| refused(format!("the guard: {error}")))?;
                let ready = match runs {
                    false => Err(workers.why_not(pod)),
                    true => self.is_ready(pod).map_err(|error| error.message),
                };
                match ready {
                    Ok(true) => {}
                    Ok(false) => waits_for = Some((pod, "it has begun".to_owned())),
                    Err(why) => waits_for = Some((pod, why)),
                }
            }
            // Both at once, and one has the lease.
            if waits_for.is_none() && alive() {
                return Ok(());
            }
            if began.elapsed() > START {
                let seconds = START.as_secs();
                return Err(refused(match waits_for {
                    Some((pod, why)) => {
                        format!("the guard's {pod} is not ready within {seconds} s: {why}")
                    }
                    None => format!("no guard took the lease within {seconds} s"),
                }));
            }
            thread::sleep(LOOK);
        }
    }
}
