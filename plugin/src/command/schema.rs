//! `slackwater schema`: JSON Schemas of what is read and written.

use clap::{Args, ValueEnum};
use schemars::schema_for;

use super::print_line;
use crate::config::{RawMirror, RawStrimzi};
use crate::exit::Stop;

/// JSON Schemas of what is read and written.
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Of what.
    #[arg(value_enum)]
    of: Of,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// The configuration.
    Mirror,
    /// What may be said of a mirror in Strimzi.
    StrimziMirror,
    /// The cut.
    Cut,
    /// The plan of a trim.
    Plan,
}

impl Schema {
    pub(super) fn run(&self) -> Result<(), Stop> {
        let schema = match self.of {
            Of::Mirror => schema_for!(RawMirror),
            Of::StrimziMirror => schema_for!(RawStrimzi),
            Of::Cut => schema_for!(slackwater_cut::Cut),
            Of::Plan => schema_for!(slackwater_point::Plan),
        };
        print_line(&serde_json::to_string_pretty(&schema).map_err(Stop::failed)?)
    }
}
