//! `slackwater validate`: a restored mirror against its cut: its volumes before
//! any broker starts, or its running brokers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use slackwater_content::{Folder, Folders};
use slackwater_cut::{ClaimName, Cut, claims};
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::{Cluster, RunStore};

use super::logdir::{read_plan, stop as logdir_stop};
use super::{ConfigArg, Context, RecordArg, read_cut, report, volume_targets};
use crate::adapters::Terminal;
use crate::config;
use crate::exit::{Stop, of_claims};
use crate::site::Site;

/// Hold a restored mirror against its cut.
///
/// Its volumes, before any broker starts on them, or its running brokers.
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
    /// Read the restored volumes, of which no broker may have started yet:
    /// `VOLUME=DIRECTORY`, for all of them.
    #[arg(long, value_name = "VOLUME=DIRECTORY", conflicts_with = "bootstrap")]
    volume: Vec<String>,
    /// The volumes were cut while the mirror ran, and trimmed by this plan: hold them
    /// against it.
    #[arg(long, value_name = "FILE", requires = "volume")]
    plan: Option<PathBuf>,
    /// Write the cut with the claim added to this new file.
    #[arg(long)]
    save: Option<PathBuf>,
    #[command(flatten)]
    record: RecordArg,
}

impl Validate {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut mirror = config::load(self.config.file()?).map_err(Stop::bad_input)?;
        if let Some(bootstrap) = &self.bootstrap
            && let Some(options) = mirror.clusters.get_mut(&Cluster::Mirror)
        {
            options.bootstrap.clone_from(bootstrap);
        }
        let mut site = Site::of(
            mirror,
            self.config.file()?.to_owned(),
            Terminal::new(context.quiet),
        )?;
        let cut = read_cut(Some(&site), &self.cut)?;
        self.record.apply(&mut site)?;
        if let Some(plan) = &self.plan {
            let cut = self.trimmed(&site, cut, plan)?;
            return self.end(context, &cut, ClaimName::Consistent);
        }
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let (store, mut ports) = site.ports_on_scratch(document);
        let (entry, claim) = if self.volume.is_empty() {
            (Entry::CompareRestored, ClaimName::HeadsRestored)
        } else {
            ports.volume_content = Some(Arc::new(Folders::new(self.folders(&site)?)));
            (Entry::CompareVolumes, ClaimName::Restored)
        };
        site.run(PhaseName::ValidateHead, entry, ports)?;
        let judged = store.load().map_err(|error| Stop::failed(error.message))?;
        let cut = slackwater_cut::Cut::parse(&judged.document).map_err(Stop::failed)?;
        self.end(context, &cut, claim)
    }

    /// Against the plan that they were trimmed by.
    fn trimmed(&self, site: &Site, mut cut: Cut, plan: &Path) -> Result<Cut, Stop> {
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let document = slackwater_cut::sha256_hex(document.as_bytes());
        let plan = read_plan(plan)?;
        let paths: Vec<PathBuf> = self
            .folders(site)?
            .into_iter()
            .map(|one| one.path)
            .collect();
        let found =
            slackwater_trim::show(&paths, &plan, cut.settings.tail_records).map_err(logdir_stop)?;
        let claim = claims::judge_trimmed(&cut, document, found);
        cut.add_claim(claim);
        Ok(cut)
    }

    fn end(&self, context: &Context, cut: &Cut, claim: ClaimName) -> Result<(), Stop> {
        if let Some(file) = &self.save {
            write_new(file, &cut.to_canonical().map_err(Stop::failed)?)?;
        }
        context.print(&cut.claims, |claims| report::claims(claims))?;
        of_claims(cut, &[claim])
    }

    /// The restored volumes, all of them.
    fn folders(&self, site: &Site) -> Result<Vec<Folder>, Stop> {
        let mut targets = volume_targets(&self.volume)?;
        let folders = site
            .local()?
            .volumes()
            .iter()
            .map(|volume| {
                let name = volume.name();
                let path = targets.remove(name).ok_or_else(|| {
                    Stop::bad_input(format!("no directory for volume {name}: name all of them"))
                })?;
                Ok(Folder {
                    volume: name.to_owned(),
                    broker: volume.broker(),
                    opened_from: path.display().to_string(),
                    path,
                })
            })
            .collect::<Result<Vec<_>, Stop>>()?;
        match targets.keys().next() {
            Some(name) => Err(Stop::bad_input(format!("there is no volume {name}"))),
            None => Ok(folders),
        }
    }
}

/// A file that was not there.
pub(super) fn write_new(file: &PathBuf, text: &str) -> Result<(), Stop> {
    use std::io::Write;
    let wrong = |error| Stop::bad_input(format!("can't write {}: {error}", file.display()));
    let mut out = std::fs::File::create_new(file).map_err(wrong)?;
    out.write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .map_err(wrong)
}
