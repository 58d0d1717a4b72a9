//! What came of comparing, partition by partition and in all.

use std::path::PathBuf;

use serde::Serialize;
use slackwater_compare::{PartitionComparison, Verdict};

use super::pairs::Pair;
use super::show::Shown;
use super::sides::Extent;
use crate::exit::Stop;

/// A partition and its copy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// MirrorMaker's alias of the source.
    pub alias: String,
    /// The partition on the source.
    pub source: String,
    /// Its copy.
    pub mirror: String,
    /// What the comparison says; `unresolved` with an error.
    pub verdict: Verdict,
    /// Why it was not compared.
    pub error: Option<String>,
    /// Timestamps were compared: both sides keep the producer's.
    pub timestamps: bool,
    /// A side's topic is compacted.
    pub compacted_topic: bool,
    /// Log start and end on the source, for a reader of committed records.
    pub source_range: Option<(u64, u64)>,
    /// The same on the mirror; with a cut, the cut's end.
    pub mirror_range: Option<(u64, u64)>,
    /// Where the source was read, if in a log directory.
    pub source_dir: Option<PathBuf>,
    /// Where the mirror was read, if in a log directory.
    pub mirror_dir: Option<PathBuf>,
    /// The counts.
    #[serde(flatten)]
    pub comparison: PartitionComparison,
    /// The source's record at the first difference, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_record: Option<Shown>,
    /// The mirror's record there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_record: Option<Shown>,
}

impl Row {
    pub(super) fn new(pair: &Pair) -> Self {
        Self {
            alias: pair.alias.clone(),
            source: pair.source.to_string(),
            mirror: pair.mirror.to_string(),
            verdict: Verdict::Unresolved,
            error: None,
            timestamps: true,
            compacted_topic: false,
            source_range: None,
            mirror_range: None,
            source_dir: None,
            mirror_dir: None,
            comparison: PartitionComparison::default(),
            source_record: None,
            mirror_record: None,
        }
    }

    pub(super) fn take(&mut self, result: PartitionComparison) {
        self.comparison = result;
    }

    pub(super) fn extents(&mut self, source: &Extent, mirror: &Extent) {
        let dir = |extent: &Extent| extent.replica.as_ref().map(|one| one.path.clone());
        self.source_range = Some((source.start, source.until));
        self.mirror_range = Some((mirror.start, mirror.until));
        self.source_dir = dir(source);
        self.mirror_dir = dir(mirror);
        self.compacted_topic = source.compacts || mirror.compacts;
    }

    pub(super) fn show(&mut self, source: Option<Shown>, mirror: Option<Shown>) {
        self.source_record = source;
        self.mirror_record = mirror;
    }

    /// Whether there was no record on either side.
    fn is_empty(&self) -> bool {
        let result = &self.comparison;
        self.verdict == Verdict::Nothing && result.source_records + result.mirror_records == 0
    }
}

/// All of them.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The run whose cut they were compared up to.
    pub up_to: Option<String>,
    /// A repeat counts as a difference.
    pub strict: bool,
    /// Records that are on both sides, in order.
    pub records_compared: u64,
    /// See [`PartitionComparison`] for this and what follows.
    pub missing: u64,
    /// See there.
    pub extra: u64,
    /// See there.
    pub duplicates: u64,
    /// See there.
    pub out_of_order: u64,
    /// See there.
    pub stale_keys: u64,
    /// See there.
    pub before_source_start: u64,
    /// See there.
    pub before_mirror_start: u64,
    /// See there.
    pub compacted_on_source: u64,
    /// See there.
    pub compacted_on_mirror: u64,
    /// See there.
    pub behind: u64,
    /// See there.
    pub unresolved: u64,
    /// How many partitions there are.
    pub partitions: u64,
    /// Of these, how many are equal.
    pub partitions_equal: u64,
    /// How many differ.
    pub partitions_differ: u64,
    /// How many are empty on both sides.
    pub partitions_empty: u64,
    /// Of how many it can't be told, or of which nothing could be compared.
    pub partitions_unresolved: u64,
    /// One for each partition.
    pub rows: Vec<Row>,
}

