//! The way to a guard in a pod: a command there that hands lines to the guard's
//! socket. No network leads to it, and who may ask it is whom RBAC lets run
//! commands there.

use std::time::Duration;

use slackwater_kubernetes::{ApiServer, CONTAINER, ExecError, Holds, Place, Resource, Talk};
use slackwater_ports::{PortError, PortErrorKind, Seen};
use slackwater_store::{LeaseState, RunId};

use crate::site::Line;

/// For a command to begin in a pod: some 0.3 to 0.6 s where nobody else is busy.
const BEGIN: Duration = Duration::from_secs(15);

/// What hands lines on.
const COMMAND: [&str; 2] = ["/usr/local/bin/slackwater", "guard-ask"];

/// See the module.
pub(super) struct PodLine {
    server: ApiServer,
    namespace: Option<String>,
    holds: Holds,
    run: RunId,
}

impl PodLine {
    pub(super) fn new(
        server: ApiServer,
        namespace: Option<String>,
        holds: Holds,
        run: &RunId,
    ) -> Self {
        Self {
            server,
            namespace,
            holds,
            run: run.clone(),
        }
    }

    /// The pod that the lease names.
    fn pod(&self) -> Seen<Place> {
        let nobody = |why: String| PortError::new(PortErrorKind::Unreachable, why);
        let namespace = self.namespace.as_deref();
        let namespace =
            namespace.ok_or_else(|| nobody("it is not known where guards run".to_owned()))?;
        let look = self.holds.look();
        let (state, identity) = look.map_err(|error| nobody(error.to_string()))?;
        match (state, identity) {
            (LeaseState::Held(Some(holder)), _) if holder.run_id != self.run => {
                let why = format!(
                    "run {} holds the mirror, not run {}",
                    holder.run_id, self.run
                );
                Err(PortError::new(PortErrorKind::Refused, why))
            }
            (LeaseState::Held(_), Some(pod)) => Ok(Place::new(Resource::pods(), namespace, &pod)?),
            _ => Err(nobody(format!(
                "no guard holds the mirror for run {}",
                self.run
            ))),
        }
    }

    fn begin(&self, line: &str) -> Seen<Talk> {
        talk(&self.server, self.pod()?, line)
    }
}

/// Begins to talk to the guard of this pod.
pub(super) fn talk(server: &ApiServer, pod: Place, line: &str) -> Seen<Talk> {
    let command = COMMAND.map(str::to_owned);
    let talk = Talk::begin(server, pod, CONTAINER, &command, BEGIN);
    let mut talk = talk.map_err(broken)?;
    talk.say(line, BEGIN).map_err(broken)?;
    Ok(talk)
}

impl Line for PodLine {
    fn ask(&self, line: &str, silence: Duration, heard: &mut dyn FnMut(&str) -> bool) -> Seen<()> {
        let mut talk = self.begin(line)?;
        while let Some(line) = talk.next(silence).map_err(broken)? {
            if heard(&line) {
                return Ok(());
            }
        }
        Err(PortError::new(
            PortErrorKind::Unreachable,
            format!("the guard went away: {}", talk.complaint(BEGIN)),
        ))
    }

    fn hold_open(&self, line: &str, silence: Duration) -> Seen<(String, Box<dyn Send>)> {
        let mut talk = self.begin(line)?;
        let answer = talk.next(silence).map_err(broken)?;
        Ok((answer.unwrap_or_default(), Box::new(talk)))
    }
}

/// Between two lines of a command that works: it says that it lives every few seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// Asks a command that answers each line with one, after empty ones while it works.
pub(super) fn next_answer(talk: &mut Talk, question: &str) -> Seen<String> {
    talk.say(question, SILENCE).map_err(broken)?;
    loop {
        match talk.next(SILENCE).map_err(broken)? {
            Some(line) if line.is_empty() => {}
            Some(line) => return Ok(line),
            None => {
                let why = "a command in a pod ended before it answered";
                return Err(PortError::new(PortErrorKind::Unreachable, why));
            }
        }
    }
}

pub(super) fn broken(error: ExecError) -> PortError {
    match error {
        ExecError::Api(error) => error.into(),
        error => PortError::new(PortErrorKind::Unreachable, error.to_string()),
    }
}
