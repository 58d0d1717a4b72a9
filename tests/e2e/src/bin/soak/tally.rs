//! The table of a soak, in Markdown, and its figures. Pure.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::outcome::{Outcome, Resumer, Verdicts};

/// What is counted for each fault at each moment.
#[derive(Debug, Default)]
struct Row {
    runs: u32,
    struck: u32,
    proven: u32,
    unproven: u32,
    refuted: u32,
    failed: u32,
    codes: BTreeMap<String, u32>,
    resumers: BTreeMap<&'static str, u32>,
    stopped_ms: u64,
    late_ms: u64,
    false_proofs: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    outcomes: Vec<Outcome>,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    pub(crate) fn backups(&self) -> usize {
        self.outcomes.len()
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|one| is(one)).count()
    }

    pub(crate) fn false_proofs(&self) -> usize {
        self.count(|one| !one.false_proof.is_empty())
    }

    /// Rounds in which something was that must not be.
    pub(crate) fn broken(&self) -> usize {
        self.count(|one| !one.broken.is_empty())
    }

    /// One row a fault and moment.
    pub(crate) fn table(&self) -> String {
        let mut rows: BTreeMap<(String, &str), Row> = BTreeMap::new();
        for one in &self.outcomes {
            let key = (one.round.fault.to_string(), one.round.moment.words());
            rows.entry(key).or_default().take(one);
        }
        let mut out =
            "| fault | moment | runs | proven | unproven | refuted | no cut | exit codes \
                       | resumed by | longest stop | past its deadline | false proofs |\n"
                .to_owned();
        out += "|---|---|--:|--:|--:|--:|--:|---|---|--:|--:|--:|\n";
        for ((fault, moment), row) in &rows {
            out += &format!("| {fault} | {moment} | {} |\n", row.cells());
        }
        out
    }

    /// For programs. `equal`: source and mirror were, at the end.
    pub(crate) fn figures(&self, seed: u64, minutes: u64, equal: bool) -> Value {
        let of = |verdicts| self.count(|one| one.verdicts == verdicts);
        let most = |of: fn(&Outcome) -> u64| self.outcomes.iter().map(of).max().unwrap_or(0);
        json!({
            "seed": seed,
            "minutes": minutes,
            "backups": self.outcomes.len(),
            "struck": self.count(|one| one.struck),
            "proven": of(Verdicts::Proven),
            "unproven": of(Verdicts::Unproven),
            "refuted": of(Verdicts::Refuted),
            "no_cut": of(Verdicts::Failed),
            "restored_and_compared": self.count(|one| one.compared > 0),
            "records_compared": self.outcomes.iter().map(|one| one.compared).sum::<u64>(),
            "false_proofs": self.false_proofs(),
            "stopped_beyond_deadline": self.count(|one| one.too_late),
            "must_not_be": self.broken(),
            "hung": self.count(|one| one.hung),
            "longest_stop_ms": most(|one| one.stopped_ms),
            "longest_past_deadline_ms": most(|one| one.late_ms),
            "equal_at_end": equal,
        })
    }
}

impl Row {
    fn take(&mut self, one: &Outcome) {
        self.runs += 1;
        self.struck += u32::from(one.struck);
        *match one.verdicts {
            Verdicts::Proven => &mut self.proven,
            Verdicts::Unproven => &mut self.unproven,
            Verdicts::Refuted => &mut self.refuted,
            Verdicts::Failed => &mut self.failed,
        } += 1;
        let code = one
            .code
            .map_or("killed".to_owned(), |code| code.to_string());
        *self.codes.entry(code).or_default() += 1;
        if one.resumer != Resumer::Nobody {
            *self.resumers.entry(one.resumer.words()).or_default() += 1;
        }
        self.stopped_ms = self.stopped_ms.max(one.stopped_ms);
        self.late_ms = self.late_ms.max(one.late_ms);
        self.false_proofs += u32::from(!one.false_proof.is_empty());
    }

    fn cells(&self) -> String {
        let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1e3);
        let runs = match self.runs - self.struck {
            0 => self.runs.to_string(),
            missed => format!("{} ({missed} not struck)", self.runs),
        };
        [
            runs,
            self.proven.to_string(),
            self.unproven.to_string(),
            self.refuted.to_string(),
            self.failed.to_string(),
            list(self.codes.iter().map(|(code, n)| (code.as_str(), *n))),
            list(self.resumers.iter().map(|(who, n)| (*who, *n))),
            seconds(self.stopped_ms),
            seconds(self.late_ms),
            self.false_proofs.to_string(),
        ]
        .join(" | ")
    }
}

/// `a`, or `a ×2, b`.
fn list<'a>(counts: impl Iterator<Item = (&'a str, u32)>) -> String {
    let words = counts.map(|(what, count)| match count {
        1 => what.to_owned(),
        many => format!("{what} ×{many}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::plan::{Moment, Round};

    fn outcome(late_ms: u64, false_proof: &[&str]) -> Outcome {
        Outcome {
            round: Round {
                fault: Fault::Unplug,
                moment: Moment {
                    stage: None,
                    delay_ms: 0,
                },
                lasts_ms: 1,
                transactional: false,
            },
            struck: true,
            code: Some(0),
            cause: String::new(),
            hung: false,
            verdicts: Verdicts::Proven,
            resumer: Resumer::Guard,
            stopped_ms: 2_500,
            late_ms,
            too_late: false,
            compared: 7,
            false_proof: false_proof.iter().map(ToString::to_string).collect(),
            broken: Vec::new(),
        }
    }

    #[test]
    fn rows_are_counted_by_fault_and_moment() {
        let mut tally = Tally::default();
        tally.add(outcome(0, &[]));
        tally.add(outcome(1_500, &["x"]));
        let table = tally.table();
        assert_eq!(table.lines().count(), 3, "{table}");
        let row = "| cut network | begun | 2 | 2 | 0 | 0 | 0 | 0 ×2 | guard, asked ×2 | 2.5 s | 1.5 s \
                   | 1 |";
        assert_eq!(table.lines().last(), Some(row));
        let figures = tally.figures(3, 30, true);
        assert_eq!(figures["backups"], 2);
        assert_eq!(figures["false_proofs"], 1);
        assert_eq!(figures["records_compared"], 14);
    }
}
