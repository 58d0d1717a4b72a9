//! `slackwater gc`: what runs and restores have left behind of a mirror in Strimzi.

use clap::Args;
use serde::Serialize;
use slackwater_ports::Clock as _;
use slackwater_store::Holder;

use super::{ConfigArg, Context};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::{Left, Need};

/// A person reads so many names; more are for a program.
const MOST_NAMED: usize = 20;

/// Delete what runs have left behind of a mirror in Strimzi.
///
/// Pods of those that are over, with the claims that they read, and VolumeSnapshots of those
/// that were given up. Backups stay.
#[derive(Debug, Args)]
pub(super) struct Gc {
    #[command(flatten)]
    config: ConfigArg,
    /// Print what there is, and delete nothing.
    #[arg(long)]
    plan: bool,
    /// Delete the volumes from before a restore, too: there is no way back then.
    #[arg(long)]
    kept_volumes: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    deleted: bool,
    runs: Vec<Left>,
    kept_volumes: Vec<String>,
}

fn holder() -> Result<Holder, Stop> {
    let now = SystemClock.now_ms();
    Ok(Holder {
        run_id: format!("gc-{now}").parse().map_err(Stop::failed)?,
        pid: std::process::id(),
        token: format!("gc-{}-{now}", std::process::id()),
        deadline_ms: None,
        note: "deletes volumes from before a restore".to_owned(),
    })
}

impl Gc {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let site = context.site_with(&self.config, &Need::Least)?;
        let strimzi = site.strimzi().ok_or_else(|| {
            Stop::bad_input("this is for a mirror in Strimzi: name it by --kafka")
        })?;
        let runs = strimzi.left_behind()?;
        let kept = strimzi.kept_volumes();
        let mut kept_volumes = kept.names().map_err(Stop::failed)?;
        if !self.plan {
            for left in &runs {
                strimzi.delete_left_behind(left)?;
            }
            if self.kept_volumes {
                // Nobody begins to go back meanwhile.
                let held = site.ground().leases().take(holder()?)?;
                let deleted = strimzi
                    .no_restore_is_under_way()
                    .and_then(|()| kept.delete().map_err(Stop::failed));
                held.release().map_err(Stop::failed)?;
                kept_volumes = deleted?;
            }
        }
        let report = Report {
            deleted: !self.plan,
            runs,
            kept_volumes,
        };
        context.print(&report, |report| self.text(report))
    }

    fn text(&self, report: &Report) -> String {
        let mut out = String::new();
        let (going, runs): (Vec<_>, Vec<_>) = report.runs.iter().partition(|one| one.goes_on);
        for left in &going {
            out += &format!(
                "run {} is left alone: a pod of its own goes on with it, {}\n",
                left.run,
                left.pods.join(", ")
            );
        }
        for left in &runs {
            out += &format!(
                "run {}: {} pods, {} claims that were read, {} snapshots\n",
                left.run,
                left.pods.len(),
                left.read_claims.len(),
                left.snapshots
            );
        }
        if runs.is_empty() {
            out += "no run has left anything behind\n";
        }
        let count = report.kept_volumes.len();
        if count > 0 {
            let what = match (self.plan, self.kept_volumes) {
                (false, true) => "deleted",
                _ => "kept; --kept-volumes deletes them",
            };
            out += &format!("{count} volumes from before a restore: {what}\n");
            for name in report.kept_volumes.iter().take(MOST_NAMED) {
                out += &format!("  {name}\n");
            }
            if count > MOST_NAMED {
                out += &format!(
                    "  and {} more (all of them with --output json)\n",
                    count - MOST_NAMED
                );
            }
        }
        if self.plan {
            out += "nothing was deleted\n";
        }
        out
    }
}
