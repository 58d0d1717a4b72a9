//! What `logdir plan --order order` is told of messages' numbers, and the component
//! that gives them.

use std::path::PathBuf;

use clap::Args;
use slackwater_host::PhaseComponent;

use crate::exit::Stop;
use crate::numbering::{DISORDER, Numbers};

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

impl RawNumbers {
    /// `wanted`: the order is that of numbers.
    pub(super) fn check(&self, wanted: bool) -> Result<Option<Numbers>, Stop> {
        let Some(file) = self.order_key.as_ref().filter(|_| wanted) else {
            return self.without_a_key(wanted);
        };
        let disorder = self.disorder.unwrap_or(DISORDER);
        let name = file.display().to_string();
        let component = PhaseComponent::read(file);
        let numbers = Numbers::of(component, name, self.first, disorder);
        numbers.map(Some).map_err(Stop::bad_input)
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
