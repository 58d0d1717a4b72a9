//! How the volumes of a run are cut back to one point, where they are restored in
//! Kubernetes.

use std::path::Path;

use clap::{Args, ValueEnum};
use slackwater_host::PhaseComponent;
use slackwater_point::MaxJettison;

use super::logdir::{max_jettison, span};
use crate::exit::Stop;
use crate::numbering::{DISORDER, Numbers};
use crate::site::order_key;
use crate::trimming::{How, Order, OrderKey};

/// As it was typed.
#[derive(Debug, Args)]
pub(super) struct RawTrim {
    /// In place: cut the volumes back to one point before any broker starts. A hot run has
    /// to be: brokers that start on its volumes as they are lose what they had. Of one that
    /// stood still what goes is what came to some partitions after the last point that all
    /// of them have passed (the surplus in its report).
    #[arg(long, requires = "kafka", value_enum, default_value_t = Trim::None)]
    trim: Trim,
    /// In which order: `source`; `timestamp:SPAN`, by which timestamps may be out of order;
    /// or `order:NUMBERS`, by which numbers may be (10000 where it is left out), with
    /// --order-key.
    #[arg(long, requires = "kafka", value_parser = order, default_value = "source")]
    order: By,
    /// For `order`: the component that gives each message its number (the world
    /// `order-key`): a file, or `configmap/NAME` in Slackwater's own namespace.
    #[arg(long, requires = "kafka", value_name = "FILE", default_value = "")]
    order_key: String,
    /// For `order`: the number that must be there first; what is missing below it does not
    /// count.
    #[arg(long, requires = "kafka", value_name = "NUMBER", default_value = "")]
    first: String,
    /// What a topic may lose by it: its last so much time, or so many percent of its
    /// records where that is more. Of topics in no order, which transactions may take from:
    /// so many percent of its offsets (not of Kafka's own and Connect's).
    #[arg(long, requires = "kafka", value_name = "SPAN,PERCENT", default_value = "60s,1%",
        value_parser = max_jettison)]
    max_jettison: MaxJettison,
    /// Topics whose messages say nothing of the order; they are kept whole, but for
    /// transactions that can't be.
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

/// An order, as far as one word says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Source,
    Timestamp { epsilon_ms: u64 },
    Sequence { disorder: u64 },
}

fn order(text: &str) -> Result<By, String> {
    let wrong = || "write source, timestamp:5s, order or order:10000".to_owned();
    match text.split_once(':') {
        None if text == "source" => Ok(By::Source),
        None if text == "order" => Ok(By::Sequence { disorder: DISORDER }),
        Some(("timestamp", by)) => Ok(By::Timestamp {
            epsilon_ms: span(by)?.as_ms(),
        }),
        Some(("order", by)) => Ok(By::Sequence {
            disorder: by.parse().map_err(|_| wrong())?,
        }),
        _ => Err(wrong()),
    }
}

/// As they were named; a template gives an empty text where nothing was said.
pub(super) fn topics(named: &[String]) -> Vec<String> {
    let named = named.iter().map(|one| one.trim());
    let named = named.filter(|one| !one.is_empty());
    named.map(str::to_owned).collect()
}

impl RawTrim {
    /// `None` where they are not to be trimmed.
    pub(super) fn check(&self, kubeconfig: Option<&Path>) -> Result<Option<How>, Stop> {
        if self.trim == Trim::None {
            return Ok(None);
        }
        Ok(Some(How {
            order: self.order(kubeconfig)?,
            most_ms: self.max_jettison.ms,
            most_percent: self.max_jettison.percent,
            exclude: topics(&self.exclude_order),
        }))
    }

    fn order(&self, kubeconfig: Option<&Path>) -> Result<Order, Stop> {
        let disorder = match self.order {
            By::Source => return self.without_a_key(Order::Source),
            By::Timestamp { epsilon_ms } => {
                return self.without_a_key(Order::Timestamp { epsilon_ms });
            }
            By::Sequence { disorder } => disorder,
        };
        let first = match self.first.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                Stop::bad_input(format!(
                    "--first is a number of a message, and not {text:?}"
                ))
            })?),
        };
        let key = match self.order_key.as_str() {
            "" => {
                return Err(Stop::bad_input(
                    "name the component that gives messages their numbers: --order-key=FILE.wasm, or \
                     configmap/NAME",
                ));
            }
            text => match text.strip_prefix("configmap/") {
                Some(name) => order_key(kubeconfig, name)?,
                None => {
                    let read = PhaseComponent::read(Path::new(text));
                    OrderKey::new(text.to_owned(), read.map_err(Stop::bad_input)?.bytes())
                }
            },
        };
        // One that is none is told before anything is touched.
        let bytes = key.bytes().map_err(Stop::bad_input)?;
        let name = key.name.clone();
        Numbers::of(PhaseComponent::load(bytes), name, first, disorder).map_err(Stop::bad_input)?;
        Ok(Order::Sequence {
            key,
            first,
            disorder,
        })
    }

    fn without_a_key(&self, order: Order) -> Result<Order, Stop> {
        let said = [("--order-key", &self.order_key), ("--first", &self.first)];
        match said.iter().find(|(_, text)| !text.is_empty()) {
            None => Ok(order),
            Some((flag, _)) => Err(Stop::bad_input(format!(
                "{flag} is for the order of numbers: say --order=order, or leave it out"
            ))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_the_sources_or_has_by_how_much_it_may_be_off() {
        for (text, by) in [
            ("source", By::Source),
            ("timestamp:5s", By::Timestamp { epsilon_ms: 5_000 }),
            ("order", By::Sequence { disorder: DISORDER }),
            ("order:7", By::Sequence { disorder: 7 }),
        ] {
            assert_eq!(order(text).unwrap(), by);
        }
        for wrong in [
            "",
            "timestamp",
            "timestamp:",
            "timestamp:5",
            "source:5s",
            "order:",
            "order:5s",
        ] {
            assert!(order(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_numbers_messages_is_a_component_and_for_the_order_of_numbers_alone() {
        let raw = |order: By, order_key: &str, first: &str| RawTrim {
            trim: Trim::Consistent,
            order,
            order_key: order_key.to_owned(),
            first: first.to_owned(),
            max_jettison: MaxJettison { ms: 0, percent: 0 },
            exclude_order: vec![String::new()],
        };
        let said = |raw: RawTrim| raw.check(None).unwrap_err().cause;
        let plain = raw(By::Source, "", "").check(None).unwrap().unwrap();
        assert_eq!((plain.order, plain.exclude.len()), (Order::Source, 0));
        assert!(said(raw(By::Source, "", "1")).contains("--first is for the order"));
        let time = By::Timestamp { epsilon_ms: 1 };
        assert!(said(raw(time, "a.wasm", "")).contains("--order-key is for the order"));
        let numbers = By::Sequence { disorder: 1 };
        assert!(said(raw(numbers, "", "")).contains("name the component"));
        assert!(said(raw(numbers, "a.wasm", "one")).contains("not \"one\""));
        assert!(said(raw(numbers, "/nowhere/a.wasm", "")).contains("/nowhere/a.wasm"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no component").unwrap();
        let path = file.path().to_str().unwrap();
        assert!(said(raw(numbers, path, "7")).contains(path));
    }
}
