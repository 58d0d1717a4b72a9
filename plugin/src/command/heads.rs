//! `slackwater heads`: the ends of all partitions, and how fast they go.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use slackwater_ports::{Clock, Cluster, Heads as _, PartitionId};

use super::{ConfigArg, Context};
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::Site;

/// Between two looks while watching.
const WATCH_MS: u64 = 2_000;

/// The ends of all partitions.
#[derive(Debug, Args)]
pub(super) struct Heads {
    #[command(flatten)]
    config: ConfigArg,
    /// A source by its alias; without it the mirror.
    #[arg(long)]
    source: Option<String>,
    /// Look again every two seconds, and show rates.
    #[arg(long)]
    watch: bool,
    /// With --watch: how many looks; without it there is no end.
    #[arg(long, requires = "watch")]
    looks: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    partition: String,
    log_start: Option<u64>,
    high_watermark: Option<u64>,
    last_stable: Option<u64>,
    leader_epoch: Option<i32>,
    /// Records a second since the look before.
    per_second: Option<u64>,
    error: Option<String>,
}

impl Heads {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let site = context.site(&self.config)?;
        let cluster = match &self.source {
            Some(alias) => Cluster::Source(alias.clone()),
            None => Cluster::Mirror,
        };
        if !site.clusters.contains_key(&cluster) {
            return Err(Stop::bad_input(format!("no {cluster} is configured")));
        }
        let looks = if self.watch {
            self.looks.unwrap_or(u64::MAX)
        } else {
            1
        };
        let mut before = BTreeMap::new();
        for look in 0..looks {
            if look > 0 {
                SystemClock.sleep_ms(WATCH_MS);
            }
            let rows = rows(&site, &cluster, &mut before)?;
            context.print(&rows, |rows| text(rows))?;
        }
        Ok(())
    }
}

fn rows(
    site: &Site,
    cluster: &Cluster,
    before: &mut BTreeMap<PartitionId, (u64, u64)>,
) -> Result<Vec<Row>, Stop> {
    let failed = |error: slackwater_ports::PortError| Stop::failed(error.message);
    let view = site.kafka().describe(cluster).map_err(failed)?;
    let mut partitions: Vec<PartitionId> = view
        .topics
        .iter()
        .flat_map(|topic| {
            topic
                .partitions
                .iter()
                .map(|one| PartitionId::new(topic.name.clone(), one.partition))
        })
        .collect();
    partitions.sort();
    let sweep = site.kafka().sweep(cluster, &partitions).map_err(failed)?;
    let at = sweep.asked.last_answer_ms;
    Ok(sweep
        .rows
        .into_iter()
        .map(|row| {
            let head = row.head.as_ref().ok();
            let per_second = head.and_then(|head| {
                let end = head.high_watermark;
                let (was, then) = before.insert(row.partition.clone(), (end, at))?;
                (end.saturating_sub(was) * 1000).checked_div(at.saturating_sub(then))
            });
            Row {
                partition: row.partition.to_string(),
                log_start: head.map(|head| head.log_start_offset),
                high_watermark: head.map(|head| head.high_watermark),
                last_stable: head.map(|head| head.last_stable_offset),
                leader_epoch: head.and_then(|head| head.leader_epoch),
                per_second,
                error: row.head.err(),
            }
        })
        .collect())
}

fn text(rows: &[Row]) -> String {
    let shown =
        |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let widest = rows
        .iter()
        .map(|row| row.partition.len())
        .max()
        .unwrap_or(9)
        .max(9);
    let mut out = format!(
        "{:<widest$} {:>12} {:>14} {:>12} {:>6} {:>9}\n",
        "PARTITION", "LOG START", "HIGH WATERMARK", "LAST STABLE", "EPOCH", "RECORDS/S"
    );
    for row in rows {
        out += &match &row.error {
            Some(error) => format!("{:<widest$} {error}\n", row.partition),
            None => format!(
                "{:<widest$} {:>12} {:>14} {:>12} {:>6} {:>9}\n",
                row.partition,
                shown(row.log_start),
                shown(row.high_watermark),
                shown(row.last_stable),
                row.leader_epoch
                    .map_or_else(|| "-".to_owned(), |epoch| epoch.to_string()),
                shown(row.per_second)
            ),
        };
    }
    out
}
