//! How the volumes of a run are cut back to one point, where they are restored in
//! Kubernetes.

use clap::{Args, ValueEnum};
use slackwater_point::MaxJettison;

use super::logdir::{max_jettison, span};
use crate::trimming::{How, Order};

/// As it was typed.
#[derive(Debug, Args)]
pub(super) struct RawTrim {
    /// In place: cut the volumes back to one point before any broker starts. A hot run has
    /// to be: brokers that start on its volumes as they are lose what they had. Of one that
    /// stood still what goes is what came to some partitions after the last point that all
    /// of them have passed (the surplus in its report).
    #[arg(long, requires = "kafka", value_enum, default_value_t = Trim::None)]
    trim: Trim,
    /// In which order: `source`, or `timestamp:SPAN`, by which timestamps may be out of
    /// order.
    #[arg(long, requires = "kafka", value_parser = order, default_value = "source")]
    order: Order,
    /// What a topic may lose by it: its last so much time, or so many percent of its
    /// records where that is more.
    #[arg(long, requires = "kafka", value_name = "SPAN,PERCENT", default_value = "60s,1%",
        value_parser = max_jettison)]
    max_jettison: MaxJettison,
    /// Topics whose messages say nothing of the order; they are kept whole.
    #[arg(
        long,
        requires = "kafka",
        value_name = "TOPIC,…",
        value_delimiter = ','
    )]
    exclude_order: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Trim {
    /// They are restored as they are.
    None,
    /// To one point.
    Consistent,
}

fn order(text: &str) -> Result<Order, String> {
    match text.split_once(':') {
        None if text == "source" => Ok(Order::Source),
        Some(("timestamp", by)) => Ok(Order::Timestamp {
            epsilon_ms: span(by)?.as_ms(),
        }),
        _ => Err("write source, or timestamp:5s".to_owned()),
    }
}

impl RawTrim {
    /// `None` where they are not to be trimmed.
    pub(super) fn check(&self) -> Option<How> {
        // A template gives an empty text where nothing was said.
        let topics = self.exclude_order.iter().filter(|one| !one.is_empty());
        (self.trim == Trim::Consistent).then(|| How {
            order: self.order,
            most_ms: self.max_jettison.ms,
            most_percent: self.max_jettison.percent,
            exclude: topics.cloned().collect(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_the_sources_or_that_of_timestamps_with_what_they_may_be_out_of_order() {
        assert_eq!(order("source").unwrap(), Order::Source);
        let by = Order::Timestamp { epsilon_ms: 5_000 };
        assert_eq!(order("timestamp:5s").unwrap(), by);
        for wrong in [
            "",
            "timestamp",
            "timestamp:",
            "timestamp:5",
            "source:5s",
            "order",
        ] {
            assert!(order(wrong).is_err(), "{wrong}");
        }
    }
}
