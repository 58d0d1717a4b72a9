//! Commands in containers of pods, as `kubectl exec` runs them: over a
//! WebSocket, which needs the verb `get` on pods/exec, and from Kubernetes 1.35
//! on `create`, too.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use slackwater_connect::{MAX_BODY, Ran, Remote};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::place::Place;
use crate::{ApiError, ApiServer, Resource, Talk, pods};

/// Most of what a command may print: an answer of Connect's, which is bounded by
/// itself, and what is told of it.
pub(crate) const MOST_STDOUT: u64 = MAX_BODY + 1024;

/// Most of what is kept of its complaints.
const MOST_STDERR: u64 = 16 << 10;

/// How much of it waits here to be read. (One KiB of kube's own is a round for
/// each of them.)
const BUFFER: usize = 64 << 10;

/// A shell's: there is no such program.
const NOT_FOUND: i32 = 127;

/// The pods of one kind, in whichever of which runs.
#[derive(Clone)]
pub struct Pods {
    server: ApiServer,
    namespace: String,
    labels: String,
    container: String,
}

/// Why a command was not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The API server has no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Nothing runs there.
    #[error("container {container} runs in no pod of {namespace} with the labels {labels}")]
    NoPod {
        /// Where.
        namespace: String,
        /// Which pods.
        labels: String,
        /// Which container.
        container: String,
    },
    /// It printed and printed.
    #[error("{program} in {pod} printed more than {MOST_STDOUT} bytes")]
    TooMuch {
        /// What ran.
        program: String,
        /// Where.
        pod: Box<Place>,
    },
    /// The connection broke, or the kubelet could not run it. It may have run all
    /// the same.
    #[error("{program} in {pod} gave no end: {why}")]
    NoEnd {
        /// What ran.
        program: String,
        /// Where.
        pod: Box<Place>,
        /// What is known.
        why: String,
    },
}

/// What came back of a command.
struct Printed {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    status: Option<Status>,
}

impl Pods {
    /// Nothing is asked yet.
    pub fn new(
        server: ApiServer,
        namespace: impl Into<String>,
        labels: impl Into<String>,
        container: impl Into<String>,
    ) -> Self {
        Self {
            server,
            namespace: namespace.into(),
            labels: labels.into(),
            container: container.into(),
        }
    }

    /// Begins to talk to a command in the first of them that takes it.
    ///
    /// # Errors
    /// None takes it.
    pub fn talk(&self, command: &[&str], most: Duration) -> Result<Talk, ExecError> {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let running = pods::running(&self.server, &self.namespace, &self.labels, &self.container)?;
        let mut refused = None;
        for pod in running {
            let place = Place::new(Resource::pods(), &self.namespace, &pod.name)?;
            match Talk::begin(&self.server, place, &self.container, &command, most) {
                Ok(talk) => return Ok(talk),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| ExecError::NoPod {
            namespace: self.namespace.clone(),
            labels: self.labels.clone(),
            container: self.container.clone(),
        }))
    }

    /// Runs a command in the first of them that takes it to its end; a ready one,
    /// where one is. It is sent twice to none of them, and to another where one
    /// gave no end: it may then have been run twice.
    ///
    /// # Errors
    /// None takes it; it came to no end.
    pub fn exec(&self, command: &[String], most: Duration) -> Result<Ran, ExecError> {
        let Self {
            server,
            namespace,
            labels,
            container,
        } = self;
        let mut refused = None;
        for pod in pods::running(server, namespace, labels, container)? {
            let place = Place::new(Resource::pods(), namespace, &pod.name)?;
            match exec_in(server, place, container, command, most) {
                // It went since it was listed, or its container or node did.
                Err(
                    error @ (ExecError::Api(ApiError::Missing { .. } | ApiError::Refused { .. })
                    | ExecError::NoEnd { .. }),
                ) => refused = Some(error),
                ran => return ran,
            }
        }
        Err(match refused {
            Some(error) => error,
            None => ExecError::NoPod {
                namespace: namespace.clone(),
                labels: labels.clone(),
                container: container.clone(),
            },
        })
    }
}

