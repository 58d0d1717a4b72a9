//! `slackwater logdir plan`: where volumes that were copied one after another
//! are to be cut. Reads, and writes nothing but the plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use slackwater_cut::{Cut, SourcePartition};
use slackwater_point::{
    MaxJettison, Ordered, Plan as Document, PlannedPartition, PlannedStanding, Why,
};
use slackwater_ports::Clock as _;
use slackwater_trim::{OrderAsked, PlanOptions, TrimError, Volumes, plan};

use super::super::trim_args::topics;
use super::super::{ConfigArg, Context, read_document_by, validate};
use super::numbers::{self, RawNumbers};
use crate::adapters::SystemClock;
use crate::at_source::{self, KafkaSources};
use crate::config::Span;
use crate::exit::Stop;
use crate::numbering::Numbers;
use crate::trimming::skips_unasked;

/// Find the last point where all prior messages exist.
///
/// On volumes that were copied one after another while the mirror ran, or of one that
/// stood still. Nothing is changed.
///
/// Of each partition the longest log that Kafka would keep is taken, whichever
/// broker has it. Then all are cut at one point: `source` takes a sweep of the
/// source's heads that a hot run made, `timestamp` the greatest time below which
/// nothing is missing, `order` the greatest number up to which none is, by a
/// component that numbers messages. No transaction is cut through. Exit code 2 where there is
/// no such point, or more would go than --max-jettison allows.
#[derive(Debug, Args)]
pub(super) struct Plan {
    /// The cut of these volumes: a file, or with --config a run.
    cut: String,
    /// Directories of `log.dirs`, or above them, of all brokers.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Write the plan to this new file.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// In which order. Default: `source` where the cut has sweeps of the source's
    /// heads.
    #[arg(long, value_enum)]
    order: Option<By>,
    /// By how much a partition's timestamps may be out of order, producers' clocks
    /// apart included: what can't be seen, and has to be stated. For `timestamp`.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    epsilon: Option<Span>,
    #[command(flatten)]
    numbers: RawNumbers,
    /// What a topic may lose: its last so much time, or so many percent of its
    /// records where that is more. Of topics in no order, which transactions may take from:
    /// so many percent of its offsets (not of Kafka's own and Connect's).
    #[arg(long, value_name = "SPAN,PERCENT", default_value = "60s,1%", value_parser = max_jettison)]
    max_jettison: MaxJettison,
    /// A topic whose messages say nothing of the order; it is kept whole, but for
    /// transactions that can't be.
    #[arg(long, value_name = "TOPIC", value_delimiter = ',')]
    exclude_order: Vec<String>,
    /// These are not the volumes of the cut's run: it says which topic is what, and which
    /// partitions had no more where its heads are found in them. What the source had when they
    /// were cut is not known then: the order is that of timestamps or numbers, and
    /// `consistent` is not proven.
    #[arg(long)]
    other_volumes: bool,
    /// Leave Connect's own topics as they are. Without it a trim writes into them that
    /// this mirror's connectors are STOPPED, and where they go on: Connect starts by
    /// itself, by what stands there. The plan says that, and its trim lets Connect skip what
    /// the plan foretells.
    #[arg(long)]
    leave_connect: bool,
    /// Ask the sources where the last record that is kept of a partition lies, where nothing
    /// on the volumes tells it: Connect goes on from there then. They are those of the
    /// configuration.
    #[arg(long, requires = "config")]
    ask_source: bool,
    /// The configuration, to name a run and for --ask-source.
    #[arg(long, short, env = "SLACKWATER_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// That in which the source accepted them.
    Source,
    /// That of their timestamps.
    Timestamp,
    /// That of their numbers, by a component of one's own.
    Order,
}

pub(in crate::command) fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).ok_or_else(|| "write 500ms, 60s, 5m or 1h".to_owned())
}

pub(in crate::command) fn max_jettison(text: &str) -> Result<MaxJettison, String> {
    let wrong = || "write a time and a share, as 60s,1%".to_owned();
    let (time, share) = text.split_once(',').ok_or_else(wrong)?;
    let percent = share.strip_suffix('%').and_then(|one| one.parse().ok());
    Ok(MaxJettison {
        ms: span(time)?.as_ms(),
        percent: percent
            .filter(|percent| *percent <= 100)
            .ok_or_else(wrong)?,
    })
}

