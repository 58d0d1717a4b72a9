//! The slackwater program.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use slackwater::command::{self, Cli};
use slackwater::exit::Exit;
use tracing_subscriber::EnvFilter;

/// What is logged unless told otherwise. kube would log an answer that it can't
/// read, whole, and it may be a Secret; what it fails by is a command's last line. A cache in an image can't be written to,
/// and need not be.
const LOGGED: &str = "warn,kube_client=off,wasmtime_internal_cache=off";

fn main() -> ExitCode {
    let filter =
        EnvFilter::try_from_env("SLACKWATER_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // It would print them, and panic where nothing can be printed: a guard
        // whose log is on a full disk must resume the mirror all the same.
        .log_internal_errors(false)
        .init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return typed_wrongly(&error),
    };
    match command::run(cli) {
        Ok(()) => Exit::Done.into(),
        Err(stop) => {
            last_line(&stop);
            stop.exit.into()
        }
    }
}

/// The cause, for whoever can read it: the exit code is not changed where
/// nobody can.
fn last_line(cause: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "slackwater: {cause}");
}

/// The commands that a help names: a word in each line that is not a line's rest.
fn verbs(help: &str) -> Vec<&str> {
    let of = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = of.take_while(|line| !line.is_empty());
    let each = lines.filter_map(|line| line.strip_prefix("  "));
    let words = each.filter(|rest| !rest.starts_with(' '));
    words.filter_map(|rest| rest.split(' ').next()).collect()
}

/// Help and version are what was asked for; anything else is one line.
fn typed_wrongly(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing is lost if nobody reads it.
        let _ = error.print();
        return Exit::Done.into();
    }
    let text = error.to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let verbs = verbs(&text).join(", ");
        last_line(&format!("say which of its commands: {verbs}; see --help"));
        return Exit::BadInput.into();
    }
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let cause = lines.collect::<Vec<_>>().join(" ");
    let cause = cause.strip_prefix("error: ").unwrap_or(&cause);
    last_line(&format!("{cause}; see --help"));
    Exit::BadInput.into()
}
