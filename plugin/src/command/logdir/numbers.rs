//! What `logdir plan --order order` is told of messages' numbers, and the component
//! that gives them.

use std::path::PathBuf;

use clap::Args;
use slackwater_host::{Header, Host, HostError, HostOptions, Message, OrderKey, PhaseComponent};
use slackwater_logdir::Record;
use slackwater_point::SequenceAsked;
use slackwater_ports::PartitionId;
use slackwater_trim::{OrderAsked, SequenceOf};

use crate::exit::Stop;

/// By how much numbers of one partition may be out of order where nobody says it.
/// Several producers that draw numbers from one counter differ by what they have
/// under way, some thousands at most; and to look that much further back costs one
/// batch or two of each partition.
const DISORDER: u64 = 10_000;

/// Runs of missing numbers that a person is shown; the plan lists more.
const SHOWN: usize = 5;

/// As it was typed.
#[derive(Debug, Args)]
pub(super) struct RawNumbers {
    /// The component that gives each message its number (the world `order-key`). For
    /// `order`.
    #[arg(long, value_name = "FILE")]
    order_key: Option<PathBuf>,
    /// The number that must be there first; what is missing below it does not count.
    /// Default: the least of the partitions' last numbers, less --disorder, or where
    /// retention has left off. For `order`.
    #[arg(long, value_name = "NUMBER")]
    first: Option<u64>,
    /// By how much a partition's numbers may be out of order. Default: 10000. For
    /// `order`.
    #[arg(long, value_name = "NUMBERS")]
    disorder: Option<u64>,
}

/// What was checked, and the component, ready to be asked.
pub(super) struct Numbers {
    key: OrderKey,
    file: PathBuf,
    sha256: String,
    stated: SequenceAsked,
}

impl RawNumbers {
    /// `wanted`: the order is that of numbers.
    pub(super) fn check(&self, wanted: bool) -> Result<Option<Numbers>, Stop> {
        let Some(file) = self.order_key.as_ref().filter(|_| wanted) else {
            return self.without_a_key(wanted);
        };
        let place = |number: u64| {
            let none = || Stop::bad_input(format!("no number is greater than {}", i64::MAX));
            i64::try_from(number).map_err(|_| none())
        };
        let name = file.display();
        let wrong = |error: &dyn std::fmt::Display| Stop::bad_input(format!("{name} {error}"));
        let component = PhaseComponent::read(file).map_err(|error| match error {
            HostError::Invalid { why } => wrong(&format!("is not a component: {why}")),
            other => Stop::bad_input(other),
        })?;
        let host = Host::new(HostOptions { cache_dir: None }).map_err(Stop::failed)?;
        let key = host.order_key(&component).map_err(|error| wrong(&error))?;
        Ok(Some(Numbers {
            key,
            file: file.clone(),
            sha256: component.sha256().to_owned(),
            stated: SequenceAsked {
                first: self.first.map(place).transpose()?,
                disorder: self.disorder.unwrap_or(DISORDER),
            },
        }))
    }

    fn without_a_key(&self, wanted: bool) -> Result<Option<Numbers>, Stop> {
        let said = [
            ("--order-key", self.order_key.is_some()),
            ("--first", self.first.is_some()),
            ("--disorder", self.disorder.is_some()),
        ];
        match (wanted, said.into_iter().find(|(_, said)| *said)) {
            (true, _) => Err(Stop::bad_input(
                "name the component that gives messages their numbers: --order-key FILE.wasm",
            )),
            (false, Some((flag, _))) => Err(Stop::bad_input(format!(
                "{flag} is for the order of numbers: say --order order, or leave it out"
            ))),
            (false, None) => Ok(None),
        }
    }
}

impl Numbers {
    /// Asks the component for one record's.
    pub(super) fn sequence(
        &self,
    ) -> impl Fn(&PartitionId, &Record<'_>) -> Result<Option<i64>, String> + Sync {
        |partition, record| self.of(partition, record)
    }

    /// The order that is asked for.
    pub(super) fn asked<'f>(&'f self, of: SequenceOf<'f>) -> OrderAsked<'f> {
        OrderAsked::Sequence {
            of,
            component: &self.sha256,
            stated: self.stated,
        }
    }

    fn of(&self, partition: &PartitionId, record: &Record<'_>) -> Result<Option<i64>, String> {
        let names: Vec<_> = record
            .headers
            .iter()
            .map(|(name, _)| String::from_utf8_lossy(name))
            .collect();
        let headers = names.iter().zip(&record.headers);
        let headers: Vec<Header<'_>> = headers
            .map(|(name, (_, value))| Header {
                name,
                value: *value,
            })
            .collect();
        let message = Message {
            topic: &partition.topic,
            partition: partition.partition,
            offset: record.offset,
            timestamp_ms: Some(record.timestamp_ms).filter(|ms| *ms >= 0),
            key: record.key,
            value: record.value,
            headers: &headers,
        };
        let name = self.file.display();
        let number = self.key.sequence(message);
        let number = number.map_err(|error| format!("{name} {error}"))?;
        let place = |number: u64| {
            let none = |_| {
                format!(
                    "{name} gave it {number}, and no number is greater than {}",
                    i64::MAX
                )
            };
            i64::try_from(number).map_err(none)
        };
        number.map(place).transpose()
    }
}

/// Which numbers no partition holds.
pub(super) fn missing(gaps: u64, listed: &[(i64, i64)]) -> String {
    if gaps == 0 {
        return String::new();
    }
    let run = |(first, last): &(i64, i64)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    };
    let shown: Vec<String> = listed.iter().take(SHOWN).map(run).collect();
    let more = gaps.saturating_sub(shown.len() as u64);
    let rest = match more {
        0 => String::new(),
        more => format!(", and {more} more runs"),
    };
    format!("missing: {}{rest}\n", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_shown_the_first_runs_and_how_many_there_are_more() {
        assert_eq!(missing(0, &[]), "");
        assert_eq!(missing(1, &[(2001, 2001)]), "missing: 2001\n");
        let many: Vec<(i64, i64)> = (0..100).map(|at| (at * 10, at * 10 + 3)).collect();
        assert_eq!(
            missing(700, &many),
            "missing: 0 to 3, 10 to 13, 20 to 23, 30 to 33, 40 to 43, and 695 more runs\n"
        );
    }
}
