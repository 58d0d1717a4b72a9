//! `slackwater restore`: a snapshot into new volumes, and what retention would
//! do to it there.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use slackwater_ports::{Clock as _, VolumeContent as _};
use slackwater_store::RunId;
use slackwater_volumes::RunName;

use super::{ConfigArg, Context, volume_targets};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::retention::{Expiry, expiry, text as retention_text};
use crate::site::Site;

/// Put a snapshot into new volumes. Nothing is overwritten.
#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    config: ConfigArg,
    /// The run whose snapshot it is.
    run: RunId,
    /// Where each volume goes: `VOLUME=DIRECTORY`, for all of them.
    #[arg(long, value_name = "VOLUME=DIRECTORY", required = true)]
    to: Vec<String>,
    /// Volumes may be plain copies where blocks can't be shared.
    #[arg(long)]
    allow_plain_copy: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    volumes: Vec<Row>,
    /// `null` where it is not known; `retentionUnknown` tells why.
    retention: Option<Expiry>,
    retention_unknown: Option<String>,
}

#[derive(Serialize)]
struct Row {
    volume: String,
    target: PathBuf,
    method: String,
}

impl Restore {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut site = context.site(&self.config)?;
        site.allow_plain_copy = self.allow_plain_copy;
        let targets = volume_targets(&self.to)?;
        let run = RunName::new(self.run.as_str()).map_err(Stop::bad_input)?;
        let volumes: Vec<Row> = site
            .local()?
            .snapshots(self.allow_plain_copy)?
            .restore(&run, &targets)
            .map_err(Stop::from)?
            .into_iter()
            .map(|one| Row {
                volume: one.volume,
                target: one.target,
                method: one.method,
            })
            .collect();
        let (retention, retention_unknown) = match self.retention(&site) {
            Ok(expiry) => (Some(expiry), None),
            Err(why) => (None, Some(why)),
        };
        let report = Report {
            volumes,
            retention,
            retention_unknown,
        };
        context.print(&report, text)
    }

    /// Nothing of it fails a restore, which is done by now.
    fn retention(&self, site: &Site) -> Result<Expiry, String> {
        let cut = site.cut(&self.run).map_err(|stop| stop.cause)?;
        let content = site
            .local()
            .and_then(|local| local.content(&self.run, site.allow_plain_copy))
            .map_err(|stop| stop.cause)?;
        let survey = content.survey().map_err(|error| error.message)?;
        let ages = content.ages().map_err(|error| error.message)?;
        let now_ms = i64::try_from(SystemClock.now_ms()).unwrap_or(i64::MAX);
        let mut expiry = expiry(&cut, &ages, now_ms);
        expiry.unknown.extend(survey.unread);
        Ok(expiry)
    }
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    for row in &report.volumes {
        out += &format!(
            "{} → {} ({})\n",
            row.volume,
            row.target.display(),
            row.method
        );
    }
    match (&report.retention, &report.retention_unknown) {
        (Some(expiry), _) => out + &retention_text(expiry),
        (None, Some(why)) => {
            out + &format!("what retention would delete of it is not known: {why}\n")
        }
        (None, None) => out,
    }
}
