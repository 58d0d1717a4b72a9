//! The commands, one module each.

mod accept;
mod again;
mod backup;
mod clone;
mod compare;
mod compile;
mod cut;
mod doctor;
mod gc;
mod guard;
mod heads;
mod hook;
mod lint;
mod logdir;
mod phase;
mod reader;
mod render;
mod replay;
mod report;
mod restore;
mod resume;
mod run;

pub(crate) use run::slug;
mod schema;
mod snapshot;
mod status;
mod trim_args;
mod trimmer;
mod validate;
mod verify;
mod version;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use slackwater_store::{LeaseState, RunId};

use crate::adapters::Terminal;
use crate::exit::Stop;
use crate::restore::SIGNS;
use crate::site::{KafkaName, Need, Site};

/// Backs up a Kafka mirror so that the backup can be proven.
#[derive(Debug, Parser)]
#[command(name = "slackwater", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is printed on standard output.
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// No progress on standard error.
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// What each does, its own module says, for the help, too: words here would stand in place of
/// those there, and hide all but the first line of them.
#[derive(Debug, Subcommand)]
enum Command {
    Backup(backup::Backup),
    Phase(phase::Phase),
    Hook(hook::Hook),
    Restore(restore::Restore),
    Clone(clone::Clone),
    Validate(validate::Validate),
    Verify(verify::Verify),
    Compare(compare::Compare),
    Resume(resume::Resume),
    Status(status::Status),
    Heads(heads::Heads),
    Replay(replay::Replay),
    Cut(cut::Cut),
    Snapshot(snapshot::Snapshot),
    Gc(gc::Gc),
    Logdir(logdir::Logdir),
    Lint(lint::Lint),
    Render(render::Render),
    Doctor(doctor::Doctor),
    Schema(schema::Schema),
    Version(version::Version),
    #[command(hide = true)]
    Guard(guard::Guard),
    #[command(hide = true)]
    Compile(compile::Compile),
    #[command(hide = true)]
    Reader(reader::Reader),
    #[command(hide = true)]
    Trimmer(trimmer::Trimmer),
    #[command(hide = true)]
    GuardAsk(guard::GuardAsk),
}

/// Which mirror: by its configuration, or by its Kafka in a Kubernetes.
#[derive(Debug, Default, Args)]
pub struct ConfigArg {
    /// The configuration, of kind Mirror: for a mirror on machines.
    #[arg(
        long,
        short,
        env = "SLACKWATER_CONFIG",
        required_unless_present = "kafka"
    )]
    config: Option<PathBuf>,
    /// The mirror's Kafka in Strimzi, as NAMESPACE/NAME; it comes before any
    /// configuration.
    #[arg(long)]
    kafka: Option<KafkaName>,
    /// How its Kubernetes is reached. Default: as kubectl does, and in a pod by
    /// its ServiceAccount.
    #[arg(long, value_name = "FILE", requires = "kafka")]
    kubeconfig: Option<PathBuf>,
}

/// The same for commands with verbs, before or after the verb.
#[derive(Debug, Args)]
pub struct WhereArg {
    /// The configuration, of kind Mirror: for a mirror on machines.
    #[arg(long, short, env = "SLACKWATER_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// The mirror's Kafka in Strimzi, as NAMESPACE/NAME; it comes before any
    /// configuration. It need not be there any more.
    #[arg(long, global = true)]
    kafka: Option<KafkaName>,
    /// How its Kubernetes is reached. Default: as kubectl does, and in a pod by
    /// its ServiceAccount.
    #[arg(long, value_name = "FILE", global = true)]
    kubeconfig: Option<PathBuf>,
}

impl WhereArg {
    /// If anything was said.
    fn said(&self) -> Option<ConfigArg> {
        let said = self.config.is_some() || self.kafka.is_some();
        said.then(|| ConfigArg {
            config: self.config.clone(),
            kafka: self.kafka.clone(),
            kubeconfig: self.kubeconfig.clone(),
        })
    }
}

