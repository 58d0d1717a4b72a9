//! Why there is no point.

use std::collections::BTreeSet;

use slackwater_ports::PartitionId;

use crate::log::Wanted;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsolved {
    /// More has to be read first.
    Older(Vec<Wanted>),
    /// There is none, whatever is read.
    Refused(Refused),
}

impl From<Refused> for Unsolved {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What forbids a point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing to order.
    #[error("no partition takes part in the order: nothing could be shown to be consistent")]
    Nothing,
    /// No two sweeps can be told apart.
    #[error(
        "the clock of whoever swept the source's heads was set back while it did: take another backup, \
         or --order timestamp"
    )]
    Clock,
    /// Not known how far it is.
    #[error(
        "{partition} holds no record with a timestamp, and no head of the source says that it is idle: \
         leave out what is such, {}",
        options(topics)
    )]
    Unbounded {
        /// One of them.
        partition: PartitionId,
        /// The topics of all.
        topics: BTreeSet<String>,
    },
    /// The mirror's own time.
    #[error(
        "{0} has timestamps that its broker set (LogAppendTime): they are the mirror's time, not the \
         messages', and no head of the source is found by them; leave its topic out with \
         --exclude-order"
    )]
    AppendTime(PartitionId),
    /// Older transactions that bear one id.
    #[error(
        "transactions of producer {producer} in {partition} bear one epoch, so that it can't be told \
         which of them belong together in other partitions (transaction.version below 2)"
    )]
    Undistinguished {
        /// Where.
        partition: PartitionId,
        /// Whose.
        producer: i64,
    },
    /// Below the front of a log.
    #[error(
        "the point lies at offset {point} of {partition}, before its log starts at {start}: retention \
         has taken what would have to be kept"
    )]
    BeforeStart {
        /// Of which partition.
        partition: PartitionId,
        /// Where the cut would be.
        point: u64,
        /// Where the log starts.
        start: u64,
    },
    /// No head vector that all partitions reach.
    #[error(
        "none of {samples} samples of the source's heads can be found in all partitions; the one that most \
         of them have is not found in {partition}: leave out what lacks it, {}, or take --order timestamp",
        options(topics)
    )]
    NoSample {
        /// How many there were.
        samples: usize,
        /// One that lacks the one that the fewest topics lack.
        partition: PartitionId,
        /// The topics of all that do.
        topics: BTreeSet<String>,
    },
    /// Transactions left nothing to measure by.
    #[error(
        "transactions pull {partition} back to offset {point}, before every sample of the source's \
         heads, as where a mirror that is behind is backed up: how far apart messages may be inverted \
         can't be told; take --order timestamp"
    )]
    NoFloor {
        /// Which.
        partition: PartitionId,
        /// Where it is cut.
        point: u64,
    },
    /// An order of numbers without one.
    #[error(
        "no record of the topics that take part is given a number: name another component with \
         --order-key, or take another --order"
    )]
    Unnumbered,
    /// The first number is above all.
    #[error("no record has a number from {first} on: name a lower one with --first")]
    FirstBeyond {
        /// As it was named.
        first: i64,
    },
    /// Two things may be why a number is not there, and one of them says nothing.
    #[error(
        "number {missing} is not there: retention may have taken it from {gone}, which begins at \
         {begins}, or {ends}, {}, was copied before it came; say with --first which number must be \
         there first, or leave its topic out with --exclude-order", ends_at(*.last)
    )]
    Begins {
        /// The first that is missing.
        missing: i64,
        /// Whose front is gone.
        gone: PartitionId,
        /// Its first number.
        begins: i64,
        /// The partition that ends first.
        ends: PartitionId,
        /// Its last number; `None` where it has none.
        last: Option<i64>,
    },
    /// Too much would go.
    #[error(
        "the point would take {lost} of {of} records of {topic}, more than --max-jettison allows: {}offset \
         {offset} of {partition}{} pulls it back; {}", if *.is_end { "the log's end at " } else { "the record at " },
        stamped(*.timestamp_ms), unless(*.is_ordered)
    )]
    TooMuch {
        /// Of which topic.
        topic: String,
        /// How many.
        lost: u64,
        /// Of how many.
        of: u64,
        /// Where what pulls it back lies.
        partition: PartitionId,
        /// Its offset.
        offset: u64,
        /// Its place, where that is a time.
        timestamp_ms: Option<i64>,
        /// The partition merely ends there.
        is_end: bool,
        /// Whether its topic is in the order; otherwise a transaction is why it pulls.
        is_ordered: bool,
    },
    /// The same, and no one record or end pulls the point back: by `source` all partitions hold
    /// the newest sweep of the source's heads, and that lies there.
    #[error(
        "the point would take {lost} of {of} records of {topic}, more than --max-jettison allows: it \
         lies at offset {offset} of {partition}, which ends at {end}, and no one record pulls it back; \
         back up again when the mirror has caught up, or allow more where that may go"
    )]
    TooMuchPastPoint {
        /// Of which topic.
        topic: String,
        /// How many.
        lost: u64,
        /// Of how many.
        of: u64,
        /// The partition of it that would lose most.
        partition: PartitionId,
        /// Where it would be cut.
        offset: u64,
        /// Where it ends.
        end: u64,
    },
    /// And of a topic in no order.
    #[error(
        "transactions that can't be kept whole would take {lost} of {of} offsets of {topic}, which is in \
         no order: more than --max-jettison allows; allow more by it where that may go"
    )]
    TooMuchBeside {
        /// Of which topic.
        topic: String,
        /// How many offsets.
        lost: u64,
        /// Of how many.
        of: u64,
    },
}

/// Most topics that are named in one line.
const MOST_NAMED: usize = 20;

/// So that one attempt tells of all that have to be left out.
fn options(topics: &BTreeSet<String>) -> String {
    let named = topics.iter().take(MOST_NAMED);
    let mut all: Vec<String> = named
        .map(|topic| format!("--exclude-order={topic}"))
        .collect();
    match topics.len().saturating_sub(MOST_NAMED) {
        0 if all.is_empty() => return "with --exclude-order".to_owned(),
        0 => {}
        more => all.push(format!("and {more} more")),
    }
    all.join(" ")
}

fn stamped(timestamp_ms: Option<i64>) -> String {
    timestamp_ms.map_or_else(String::new, |ms| format!(", stamped {ms} ms,"))
}

fn unless(is_ordered: bool) -> &'static str {
    if is_ordered {
        "leave its topic out with --exclude-order if it says nothing"
    } else {
        "its topic is in no order, and a transaction that can't be kept whole has records in it: allow \
         more by --max-jettison"
    }
}

fn ends_at(last: Option<i64>) -> String {
    last.map_or_else(
        || "which has no number".to_owned(),
        |last| format!("which ends at {last}"),
    )
}