/// Runs a command in a container of this pod.
///
/// # Errors
/// It was not run; it came to no end.
pub(crate) fn exec_in(
    server: &ApiServer,
    place: Place,
    container: &str,
    command: &[String],
    most: Duration,
) -> Result<Ran, ExecError> {
    let program = command.first().cloned().unwrap_or_default();
    let what = format!("get pods/exec {}/{}", place.namespace, place.name);
    let pods: Api<Pod> = Api::namespaced(server.client(), &place.namespace);
    let params = AttachParams::default()
        .container(container)
        .stdin(false)
        .stdout(true)
        .stderr(true)
        .max_stdout_buf_size(BUFFER);
    let (name, words) = (place.name.clone(), command.to_vec());
    let work = async move {
        let process = pods.exec(&name, words, &params).await?;
        Ok::<_, kube::Error>(printed(process).await)
    };
    let done = server.run(&what, most, work)?;
    let printed = done.map_err(|error| ApiError::of(&what, &place.name, error))?;
    let no_end = |why: String| ExecError::NoEnd {
        program: program.clone(),
        pod: Box::new(place.clone()),
        why,
    };
    let Some(printed) = printed else {
        return Err(ExecError::TooMuch {
            program,
            pod: Box::new(place),
        });
    };
    let status = printed.status;
    let status = status.ok_or_else(|| no_end("the connection ended before it".to_owned()))?;
    let code = exit_code(&status).map_err(no_end)?;
    let stderr = String::from_utf8_lossy(&printed.stderr);
    let said = status.message.unwrap_or_default();
    let stderr = match code {
        NOT_FOUND if stderr.is_empty() => said.as_str(),
        _ => &stderr,
    };
    Ok(Ran {
        code,
        stdout: printed.stdout,
        stderr: stderr.trim().replace(['\n', '\r'], " "),
    })
}

/// Reads until it ends; `None` where it prints too much.
async fn printed(mut process: AttachedProcess) -> Option<Printed> {
    let (stdout, stderr) = (process.stdout(), process.stderr());
    let status = process.take_status();
    let mut status = Box::pin(async move {
        match status {
            Some(status) => status.await,
            None => None,
        }
    });
    // Together: one that is full holds the other up.
    let mut printed = Box::pin(async { tokio::try_join!(whole(stdout), beginning(stderr)).ok() });
    // A connection that breaks gives no status, and its pipes no end either.
    let (printed, status) = tokio::select! {
        printed = &mut printed => (printed?, status.await),
        ended = &mut status => match ended {
            Some(status) => (printed.await?, Some(status)),
            None => Default::default(),
        },
    };
    let (stdout, stderr) = printed;
    Some(Printed {
        stdout,
        stderr,
        status,
    })
}

/// More than may be printed was.
struct TooMuch;

/// An end that is none shows in the status that does not come.
async fn whole(from: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, TooMuch> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        let _ = from.take(MOST_STDOUT + 1).read_to_end(&mut bytes).await;
    }
    match bytes.len() as u64 > MOST_STDOUT {
        true => Err(TooMuch),
        false => Ok(bytes),
    }
}

/// Reads all of it, and keeps what comes first.
async fn beginning(from: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, TooMuch> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        let mut first = (&mut from).take(MOST_STDERR);
        let _ = first.read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    }
    Ok(bytes)
}

/// Of a command's end (kubelet's `ExecInContainer`, apimachinery's
/// `NonZeroExitCodeReason`).
fn exit_code(status: &Status) -> Result<i32, String> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let code = causes
        .flatten()
        .find(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .and_then(|cause| cause.message.as_ref()?.parse().ok());
    let message = status.message.clone().unwrap_or_default();
    match code {
        Some(code) => Ok(code),
        // The container's runtime says so, and no shell.
        None if message.contains("executable file not found") => Ok(NOT_FOUND),
        None => Err(message.replace(['\n', '\r'], " ")),
    }
}

impl Remote for Pods {
    fn run(&self, command: &[String], most: Duration) -> Result<Ran, String> {
        self.exec(command, most).map_err(|error| error.to_string())
    }
}