impl Plan {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let text = read_document_by(context, self.config.as_deref(), &self.cut)?;
        let cut = Cut::trusted(&text)
            .map_err(|error| Stop::bad_input(format!("{}: {error}", self.cut)))?;
        let by = self.by(&cut)?;
        if by == By::Order && self.epsilon.is_some() {
            return Err(Stop::bad_input(
                "--epsilon is for timestamps: say by how much numbers may be out of order with \
                 --disorder",
            ));
        }
        let numbers = self.numbers.check(by == By::Order)?;
        let sequence = numbers.as_ref().map(Numbers::sequence);
        let volumes = Volumes::open(&self.paths).map_err(stop)?;
        let mut options = PlanOptions {
            order: match (&numbers, &sequence) {
                (Some(numbers), Some(of)) => numbers.asked(of),
                _ => self.order(by)?,
            },
            max: self.max_jettison,
            exclude: topics(&self.exclude_order),
            stops_connect: !self.leave_connect,
            at_source: BTreeMap::new(),
            is_of_cut: !self.other_volumes,
            now_ms: i64::try_from(SystemClock.now_ms()).ok(),
        };
        let mut made = plan(&cut, &volumes, &options).map_err(|error| match error {
            TrimError::NotAsItStood { .. } | TrimError::Lacks { .. } => Stop::bad_input(format!(
                "{error}; where they are not meant to be its own, say --other-volumes"
            )),
            error => stop(error),
        })?;
        if let Some(config) = self.config.as_ref().filter(|_| self.ask_source) {
            options.at_source = found_at_source(context, config, &cut, &made)?;
            made = plan(&cut, &volumes, &options).map_err(stop)?;
        }
        if let Some(file) = &self.save {
            let text = made.to_canonical().map_err(Stop::failed)?;
            validate::write_new(file, &text)?;
        }
        context.print(&made, text_of)
    }

    fn by(&self, cut: &Cut) -> Result<By, Stop> {
        match (self.order, self.other_volumes) {
            (Some(By::Source), true) => Err(Stop::bad_input(
                "the order `source` needs the cut of these very volumes: leave --other-volumes out, \
                 or name another --order",
            )),
            (Some(order), _) => Ok(order),
            (None, false) if cut.swept().is_some() => Ok(By::Source),
            (None, _) => Ok(By::Timestamp),
        }
    }

    fn order(&self, by: By) -> Result<OrderAsked<'static>, Stop> {
        match (by, self.epsilon) {
            (By::Timestamp, Some(epsilon)) => Ok(OrderAsked::Timestamp {
                epsilon_ms: epsilon.as_ms(),
            }),
            (By::Timestamp, None) => Err(Stop::bad_input(match self.order {
                Some(_) => "say by how much timestamps may be out of order: --epsilon 5s",
                None => {
                    let why = match self.other_volumes {
                        true => "these are not the volumes of this cut",
                        false => "this cut has no sweeps of the source's heads",
                    };
                    return Err(Stop::bad_input(format!(
                        "{why}, so that timestamps are the order: say by how much they may be out \
                         of order, --epsilon 5s, or name another --order"
                    )));
                }
            })),
            (_, None) => Ok(OrderAsked::Source),
            (_, Some(_)) => Err(Stop::bad_input(
                "the order `source` measures its own ε: leave --epsilon out",
            )),
        }
    }
}

fn found_at_source(
    context: &Context,
    config: &Path,
    cut: &Cut,
    plan: &Document,
) -> Result<BTreeMap<SourcePartition, u64>, Stop> {
    let site = context.site(&ConfigArg::of(config))?;
    let found = at_source::find(&KafkaSources::new(site.kafka()), cut, plan);
    let found = found.map_err(|error| Stop::failed(error.message))?;
    for (partition, why) in &found.not {
        tracing::warn!("where MirrorMaker goes on in {partition} is not known: {why}");
    }
    let each = found.at_source.into_iter();
    Ok(each.map(|one| (one.source, one.last)).collect())
}

/// What was found there forbids it; or it could not be read.
pub(in crate::command) fn stop(error: TrimError) -> Stop {
    match error {
        TrimError::Io { .. } | TrimError::ReadBack { .. } => Stop::failed(error),
        _ => Stop::bad_input(error),
    }
}

