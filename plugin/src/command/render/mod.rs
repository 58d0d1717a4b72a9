//! `slackwater render`: a Blueprint as it will run for an object. Reads files, and of the
//! cluster the one object; runs and changes nothing.

mod object;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use slackwater_lint::is_blueprint;
use slackwater_template::kanister::{Given, Rendered, rendered};

use super::lint::read;
use super::{Context, Output, print_line};
use crate::config::yaml;
use crate::exit::Stop;
use object::RawObject;

/// A Blueprint as it will run for an object.
///
/// What phases put out is not there before they run: it stands as <<.Phases.…>> in
/// what is printed. Nothing is run, no Secret is read, and nothing is changed.
#[derive(Debug, Args)]
pub(super) struct Render {
    /// A file with the Blueprint; `-` is standard input.
    blueprint: PathBuf,
    /// Its name, where there are several in the file.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The action.
    #[arg(long, short, value_name = "NAME")]
    action: String,
    /// The object, which is read from the cluster: `kafka/NAMESPACE/NAME`,
    /// `namespace/NAME`, or as kanctl names it,
    /// `kafka.strimzi.io/v1/kafkas/NAMESPACE/NAME`.
    #[arg(
        long,
        short = 'O',
        visible_alias = "objects",
        value_name = "OBJECT",
        required_unless_present = "file"
    )]
    object: Option<RawObject>,
    /// A file with the object in its place; `-` is standard input.
    #[arg(
        long = "filename",
        short = 'f',
        value_name = "FILE",
        conflicts_with = "object"
    )]
    file: Option<PathBuf>,
    /// Options of the ActionSet, as kanctl takes them: one with a comma in it stands in
    /// quotes of its own. (K10 gives none to hooks.)
    #[arg(long, value_name = "KEY=VALUE,…")]
    options: Vec<String>,
    /// What an earlier action has put out.
    #[arg(long = "artifact", value_name = "ARTIFACT.KEY=VALUE")]
    artifacts: Vec<String>,
    /// What a phase will put out, where you know it.
    #[arg(long = "output-of", value_name = "PHASE.KEY=VALUE")]
    outputs: Vec<String>,
    /// When the action begins.
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// How the Kubernetes is reached. Default: as kubectl does, and in a pod by its
    /// ServiceAccount.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl Render {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let blueprint = self.blueprint()?;
        let found = match (&self.file, &self.object) {
            (Some(file), _) => object::of_file(file)?,
            (None, Some(object)) => object.fetch(self.kubeconfig.as_deref())?,
            (None, None) => return Err(Stop::bad_input("name the object: --object or -f")),
        };
        let given = Given {
            kind: found.kind,
            object: found.object,
            options: pairs("--options", &comma_separated("--options", &self.options)?)?,
            artifacts: nested("--artifact", &self.artifacts)?,
            outputs: nested("--output-of", &self.outputs)?,
            time: self.time.clone(),
        };
        let rendered = rendered(&blueprint, &self.action, &given).map_err(Stop::bad_input)?;
        let written = blueprint["actions"][&self.action].to_string();
        for option in given.options.keys().filter(|one| !names(&written, one)) {
            tracing::warn!(
                "action {} says nothing of an option {option}: Kanister passes it over in silence",
                self.action
            );
        }
        self.show(context, &blueprint, &given.object, &rendered)?;
        match rendered.failed.len() {
            0 => Ok(()),
            count => Err(Stop::bad_input(format!(
                "{count} texts of action {} can't be rendered for this object",
                self.action
            ))),
        }
    }

    fn blueprint(&self) -> Result<Value, Stop> {
        if self.blueprint == Path::new("-") && self.file.as_deref() == Some(Path::new("-")) {
            let says = "the Blueprint and the object can't both come by standard input";
            return Err(Stop::bad_input(says));
        }
        let place = self.blueprint.display();
        let documents = yaml::documents(&read(&self.blueprint)?)
            .map_err(|error| Stop::bad_input(format!("{place}: {error}")))?;
        let named = |one: &Value| {
            let name = self.name.as_deref();
            name.is_none_or(|name| one["metadata"]["name"] == name)
        };
        let mut found = documents.into_iter().filter(is_blueprint).filter(named);
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => Err(Stop::bad_input(format!(
                "{place}: there is no such Blueprint (cr.kanister.io)"
            ))),
            (Some(_), Some(_)) => Err(Stop::bad_input(format!(
                "{place}: there are several Blueprints; say --name"
            ))),
        }
    }

    fn show(
        &self,
        context: &Context,
        blueprint: &Value,
        object: &Value,
        rendered: &Rendered,
    ) -> Result<(), Stop> {
        let name = &blueprint["metadata"]["name"];
        let Rendered {
            action,
            unknown,
            failed,
        } = rendered;
        match context.output {
            Output::Json => {
                let failed: Vec<Value> = failed
                    .iter()
                    .map(|(place, why)| json!({"place": place, "says": why}))
                    .collect();
                let all = json!({
                    "blueprint": name, "action": self.action, "rendered": action,
                    "unknown": unknown, "failed": failed,
                });
                print_line(&serde_json::to_string_pretty(&all).map_err(Stop::failed)?)
            }
            Output::Text => {
                let mut text = format!(
                    "# Action {} of Blueprint {} for {}\n",
                    self.action,
                    name.as_str().unwrap_or_default(),
                    object::words(object)
                );
                for one in unknown {
                    text += &format!("# not there before it runs: <<{one}>>\n");
                }
                for (place, why) in failed {
                    text += &format!("# can't be rendered: {place}: {why}\n");
                }
                text += &in_order(action).map_err(Stop::failed)?;
                print_line(&text)
            }
        }
    }
}