impl ConfigArg {
    /// That of a configuration.
    fn of(config: &Path) -> Self {
        Self {
            config: Some(config.to_owned()),
            ..Self::default()
        }
    }

    /// The configuration.
    fn file(&self) -> Result<&Path, Stop> {
        match (&self.kafka, &self.config) {
            (Some(kafka), _) => Err(Stop::bad_input(format!(
                "{kafka} is in a Kubernetes: this works with a configuration (--config)"
            ))),
            (None, Some(file)) => Ok(file),
            (None, None) => Err(Stop::bad_input(
                "name the configuration: --config or SLACKWATER_CONFIG",
            )),
        }
    }

    fn open(&self, need: &Need, terminal: Terminal) -> Result<Site, Stop> {
        match &self.kafka {
            Some(kafka) => Site::in_strimzi(kafka, self.kubeconfig.as_deref(), need, terminal),
            None => Site::open(self.file()?, terminal),
        }
    }
}

/// Where a recording goes.
#[derive(Debug, Args)]
pub struct RecordArg {
    /// Write the recording of the phase that runs here to this new file, as
    /// JSON lines.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

impl RecordArg {
    fn apply(&self, site: &mut Site) -> Result<(), Stop> {
        match &self.record {
            Some(file) => site.recorder.also_to(file),
            None => Ok(()),
        }
    }
}

/// What every command is given.
pub struct Context {
    output: Output,
    quiet: bool,
}

impl Context {
    fn site(&self, config: &ConfigArg) -> Result<Site, Stop> {
        self.site_with(config, &Need::All)
    }

    /// For what can be done though not all of a mirror is as it has to be.
    fn site_of_what_there_is(&self, config: &ConfigArg) -> Result<Site, Stop> {
        self.site_with(config, &Need::Little)
    }

    fn site_with(&self, config: &ConfigArg, need: &Need) -> Result<Site, Stop> {
        let site = config.open(need, Terminal::new(self.quiet))?;
        if let Ok(LeaseState::Expired(left)) = site.ground().leases().look()
            && left.note != SIGNS
        {
            site.terminal.say(&format!(
                "warning: the guard of {left} is gone and the mirror may be stopped; backup, phase \
                 and `slackwater resume` put that right"
            ));
        }
        Ok(site)
    }

    /// Prints a result: as JSON, or as the text that `text` makes of it.
    fn print<T: serde::Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Stop> {
        let out = match self.output {
            Output::Json => serde_json::to_string_pretty(value).map_err(Stop::failed)?,
            Output::Text => text(value),
        };
        print_line(&out)
    }
}

/// One write; a reader that went away is no fault of ours.
fn print_line(text: &str) -> Result<(), Stop> {
    use std::io::Write;
    let line = format!("{}\n", text.trim_end());
    match std::io::stdout().lock().write_all(line.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Stop::failed(error)),
        _ => Ok(()),
    }
}

/// Pairs of `VOLUME=DIRECTORY`, no volume twice.
fn volume_targets(pairs: &[String]) -> Result<BTreeMap<String, PathBuf>, Stop> {
    let mut targets = BTreeMap::new();
    for pair in pairs {
        let (volume, target) = pair
            .split_once('=')
            .ok_or_else(|| Stop::bad_input(format!("{pair:?} is not VOLUME=DIRECTORY")))?;
        let target = std::path::absolute(target).map_err(Stop::bad_input)?;
        if targets.insert(volume.to_owned(), target).is_some() {
            return Err(Stop::bad_input(format!("volume {volume} is named twice")));
        }
    }
    Ok(targets)
}

/// A cut by its run, or from a file. What is closed must have its digest:
/// others rest on it.
fn read_cut(site: Option<&Site>, what: &str) -> Result<slackwater_cut::Cut, Stop> {
    slackwater_cut::Cut::trusted(&read_document(site, what)?)
        .map_err(|error| Stop::bad_input(format!("{what}: {error}")))
}

