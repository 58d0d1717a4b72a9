//! `slackwater restore`: a snapshot into new volumes, and what retention would
//! do to it there; and a mirror in Strimzi in place.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use serde::Serialize;
use slackwater_ports::{Clock as _, VolumeContent as _};
use slackwater_restore::Way;
use slackwater_store::RunId;
use slackwater_volumes::RunName;

use super::trim_args::RawTrim;
use super::{ConfigArg, Context, volume_targets};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::restore as in_place;
use crate::retention::{Expiry, expiry, text as retention_text};
use crate::site::{KafkaName, Site};

/// Put a snapshot into new volumes; or a mirror in Strimzi back in place.
///
/// Nothing is overwritten: new volumes have to be empty, and of a mirror in Strimzi the
/// volumes from before are kept, for a way back (--undo), until `slackwater gc` is told
/// to delete them. A restore in place that was cut short goes on when it is told again.
#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    config: ConfigArg,
    /// The run whose snapshot it is.
    run: RunId,
    /// Where each volume goes: `VOLUME=DIRECTORY`, for all of them.
    #[arg(
        long,
        value_name = "VOLUME=DIRECTORY",
        required_unless_present = "kafka",
        conflicts_with = "kafka"
    )]
    to: Vec<String>,
    /// Volumes may be plain copies where blocks can't be shared.
    #[arg(long)]
    allow_plain_copy: bool,
    /// In place: print each step, and do none.
    #[arg(long, requires = "kafka")]
    plan: bool,
    /// In place: go back to the volumes from before.
    #[arg(long, requires = "kafka", action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_value_t = false, default_missing_value = "true",
        value_name = "BOOL")]
    undo: bool,
    /// In place: leave the way to others, who restore the claims of any backup of this
    /// mirror (K10, a storage's own tool): nothing runs, the volumes are kept, the
    /// claims gone. The run is the mirror's last one.
    #[arg(long, requires = "kafka", conflicts_with_all = ["undo", "on_claims"])]
    stand_aside: bool,
    /// In place: others have restored the claims from this run's backup.
    #[arg(long, requires = "kafka", conflicts_with = "undo", action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value_t = false,
        default_missing_value = "true", value_name = "BOOL")]
    on_claims: bool,
    /// In place: go on where something is not proven; never where it is refuted.
    #[arg(long, requires = "kafka", action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_value_t = false, default_missing_value = "true",
        value_name = "BOOL")]
    accept_unproven: bool,
    /// In place: let MirrorMaker skip what the source has deleted.
    #[arg(long, requires = "kafka", action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_value_t = false, default_missing_value = "true",
        value_name = "BOOL")]
    accept_loss: bool,
    /// In place: Argo CD or Flux, where one owns what feeds the mirror, was told to
    /// leave it alone.
    #[arg(
        long,
        requires = "kafka",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    git_ops_suspended: bool,
    /// In place: end when the brokers' heads are shown: what feeds the mirror stays
    /// stopped, as where its sources can't be reached.
    #[arg(long, requires = "kafka", conflicts_with = "undo", action = ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_value_t = false,
        default_missing_value = "true", value_name = "BOOL")]
    no_feed: bool,
    #[command(flatten)]
    trim: RawTrim,
    /// In place: how long the mirror may take to catch up before its checkpoint
    /// connectors start, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        requires = "kafka",
        default_value_t = 1_800
    )]
    catch_up: u64,
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
        match &self.config.kafka {
            Some(kafka) => self.in_place(context, kafka),
            None => self.to_new_volumes(context),
        }
    }

    fn in_place(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let restore = in_place::Restore::open(in_place::Asked {
            kafka: kafka.clone(),
            kubeconfig: self.config.kubeconfig.clone(),
            run: self.run.clone(),
            way: match () {
                () if self.undo => Way::Back,
                () if self.stand_aside => Way::Aside,
                () if self.on_claims => Way::OnClaims,
                () => Way::Forth,
            },
            accept_unproven: self.accept_unproven,
            trim: self.trim.check(self.config.kubeconfig.as_deref())?,
            accept_loss: self.accept_loss,
            git_ops_suspended: self.git_ops_suspended,
            catch_up_ms: self.catch_up.saturating_mul(1_000),
            rest: match self.no_feed {
                true => in_place::Rest::Unfed,
                false => in_place::Rest::Nothing,
            },
            clone_of: None,
            quiet: context.quiet,
        })?;
        if self.plan {
            let steps = restore.plan_in_words()?;
            return context.print(&steps, |steps| steps.join("\n"));
        }
        context.print(&restore.run()?, in_place::text)
    }

    fn to_new_volumes(&self, context: &Context) -> Result<(), Stop> {
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
        let is_hot = site.cut(&self.run).is_ok_and(|cut| cut.hot.is_some());
        if is_hot {
            tracing::warn!(
                "the mirror ran while these volumes were cut: no broker may start on them before \
                 `slackwater logdir plan` and `trim` have made one point of them"
            );
        }
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