impl Report {
    /// Judges and sums up.
    pub fn of(mut rows: Vec<Row>, up_to: Option<String>, strict: bool) -> Self {
        let mut report = Self {
            up_to,
            strict,
            partitions: rows.len() as u64,
            ..Self::default()
        };
        for row in &mut rows {
            let result = &row.comparison;
            row.verdict = match row.error {
                Some(_) => Verdict::Unresolved,
                None => result.verdict(strict),
            };
            report.records_compared += result.matched;
            report.missing += result.missing.count;
            report.extra += result.extra.count;
            report.duplicates += result.duplicates.count;
            report.out_of_order += result.out_of_order.count;
            report.stale_keys += result.compacted.stale_keys;
            report.before_source_start += result.before_source_start;
            report.before_mirror_start += result.before_mirror_start;
            report.compacted_on_source += result.compacted.on_source;
            report.compacted_on_mirror += result.compacted.on_mirror;
            report.behind += result.behind;
            report.unresolved += result.unresolved;
            *match row.verdict {
                Verdict::Equal => &mut report.partitions_equal,
                Verdict::Differs => &mut report.partitions_differ,
                Verdict::Nothing if row.is_empty() => &mut report.partitions_empty,
                Verdict::Unresolved | Verdict::Nothing => &mut report.partitions_unresolved,
            } += 1;
        }
        report.rows = rows;
        report
    }

    /// The verdict on all of them.
    ///
    /// # Errors
    /// A difference; else what could not be told; else that there was nothing.
    pub fn verdict(&self) -> Result<(), Stop> {
        if let Some(row) = self.rows.iter().find(|row| row.verdict == Verdict::Differs) {
            return Err(Stop::failed(format!(
                "{} of {} partitions differ, the first is {}: {}",
                self.partitions_differ,
                self.partitions,
                row.mirror,
                difference(row, self.strict)
            )));
        }
        let open = |row: &&Row| match row.verdict {
            Verdict::Unresolved => true,
            Verdict::Nothing => !row.is_empty(),
            Verdict::Equal | Verdict::Differs => false,
        };
        if let Some(row) = self.rows.iter().find(open) {
            return Err(Stop::unproven(format!(
                "{} of {} partitions could not be told, the first is {}: {}",
                self.partitions_unresolved,
                self.partitions,
                row.mirror,
                why_open(row)
            )));
        }
        if self.records_compared == 0 {
            return Err(Stop::unproven("there was no record to compare"));
        }
        Ok(())
    }
}

fn difference(row: &Row, strict: bool) -> String {
    let result = &row.comparison;
    let duplicates = if strict { result.duplicates.count } else { 0 };
    let said: Vec<String> = [
        (result.missing.count, "missing"),
        (result.extra.count, "extra"),
        (result.out_of_order.count, "out of order"),
        (result.compacted.stale_keys, "stale keys"),
        (duplicates, "duplicates"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    said.join(", ")
}

/// Why nothing is said of a partition.
pub(crate) fn why_open(row: &Row) -> String {
    let result = &row.comparison;
    if let Some(error) = &row.error {
        error.clone()
    } else if result.unresolved > 0 {
        format!(
            "{} records of the mirror may repeat what lies further back than is remembered, or \
             be of a transaction that is open on the source",
            result.unresolved
        )
    } else if result.broken_repeats > 0 {
        format!(
            "{} repeats end before they have caught up, as MirrorMaker's do not: they may be \
             records of somebody else",
            result.broken_repeats
        )
    } else if result.ambiguous {
        "its records repeat themselves, and another alignment fits as well".to_owned()
    } else {
        format!(
            "no record is on both sides: {} on the source, {} on the mirror",
            result.source_records, result.mirror_records
        )
    }
}

#[cfg(test)]
mod tests {
    use slackwater_ports::PartitionId;

    use super::*;
    use crate::exit::Exit;

    fn row(change: impl FnOnce(&mut Row)) -> Row {
        let mut row = Row::new(&Pair {
            alias: "s".to_owned(),
            source: PartitionId::new("t", 0),
            mirror: PartitionId::new("t", 0),
            at_cut: None,
            wrong: None,
        });
        change(&mut row);
        row
    }

    fn exit(rows: Vec<Row>) -> Option<Exit> {
        Report::of(rows, None, false)
            .verdict()
            .err()
            .map(|stop| stop.exit)
    }

    #[test]
    fn only_rows_with_records_on_both_sides_make_it_equal() {
        let equal = || row(|row| row.comparison.matched = 5);
        let empty = || row(|_| {});
        assert_eq!(exit(vec![equal(), empty()]), None);
        assert_eq!(exit(vec![]), Some(Exit::Unproven));
        assert_eq!(exit(vec![empty()]), Some(Exit::Unproven));
        let lonely = row(|row| row.comparison.source_records = 3);
        assert_eq!(exit(vec![equal(), lonely]), Some(Exit::Unproven));
        let broken = row(|row| row.error = Some("gone".to_owned()));
        assert_eq!(exit(vec![equal(), broken.clone()]), Some(Exit::Unproven));
        let differs = row(|row| row.comparison.missing.count = 1);
        assert_eq!(exit(vec![broken, differs]), Some(Exit::Failed));
    }
}