/// In the place of a file's name.
const STDIN: &str = "-";

/// What comes by it: no more than a cut has.
fn read_standard_input() -> Result<String, Stop> {
    let most = slackwater_cut::MAX_DOCUMENT_BYTES as u64;
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(most + 1)
        .read_to_string(&mut text);
    let length =
        read.map_err(|error| Stop::bad_input(format!("can't read standard input: {error}")))?;
    match length as u64 > most {
        true => Err(Stop::bad_input(format!(
            "standard input has more than {most} bytes: no cut is so large"
        ))),
        false => Ok(text),
    }
}

/// How a file of a store begins, as no cut does.
const OF_THE_STORE: &str = "{\"version\":";

/// The text of a cut, as it lies there.
fn read_document(site: Option<&Site>, what: &str) -> Result<String, Stop> {
    let file = Path::new(what);
    if what == STDIN {
        return read_standard_input();
    }
    if file.is_file() {
        let length = std::fs::metadata(file).map_err(Stop::bad_input)?.len();
        if length > slackwater_cut::MAX_DOCUMENT_BYTES as u64 {
            return Err(Stop::bad_input(format!(
                "{what} has {length} bytes: no cut is so large"
            )));
        }
        let text = std::fs::read_to_string(file)
            .map_err(|error| Stop::bad_input(format!("can't read {what}: {error}")))?;
        return match text.starts_with(OF_THE_STORE) {
            true => Err(Stop::bad_input(format!(
                "{what} is a file of the store, and has its cut inside: `slackwater cut export RUN` \
                 writes one"
            ))),
            false => Ok(text),
        };
    }
    let Some(site) = site else {
        return Err(Stop::bad_input(format!(
            "there is no file {what}; to name a run, say --config too"
        )));
    };
    let run: RunId = what.parse().map_err(Stop::bad_input)?;
    let record = site.runs().load(&run).map_err(Stop::bad_input)?;
    Ok(record.document)
}

/// The same, where a configuration is needed for no more than to name a run by.
fn read_document_by(context: &Context, config: Option<&Path>, what: &str) -> Result<String, Stop> {
    let config = config.filter(|_| what != STDIN && !Path::new(what).is_file());
    let site = config.map(|config| context.site(&ConfigArg::of(config)));
    read_document(site.transpose()?.as_ref(), what)
}

/// Runs what was typed.
///
/// # Errors
/// The exit code and the cause in one line.
pub fn run(cli: Cli) -> Result<(), Stop> {
    let context = Context {
        output: cli.output,
        quiet: cli.quiet,
    };
    match cli.command {
        Command::Backup(command) => command.run(&context),
        Command::Phase(command) => command.run(&context),
        Command::Restore(command) => command.run(&context),
        Command::Clone(command) => command.run(&context),
        Command::Validate(command) => command.run(&context),
        Command::Verify(command) => command.run(&context),
        Command::Compare(command) => command.run(&context),
        Command::Resume(command) => command.run(&context),
        Command::Status(command) => command.run(&context),
        Command::Heads(command) => command.run(&context),
        Command::Hook(command) => command.run(&context),
        Command::Replay(command) => command.run(&context),
        Command::Cut(command) => command.run(&context),
        Command::Snapshot(command) => command.run(&context),
        Command::Gc(command) => command.run(&context),
        Command::Logdir(command) => command.run(&context),
        Command::Lint(command) => command.run(&context),
        Command::Render(command) => command.run(&context),
        Command::Doctor(command) => command.run(&context),
        Command::Schema(command) => command.run(),
        Command::Version(command) => command.run(&context),
        Command::Guard(command) => command.run(),
        Command::Compile(command) => command.run(),
        Command::Reader(command) => command.run(),
        Command::Trimmer(command) => command.run(),
        Command::GuardAsk(command) => command.run(),
    }
}
