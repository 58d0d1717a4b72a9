//! Kafka's own reader of log files, `kafka-dump-log`, as a witness for ours:
//! runs it on files that no broker has open, and reads what it prints. Needs
//! Java and the jars, no cluster.
//!
//! The tool ends at the first batch that it can't load, with an error and
//! without the files that follow; those are given to it anew.

mod said;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::error::LabError;
use crate::jvm::Jvm;
use crate::run_dir::RunDir;
use crate::setup;

pub use said::{Dumped, DumpedBatch, DumpedRecord};

/// The class that `kafka-dump-log.sh` starts.
const CLASS: &str = "org.apache.kafka.tools.DumpLogSegments";

/// Whether the tool looks into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iteration {
    /// One line a batch. Its CRC is checked.
    Shallow,
    /// One line a record, too (`--deep-iteration`).
    Deep,
}

/// Runs `kafka-dump-log`. Its directory goes when it is dropped.
#[derive(Debug)]
pub struct DumpLog {
    jvm: Jvm,
    _run: RunDir,
}

impl DumpLog {
    /// Finds the jars; runs nothing yet.
    ///
    /// # Errors
    /// See [`crate::setup`].
    pub fn new() -> Result<Self, LabError> {
        let jars = setup::setup()?;
        let run = RunDir::make("dump-log")?;
        Ok(Self {
            jvm: Jvm::new(&jars, run.path())?,
            _run: run,
        })
    }

    /// What the tool says of each of `files`: `.log` files, and a metadata
    /// log's snapshots.
    ///
    /// # Errors
    /// The tool can't be started, or says what this does not understand.
    pub fn run(&self, files: &[&Path], iteration: Iteration) -> Result<Vec<Dumped>, LabError> {
        let mut all = Vec::new();
        while all.len() < files.len() {
            let mut command = self.jvm.tool_command(CLASS);
            command.args(args(&files[all.len()..], iteration)?);
            let output = run(&mut command)?;
            let text = String::from_utf8_lossy(&output.stdout);
            let mut dumped = said::read(&text).map_err(LabError::Invalid)?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            if !output.status.success() {
                let cause = stderr.lines().next().unwrap_or_default();
                let last = dumped.last_mut().ok_or_else(|| {
                    LabError::Invalid(format!("kafka-dump-log read nothing: {cause}"))
                })?;
                last.failure = Some(cause.to_owned());
            } else if dumped.len() != files.len() - all.len() {
                return Err(LabError::Invalid(format!(
                    "kafka-dump-log read {} files of {}",
                    dumped.len(),
                    files.len() - all.len()
                )));
            }
            all.append(&mut dumped);
        }
        Ok(all)
    }

    /// Has the tool read `files` with the flags that its own script gives Java,
    /// and drops what it says: to be timed.
    ///
    /// # Errors
    /// It failed.
    pub fn discard(&self, files: &[&Path], iteration: Iteration) -> Result<(), LabError> {
        let mut command = self.jvm.shipped_command(CLASS);
        command
            .args(args(files, iteration)?)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = command.status().map_err(not_started)?;
        if status.success() {
            Ok(())
        } else {
            Err(LabError::Invalid(format!(
                "kafka-dump-log ended with {status}"
            )))
        }
    }
}

fn args(files: &[&Path], iteration: Iteration) -> Result<Vec<String>, LabError> {
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    if let Some(name) = names.iter().find(|name| name.contains(',')) {
        return Err(LabError::Invalid(format!(
            "kafka-dump-log takes files between commas, and {name} holds one: rename it"
        )));
    }
    let mut args = vec!["--files".to_owned(), names.join(",")];
    if iteration == Iteration::Deep {
        args.push("--deep-iteration".to_owned());
    }
    Ok(args)
}

fn run(command: &mut Command) -> Result<Output, LabError> {
    command.stdin(Stdio::null()).output().map_err(not_started)
}

fn not_started(source: std::io::Error) -> LabError {
    LabError::Io {
        action: "start kafka-dump-log".to_owned(),
        source,
    }
}