fn text_of(plan: &Document) -> String {
    let name = |row: &PlannedPartition| row.partition.to_string();
    let wide = plan
        .partitions
        .iter()
        .map(|row| name(row).len())
        .max()
        .unwrap_or(0)
        .max(9);
    let mut out = format!(
        "{:<wide$} {:>11} {:>11} {:>9} {:>5} {:<12} {}\n",
        "PARTITION", "END", "CUT", "GOES", "KEPT", "WHY", "OTHERS"
    );
    for row in &plan.partitions {
        let goes = row.jettisoned_records.unwrap_or(row.end - row.cut);
        let why = match row.why {
            Why::Whole => "",
            Why::Order => "order",
            Why::Transaction => "transaction",
        };
        out += &format!(
            "{:<wide$} {:>11} {:>11} {goes:>9} {:>5} {why:<12} {}\n",
            name(row),
            row.end,
            row.cut,
            row.kept_of,
            others(row)
        );
    }
    out += &format!("{}\n", plan.guarantee);
    if let Ordered::Sequence { gaps, listed, .. } = &plan.order {
        out += &numbers::missing(*gaps, listed);
    }
    if let Some(pull) = &plan.pulled_by {
        let what = if pull.is_end {
            "the end of"
        } else {
            "a record of"
        };
        let number = match (&plan.order, pull.at) {
            (Ordered::Sequence { .. }, Some(at)) => format!(", number {at}"),
            _ => String::new(),
        };
        out += &format!(
            "what pulls it back: {what} {} at offset {}{number}\n",
            pull.partition, pull.offset
        );
    }
    for (when, spread) in [("before", plan.spread_before), ("after", plan.spread_after)] {
        if let Some(spread) = spread {
            out += &format!(
                "spread {when}: {} ms, {} messages\n",
                spread.ms, spread.messages
            );
        }
    }
    let depends = &plan.depends;
    let right = depends.positions.iter().filter(|one| one.put_right).count();
    out += &format!(
        "groups past a cut: {}, positions of Connect to set: {}, partitions that syncs point past: {}\n",
        depends.groups.len(),
        depends
            .positions
            .iter()
            .filter(|one| one.is_to_set())
            .count(),
        depends.offset_syncs.len()
    );
    out += &connect(plan, right);
    out += &forgotten(plan);
    for remedy in &depends.remedies {
        out += &format!("  {remedy}\n");
    }
    let read = &plan.read;
    out += &format!(
        "read: {} segments of {} copies, {} of them older ones\n",
        read.segments, read.replicas, read.older_segments
    );
    out
}

/// What a trim does to Connect's own topics.
fn connect(plan: &Document, right: usize) -> String {
    let added = plan.partitions.iter().flat_map(|row| &row.added);
    let names = added.filter_map(|one| one.key.strip_prefix("target-state-"));
    let names: Vec<&str> = names.collect();
    let mut out = String::new();
    if !names.is_empty() {
        out += &format!("STOPPED as Connect comes up: {}\n", names.join(", "));
    }
    if right > 0 {
        out += &format!("positions of Connect that the trim puts right: {right}\n");
    }
    let positions = plan.depends.positions.iter();
    let may_skip = positions.filter(|one| one.may_skip()).count();
    if may_skip > 0 && !plan.leaves_connect {
        out += &format!(
            "partitions of which MirrorMaker may skip records: {may_skip}; the trim wants \
             --accept-unproven\n"
        );
    }
    if let Some(said) = skips_unasked(plan) {
        out += &format!("{said}\n");
    }
    out
}

/// What coordinators of transactions are not to go on with.
fn forgotten(plan: &Document) -> String {
    let ids = plan.partitions.iter().flat_map(|row| &row.forgotten);
    let ids: Vec<&str> = ids.map(|one| &*one.transactional_id).collect();
    match ids.is_empty() {
        true => String::new(),
        false => format!("transactional ids that start anew: {}\n", ids.join(", ")),
    }
}

/// The copies that are not what is kept.
fn others(row: &PlannedPartition) -> String {
    let said = row.replicas.iter().filter_map(|replica| {
        let word = match replica.standing {
            PlannedStanding::Kept | PlannedStanding::Same => return None,
            PlannedStanding::Shorter => "shorter",
            PlannedStanding::Superseded => "superseded",
            PlannedStanding::Behind => "behind",
        };
        Some(format!(
            "{} {word} from {}",
            replica.node, replica.agrees_to
        ))
    });
    said.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_is_a_time_and_a_share() {
        let read = max_jettison("90s,5%").unwrap();
        assert_eq!((read.ms, read.percent), (90_000, 5));
        for wrong in ["90s", "5%", "90,5%", "90s,5", "90s,101%", "s,%"] {
            assert!(max_jettison(wrong).is_err(), "{wrong}");
        }
    }
}
