//! `slackwater compile`: the phases, compiled for an image, so that no pod does
//! it while a mirror is held.

use std::path::PathBuf;

use clap::Args;
use slackwater_host::{Host, HostOptions, PhaseName};

use crate::components::Components;
use crate::exit::Stop;

/// Compile the phases into a folder.
#[derive(Debug, Args)]
pub(super) struct Compile {
    /// Made if it is not there.
    folder: PathBuf,
}

impl Compile {
    pub(super) fn run(&self) -> Result<(), Stop> {
        let folder = std::path::absolute(&self.folder).map_err(Stop::bad_input)?;
        std::fs::create_dir_all(&folder).map_err(Stop::bad_input)?;
        let host = Host::new(HostOptions {
            cache_dir: Some(folder),
        })
        .map_err(Stop::failed)?;
        let components = Components::embedded().map_err(Stop::failed)?;
        for phase in PhaseName::ALL {
            host.check(phase, components.get(phase))
                .map_err(Stop::failed)?;
        }
        Ok(())
    }
}