/// As it runs, and each phase as people write one: YAML's own order is that of letters.
fn in_order(action: &Value) -> Result<String, String> {
    let part = |of: &Value, keys: &[&str]| -> Result<String, String> {
        let there = keys.iter().filter(|key| !of[**key].is_null());
        there
            .map(|key| yaml::text(&json!({*key: of[*key]})))
            .collect()
    };
    let phase = |phase: &Value, first: &str| -> Result<String, String> {
        let text = part(phase, &["name", "func", "objects", "args"])?;
        let lines = text.lines().enumerate();
        Ok(lines
            .map(|(number, line)| match number {
                0 => format!("{first}{line}\n"),
                _ => format!("  {line}\n"),
            })
            .collect())
    };
    let mut text = String::from("phases:\n");
    for one in action["phases"].as_array().into_iter().flatten() {
        text += &phase(one, "- ")?;
    }
    if action["deferPhase"].is_object() {
        text += "deferPhase:\n";
        text += &phase(&action["deferPhase"], "  ")?;
    }
    text += &part(action, &["outputArtifacts"])?;
    Ok(text)
}

/// Whether a word of a text is this one.
fn names(text: &str, word: &str) -> bool {
    let is_part = |one: char| one.is_alphanumeric() || one == '_';
    text.split(|one| !is_part(one)).any(|one| one == word)
}

/// Taken apart at commas that stand in no quotes, as pflag's StringSlice takes it.
fn comma_separated(flag: &str, all: &[String]) -> Result<Vec<String>, Stop> {
    let mut fields = Vec::new();
    for text in all {
        let lines = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        for line in lines.into_records() {
            let line = line.map_err(|error| Stop::bad_input(format!("{flag}: {error}")))?;
            fields.extend(line.iter().map(str::to_owned));
        }
    }
    Ok(fields)
}

/// Pairs of `KEY=VALUE`, no key twice.
fn pairs(flag: &str, all: &[String]) -> Result<BTreeMap<String, String>, Stop> {
    let mut pairs = BTreeMap::new();
    for pair in all {
        let (key, value) = pair
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Stop::bad_input(format!("{flag}: {pair:?} is not KEY=VALUE")))?;
        if pairs.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Stop::bad_input(format!("{flag}: {key} is said twice")));
        }
    }
    Ok(pairs)
}

/// The same by what stands before a point.
fn nested(flag: &str, all: &[String]) -> Result<BTreeMap<String, BTreeMap<String, String>>, Stop> {
    let mut nested: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (key, value) in pairs(flag, all)? {
        let (name, key) = key
            .split_once('.')
            .ok_or_else(|| Stop::bad_input(format!("{flag}: {key} is not NAME.KEY")))?;
        let of = nested.entry(name.to_owned()).or_default();
        of.insert(key.to_owned(), value);
    }
    Ok(nested)
}
