//! `slackwater version`: of the program and of the phases that it carries.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use slackwater_host::PhaseName;

use super::Context;
use crate::components::{BUILT_WITH, Components};
use crate::exit::Stop;

/// The version, and the digests of the phases.
#[derive(Debug, Args)]
pub(super) struct Version {
    /// Write the phases' components into this new folder, to keep them beside
    /// recordings that they made.
    #[arg(long, value_name = "DIRECTORY")]
    components: Option<PathBuf>,
}

impl Version {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let components = Components::embedded().map_err(Stop::failed)?;
        if let Some(folder) = &self.components {
            export(&components, folder)?;
        }
        let used = components.used();
        let value = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "componentsBuiltWith": BUILT_WITH,
            "components": used,
        });
        context.print(&value, |_| {
            let mut out = format!(
                "slackwater {}\ncomponents built with: {BUILT_WITH}\n",
                env!("CARGO_PKG_VERSION")
            );
            for one in &used {
                out += &format!("  {}  {}\n", one.sha256, one.phase);
            }
            out
        })
    }
}

fn export(components: &Components, folder: &Path) -> Result<(), Stop> {
    let wrong = |path: &Path| {
        let shown = path.display().to_string();
        move |error| Stop::bad_input(format!("can't make {shown}: {error}"))
    };
    fs::create_dir(folder).map_err(wrong(folder))?;
    for phase in PhaseName::ALL {
        let path = folder.join(format!("{}.component.wasm", phase.world()));
        fs::write(&path, components.get(phase).bytes()).map_err(wrong(&path))?;
    }
    Ok(())
}
