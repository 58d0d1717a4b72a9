//! `slackwater validate`: a restored, running mirror against its cut.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use slackwater_cut::ClaimName;
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{Cluster, GuardLook, GuardView, PortError, PortErrorKind, RunStore, Seen};

use super::{ConfigArg, Context, read_cut, report};
use crate::adapters::{ScratchStore, Terminal};
use crate::config;
use crate::exit::{Stop, of_claims};
use crate::site::Site;

/// Hold a restored, running mirror against its cut.
#[derive(Debug, Args)]
pub(super) struct Validate {
    #[command(flatten)]
    config: ConfigArg,
    /// The cut: a run, or a file.
    #[arg(long)]
    cut: String,
    /// Where the restored mirror is, if not where the configuration says.
    #[arg(long, value_name = "HOST:PORT,…")]
    bootstrap: Option<String>,
    /// Write the cut with the claim added to this new file.
    #[arg(long)]
    save: Option<PathBuf>,
}

impl Validate {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut mirror = config::load(&self.config.config).map_err(Stop::bad_input)?;
        if let Some(bootstrap) = &self.bootstrap
            && let Some(options) = mirror.clusters.get_mut(&Cluster::Mirror)
        {
            options.bootstrap.clone_from(bootstrap);
        }
        let site = Site::of(
            mirror,
            self.config.config.clone(),
            Terminal::new(context.quiet),
        )?;
        let cut = read_cut(Some(&site), &self.cut)?;
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let store = Arc::new(ScratchStore::new(document));
        let mut ports = site.ports_on(store.clone());
        ports.guard_look = Some(Arc::new(NoGuard));
        site.run(PhaseName::ValidateHead, Entry::CompareRestored, ports)?;
        let judged = store.load().map_err(|error| Stop::failed(error.message))?;
        let cut = slackwater_cut::Cut::parse(&judged.document).map_err(Stop::failed)?;
        if let Some(file) = &self.save {
            write_new(file, &judged.document)?;
        }
        context.print(&cut.claims, |claims| report::claims(claims))?;
        of_claims(&cut, &[ClaimName::HeadsRestored])
    }
}

fn write_new(file: &PathBuf, text: &str) -> Result<(), Stop> {
    use std::io::Write;
    let wrong = |error| Stop::bad_input(format!("can't write {}: {error}", file.display()));
    let mut out = std::fs::File::create_new(file).map_err(wrong)?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .map_err(wrong)
}

/// A restored mirror is held by nobody.
struct NoGuard;

impl GuardLook for NoGuard {
    fn guard(&self) -> Seen<GuardView> {
        Err(PortError::new(
            PortErrorKind::Unsupported,
            "no guard holds a restored mirror",
        ))
    }
}
