//! `slackwater replay`: runs a phase's component on a recording of it. It must
//! make the same calls, byte for byte, and end in the same way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use slackwater_cut::canonical_json;
use slackwater_host::{Entry, Host, HostOptions, PhaseComponent, PhaseName};
use slackwater_tape::{Begun, Player, in_one_line};

use super::{Context, read_document_by};
use crate::components::Components;
use crate::exit::Stop;
use crate::recording;

/// Run phases again on recordings of them.
///
/// Each must make the same calls and end in the same way.
///
/// A component does nothing but by its calls, so the same component on the same
/// answers is the whole run again. What the run wrote into its document, the
/// claims among it, is compared byte for byte. Exit code 1 where a run differs.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// A recording, or a folder of them (STORE/recordings/RUN).
    #[arg(required = true)]
    recording: Vec<PathBuf>,
    /// The component that made it, if this program does not carry it. It is
    /// found by its digest.
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    component: Vec<PathBuf>,
    /// Run another component on it, and tell the first call that differs: a
    /// file, or `own` for those that this program carries.
    #[arg(long, value_name = "FILE|own")]
    against: Option<PathBuf>,
    /// The cut, a file or with --config a run: it must be what one of these
    /// recordings wrote last.
    #[arg(long)]
    cut: Option<String>,
    /// The configuration, of kind Mirror, to name a run.
    #[arg(long, short, env = "SLACKWATER_CONFIG")]
    config: Option<PathBuf>,
}

/// What became of one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    recording: PathBuf,
    run: String,
    phase: String,
    entry: String,
    /// SHA-256 of the component that was run.
    component: String,
    calls: usize,
    /// How the recorded run ended, in one line.
    ended: String,
    /// Where it differs; `null` where it does not.
    difference: Option<String>,
}

impl Replay {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let host = Host::new(HostOptions { cache_dir: None }).map_err(Stop::failed)?;
        let known = self.known()?;
        let cut = self.document(context)?;
        let mut wrote_it = false;
        let mut replayed = Vec::new();
        for path in self.files()? {
            let player = recording::read(&path).map_err(Stop::bad_input)?;
            let (phase, entry) = of(player.begun(), &path)?;
            let component = self.component_for(&known, phase, player.begun(), &path)?;
            wrote_it |= cut.is_some() && player.saved() == cut.as_deref();
            replayed.push(replay(&host, path, phase, entry, component, player)?);
        }
        context.print(&replayed, |all| text(all))?;
        let differ = replayed
            .iter()
            .filter(|one| one.difference.is_some())
            .count();
        match differ {
            0 if cut.is_some() && !wrote_it => Err(Stop::failed(
                "the cut is not what any of these recordings wrote last",
            )),
            0 => Ok(()),
            _ => Err(Stop::failed(format!(
                "{differ} of {} recordings differ",
                replayed.len()
            ))),
        }
    }

    /// The text of the cut, in the form that phases write.
    fn document(&self, context: &Context) -> Result<Option<String>, Stop> {
        let Some(cut) = &self.cut else {
            return Ok(None);
        };
        let text = read_document_by(context, self.config.as_deref(), cut)?;
        let value: serde_json::Value = serde_json::from_str(&text).map_err(Stop::bad_input)?;
        canonical_json(&value).map(Some).map_err(Stop::bad_input)
    }

    /// The recordings, those of a folder by name.
    fn files(&self) -> Result<Vec<PathBuf>, Stop> {
        let mut files = Vec::new();
        for path in &self.recording {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let wrong = |error| Stop::bad_input(format!("can't list {}: {error}", path.display()));
            let mut found = Vec::new();
            for entry in std::fs::read_dir(path).map_err(wrong)? {
                let entry = entry.map_err(wrong)?.path();
                // Components may be kept beside them.
                if entry.extension().is_none_or(|end| end != "wasm") {
                    found.push(entry);
                }
            }
            if found.is_empty() {
                return Err(Stop::bad_input(format!(
                    "{} holds no recording",
                    path.display()
                )));
            }
            found.sort();
            files.extend(found);
        }
        Ok(files)
    }

    /// The components that may be run, from files and of the program's own.
    fn known(&self) -> Result<Known, Stop> {
        let files = match &self.against {
            Some(path) if is_own(path) => &[][..],
            Some(path) => std::slice::from_ref(path),
            None => &self.component,
        };
        let read = |path: &PathBuf| PhaseComponent::read(path).map_err(Stop::bad_input);
        Ok(Known {
            own: Components::embedded().map_err(Stop::failed)?,
            files: files.iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// The one that is tried, or the one that made the recording.
    fn component_for<'a>(
        &self,
        known: &'a Known,
        phase: PhaseName,
        begun: &Begun,
        path: &Path,
    ) -> Result<&'a PhaseComponent, Stop> {
        let own = known.own.get(phase);
        let made_it = |one: &&PhaseComponent| one.sha256() == begun.component;
        let found = match &self.against {
            Some(against) if is_own(against) => Some(own),
            Some(_) => known.files.first(),
            None => [own].into_iter().chain(&known.files).find(made_it),
        };
        found.ok_or_else(|| {
            Stop::bad_input(format!(
                "{} was made by the component {} of {phase}, which this program does not carry: \
                 name its file with --component, or try another one with --against",
                path.display(),
                begun.component
            ))
        })
    }
}

/// Components that may be run.
struct Known {
    own: Components,
    files: Vec<PhaseComponent>,
}

/// `--against own`
fn is_own(against: &Path) -> bool {
    against == Path::new("own")
}

/// Which export of which phase it is of.
fn of(begun: &Begun, path: &Path) -> Result<(PhaseName, Entry), Stop> {
    let phase = PhaseName::of_world(&begun.phase);
    let entry = phase.and_then(|phase| phase.entry(&begun.entry));
    phase.zip(entry).ok_or_else(|| {
        Stop::bad_input(format!(
            "{} is of {} {}, which is no phase of this program",
            path.display(),
            begun.phase,
            begun.entry
        ))
    })
}

fn replay(
    host: &Host,
    path: PathBuf,
    phase: PhaseName,
    entry: Entry,
    component: &PhaseComponent,
    player: Player,
) -> Result<Replayed, Stop> {
    let player = Arc::new(player);
    let difference = host
        .replay(phase, entry, component, &player)
        .map_err(|error| Stop::failed(format!("{}: {error}", path.display())))?;
    let begun = player.begun();
    Ok(Replayed {
        recording: path,
        run: begun.run.clone(),
        phase: begun.phase.clone(),
        entry: begun.entry.clone(),
        component: component.sha256().to_owned(),
        calls: player.calls(),
        ended: in_one_line(player.ended()),
        difference,
    })
}

fn text(all: &[Replayed]) -> String {
    let one = |one: &Replayed| {
        let what = format!("{} {}", one.phase, one.entry);
        match &one.difference {
            None => format!("{what}: equal in {} calls; {}", one.calls, one.ended),
            Some(difference) => format!("{what}: DIFFERS: {difference}"),
        }
    };
    all.iter().map(one).collect::<Vec<_>>().join("\n")
}
