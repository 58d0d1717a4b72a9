//! Lines to a command in a pod, and lines back, for as long as both sides want.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};

use crate::place::Place;
use crate::{ApiError, ApiServer, ExecError};

/// No line is longer.
const MOST_LINE: u64 = 256 << 20;

/// How much of a line waits to be read.
const BUFFER: usize = 64 << 10;

/// What a command says when it has no answer, in one line at the most.
const MOST_COMPLAINT: u64 = 4 << 10;

type Lines = BufReader<Box<dyn AsyncRead + Send + Unpin>>;
type Input = Box<dyn AsyncWrite + Send + Unpin>;

/// A command that runs in a pod. It is let go when this is dropped, and reads
/// the end of its input then.
pub struct Talk {
    server: ApiServer,
    what: String,
    place: Place,
    program: String,
    process: AttachedProcess,
    // Each is taken while it is used, and put back: a future must own it.
    input: Option<Input>,
    lines: Option<Lines>,
}

impl Talk {
    /// Runs it.
    ///
    /// # Errors
    /// It was not run.
    pub fn begin(
        server: &ApiServer,
        place: Place,
        container: &str,
        command: &[String],
        most: Duration,
    ) -> Result<Self, ExecError> {
        let what = format!("get pods/exec {}/{}", place.namespace, place.name);
        let pods: Api<Pod> = Api::namespaced(server.client(), &place.namespace);
        let params = AttachParams::default()
            .container(container)
            .stdin(true)
            .stdout(true)
            .stderr(true)
            .max_stdout_buf_size(BUFFER);
        let (name, words) = (place.name.clone(), command.to_vec());
        let work = async move { pods.exec(&name, words, &params).await };
        let done = server.run(&what, most, work)?;
        let mut process = done.map_err(|error| ApiError::of(&what, &place.name, error))?;
        let input = process.stdin().map(|stdin| Box::new(stdin) as Input);
        let lines = process.stdout().map(|stdout| {
            let stdout: Box<dyn AsyncRead + Send + Unpin> = Box::new(stdout);
            BufReader::with_capacity(BUFFER, stdout)
        });
        Ok(Self {
            server: server.clone(),
            what,
            place,
            program: command.first().cloned().unwrap_or_default(),
            process,
            input,
            lines,
        })
    }

    /// Sends a line.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn say(&mut self, line: &str, most: Duration) -> Result<(), ExecError> {
        let Some(mut input) = self.input.take() else {
            return Err(self.no_end("it takes no more input"));
        };
        let line = format!("{line}\n");
        let work = async move {
            input.write_all(line.as_bytes()).await?;
            input.flush().await?;
            Ok::<_, std::io::Error>(input)
        };
        match self.server.run(&self.what, most, work)? {
            Ok(input) => {
                self.input = Some(input);
                Ok(())
            }
            Err(error) => Err(self.no_end(&error.to_string())),
        }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// None within this time.
    pub fn next(&mut self, most: Duration) -> Result<Option<String>, ExecError> {
        let Some(mut lines) = self.lines.take() else {
            return Ok(None);
        };
        let work = async move {
            let mut line = String::new();
            let read = (&mut lines).take(MOST_LINE).read_line(&mut line).await;
            (read, line, lines)
        };
        let (read, line, lines) = self.server.run(&self.what, most, work)?;
        match read {
            Ok(0) => Ok(None),
            Ok(_) => {
                self.lines = Some(lines);
                Ok(Some(line.trim_end().to_owned()))
            }
            Err(error) => Err(self.no_end(&error.to_string())),
        }
    }

    /// What it complained of, when it has ended: the last line.
    pub fn complaint(mut self, most: Duration) -> String {
        let Some(stderr) = self.process.stderr() else {
            return String::new();
        };
        let work = async move {
            let mut text = String::new();
            let _ = stderr.take(MOST_COMPLAINT).read_to_string(&mut text).await;
            text
        };
        let said = self.server.run(&self.what, most, work).unwrap_or_default();
        said.lines().last().unwrap_or_default().trim().to_owned()
    }

    fn no_end(&self, why: &str) -> ExecError {
        ExecError::NoEnd {
            program: self.program.clone(),
            pod: Box::new(self.place.clone()),
            why: why.to_owned(),
        }
    }
}
