//! How Java is called: flags, class path, log pattern. Starts servers through
//! `process`, and runs Kafka's tools to their end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::LabError;
use crate::jars::Jars;
use crate::process::Process;

/// A JVM of the lab shares two cores with a dozen others: the serial collector
/// and the first compiler tier cost the least CPU and memory.
const FLAGS: [&str; 4] = [
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-XX:-UsePerfData",
];

const LOG4J: &str = include_str!("log4j2.yaml");

/// Heap of a broker. Measured: 235 to 256 MiB resident under load.
pub(crate) const BROKER_HEAP: &str = "256m";
/// Heap of a Connect worker; with less than this it died on a backlog.
pub(crate) const CONNECT_HEAP: &str = "1g";
const TOOL_HEAP: &str = "128m";

/// What `kafka-run-class.sh` gives Java where nothing else is set.
const SHIPPED_HEAP: &str = "256M";
const SHIPPED_FLAGS: [&str; 7] = [
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-XX:MaxInlineLevel=15",
    "-Djava.awt.headless=true",
];

/// How the lab calls Java.
#[derive(Debug, Clone)]
pub(crate) struct Jvm {
    class_path: String,
    log_config: PathBuf,
}

impl Jvm {
    /// Writes the log pattern into `run_dir` and remembers the class path.
    pub(crate) fn new(jars: &Jars, run_dir: &Path) -> Result<Self, LabError> {
        let log_config = run_dir.join("log4j2.yaml");
        fs::write(&log_config, LOG4J).map_err(LabError::io("write", &log_config))?;
        Ok(Self {
            class_path: jars.class_path(),
            log_config,
        })
    }

    fn words(
        &self,
        heap: &str,
        flags: &[&str],
        level: &str,
        class: &str,
        args: &[&str],
    ) -> Vec<String> {
        let mut words = vec!["java".to_owned(), format!("-Xmx{heap}")];
        words.extend(flags.iter().map(ToString::to_string));
        words.push(format!(
            "-Dlog4j2.configurationFile={}",
            self.log_config.display()
        ));
        words.push(format!("-Dlab.level={level}"));
        words.extend(["-cp".to_owned(), self.class_path.clone(), class.to_owned()]);
        words.extend(args.iter().map(ToString::to_string));
        words
    }

    /// Starts a server that runs until it is ended.
    pub(crate) fn serve(&self, server: &Server<'_>) -> Result<Process, LabError> {
        let properties = server.properties.display().to_string();
        let words = self.words(server.heap, &FLAGS, "INFO", server.class, &[&properties]);
        Process::start(
            server.name,
            server.prefix,
            &words,
            server.directory,
            server.log,
        )
    }

    /// Runs one of Kafka's tools to its end and gives what it printed.
    pub(crate) fn tool(&self, class: &str, args: &[&str]) -> Result<String, LabError> {
        let mut command = self.tool_command(class);
        command.args(args);
        command::run_command(command)
    }

    /// One of Kafka's tools, its arguments still to come.
    pub(crate) fn tool_command(&self, class: &str) -> Command {
        let words = self.words(TOOL_HEAP, &FLAGS, "ERROR", class, &[]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// The same as Kafka's own scripts start it: to be measured.
    pub(crate) fn shipped_command(&self, class: &str) -> Command {
        let words = self.words(SHIPPED_HEAP, &SHIPPED_FLAGS, "ERROR", class, &[]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }
}

/// A server to start.
pub(crate) struct Server<'a> {
    /// Its name in the lab.
    pub(crate) name: &'a str,
    /// The main class; its one argument is the properties file.
    pub(crate) class: &'a str,
    /// Maximum heap, as `-Xmx` takes it.
    pub(crate) heap: &'a str,
    /// Words before the command, e.g. to enter a network namespace.
    pub(crate) prefix: &'a [String],
    /// The properties file.
    pub(crate) properties: &'a Path,
    /// Its working directory, by which a left-over is recognised.
    pub(crate) directory: &'a Path,
    /// Where its output goes.
    pub(crate) log: &'a Path,
}
