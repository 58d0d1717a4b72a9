//! `slackwater lint`: what Kanister and K10 would swallow of Blueprints in silence.
//! Reads files, and nothing else.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use slackwater_lint::{Runs, faults, is_blueprint};

use super::{Context, Output, print_line};
use crate::config::yaml;
use crate::exit::Stop;

/// An object in etcd is 1.5 MiB at the most: what is longer is none.
const MOST_BYTES: u64 = 2 << 20;

/// What Kanister and K10 would swallow of Blueprints in silence.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Files with Blueprints; other documents in them are passed over.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Who runs them. Default: what the annotation `slackwater.io/for` of each says;
    /// without it, what is wrong for all.
    #[arg(long = "for", value_enum)]
    runs: Option<For>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum For {
    /// Kanister's controller, by ActionSets.
    Kanister,
    /// K10, as hooks of a policy or a restore.
    K10Policy,
    /// K10, bound to resources.
    K10Binding,
}

impl From<For> for Runs {
    fn from(runs: For) -> Self {
        match runs {
            For::Kanister => Runs::Kanister,
            For::K10Policy => Runs::K10Policy,
            For::K10Binding => Runs::K10Binding,
        }
    }
}

impl Lint {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut found = Vec::new();
        let mut blueprints = 0;
        for file in &self.files {
            let documents = yaml::documents(&read(file)?)
                .map_err(|error| Stop::bad_input(format!("{}: {error}", file.display())))?;
            for blueprint in documents.iter().filter(|one| is_blueprint(one)) {
                blueprints += 1;
                let name = blueprint["metadata"]["name"].as_str().unwrap_or_default();
                let faults = faults(blueprint, self.runs.map(Runs::from));
                found.extend(
                    faults
                        .into_iter()
                        .map(|fault| (file, name.to_owned(), fault)),
                );
            }
        }
        match context.output {
            Output::Text => {
                for (file, name, fault) in &found {
                    print_line(&format!("{}: {name}: {fault}", file.display()))?;
                }
            }
            Output::Json => {
                let all: Vec<_> = found
                    .iter()
                    .map(|(file, name, fault)| {
                        serde_json::json!({
                            "file": file, "blueprint": name,
                            "place": fault.place, "says": fault.says,
                        })
                    })
                    .collect();
                print_line(&serde_json::to_string_pretty(&all).map_err(Stop::failed)?)?;
            }
        }
        match (blueprints, found.len()) {
            (0, _) => Err(Stop::bad_input(
                "there is no Blueprint (cr.kanister.io) in these files: nothing was looked at",
            )),
            (_, 0) => Ok(()),
            (_, count) => Err(Stop::bad_input(format!(
                "{count} of what is in these Blueprints would be dropped, or fail when it runs"
            ))),
        }
    }
}

/// A file, or what is handed in (`-`).
pub(super) fn read(path: &Path) -> Result<String, Stop> {
    let wrong = |error: std::io::Error| Stop::bad_input(format!("{}: {error}", path.display()));
    let mut text = String::new();
    let input: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(std::io::stdin()),
        false => Box::new(File::open(path).map_err(wrong)?),
    };
    let mut limited = input.take(MOST_BYTES + 1);
    limited.read_to_string(&mut text).map_err(wrong)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(Stop::bad_input(format!(
            "{}: longer than {MOST_BYTES} bytes, which no object of the API server can be",
            path.display()
        )));
    }
    Ok(text)
}
