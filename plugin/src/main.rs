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
    match command::run(Cli::parse()) {
        Ok(()) => Exit::Done.into(),
        Err(stop) => {
            eprintln!("slackwater: {stop}");
            stop.exit.into()
        }
    }
}
