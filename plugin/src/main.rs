//! The slackwater program.

use std::process::ExitCode;

use clap::Parser;
use slackwater::command::{self, Cli};
use slackwater::exit::Exit;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let filter =
        EnvFilter::try_from_env("SLACKWATER_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return typed_wrongly(&error),
    };
    match command::run(cli) {
        Ok(()) => Exit::Done.into(),
        Err(stop) => {
            eprintln!("slackwater: {stop}");
            stop.exit.into()
        }
    }
}

/// Help and version are what was asked for; anything else is one line.
fn typed_wrongly(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing is lost if nobody reads it.
        let _ = error.print();
        return Exit::Done.into();
    }
    let text = error.to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let cause = lines.collect::<Vec<_>>().join(" ");
    let cause = cause.strip_prefix("error: ").unwrap_or(&cause);
    eprintln!("slackwater: {cause}; see --help");
    Exit::BadInput.into()
}
