//! A comparison as a person reads it.

use slackwater_compare::{Difference, DifferenceKind, Ranges, Verdict};

use crate::compare::{Report, Row, why_open};

/// The table, what is to be said of single partitions, and the sum.
pub(super) fn text(report: &Report) -> String {
    let shown: Vec<&Row> = report.rows.iter().collect();
    let widest = shown.iter().map(|row| row.mirror.len()).max();
    let widest = widest.unwrap_or(0).max("PARTITION".len());
    let mut out = format!(
        "{:<widest$} {:<10} {:>12} {:>9} {:>9} {:>10} {:>9}\n",
        "PARTITION", "VERDICT", "EQUAL", "MISSING", "EXTRA", "DUPLICATES", "BEHIND"
    );
    for row in &shown {
        let result = &row.comparison;
        out += &format!(
            "{:<widest$} {:<10} {:>12} {:>9} {:>9} {:>10} {:>9}\n",
            row.mirror,
            word(row.verdict),
            result.matched,
            result.missing.count,
            result.extra.count,
            result.duplicates.count,
            result.behind,
        );
    }
    for row in shown {
        out += &details(row);
    }
    out + &sum(report)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Equal => "equal",
        Verdict::Differs => "differs",
        Verdict::Unresolved => "unresolved",
        Verdict::Nothing => "nothing",
    }
}

fn details(row: &Row) -> String {
    let result = &row.comparison;
    let mut lines = Vec::new();
    if row.verdict == Verdict::Unresolved {
        lines.push(why_open(row));
    }
    for (what, of, ranges) in [
        ("missing", "of the source", &result.missing),
        ("extra", "of the mirror", &result.extra),
        ("out of order", "of the mirror", &result.out_of_order),
        ("duplicates", "of the mirror", &result.duplicates),
    ] {
        if ranges.count > 0 {
            lines.push(format!("{what}: offsets {} {of}", listed(ranges)));
        }
    }
    if result.compacted.stale_keys > 0 {
        lines.push(format!(
            "{} keys end on the mirror with an older record than they had",
            result.compacted.stale_keys
        ));
    }
    for (count, what) in [
        (
            result.before_source_start,
            "of the mirror are from before the source's log start",
        ),
        (
            result.before_mirror_start,
            "of the source are from before the mirror's log start",
        ),
        (
            result.compacted.on_source,
            "of the mirror are compacted away on the source",
        ),
        (
            result.compacted.on_mirror,
            "of the source are compacted away on the mirror",
        ),
    ] {
        if count > 0 {
            lines.push(format!("{count} records {what}"));
        }
    }
    if let Some(first) = &result.first_difference {
        lines.push(parting(first));
    }
    for (side, record) in [
        ("source", &row.source_record),
        ("mirror", &row.mirror_record),
    ] {
        if let Some(record) = record {
            let absent = || "none".to_owned();
            lines.push(format!(
                "  {side} {}: time {}, key {}, value {}, headers {:?}",
                record.offset,
                record.timestamp_ms,
                record.key.clone().unwrap_or_else(absent),
                record.value.clone().unwrap_or_else(absent),
                record.headers,
            ));
        }
    }
    if !row.timestamps && result.matched > 0 {
        lines.push("timestamps were not compared: a side does not keep the producer's".to_owned());
    }
    for (side, dir) in [("source", &row.source_dir), ("mirror", &row.mirror_dir)] {
        if let Some(dir) = dir {
            lines.push(format!("{side} read from {}", dir.display()));
        }
    }
    lines
        .iter()
        .map(|line| format!("  {}: {line}\n", row.mirror))
        .collect()
}

/// Ranges written in one line.
const IN_LINE: usize = 5;

fn listed(ranges: &Ranges) -> String {
    let mut said: Vec<String> = ranges
        .ranges
        .iter()
        .take(IN_LINE)
        .map(|range| match range.count {
            1 => range.first.to_string(),
            _ => format!("{}–{}", range.first, range.last),
        })
        .collect();
    let more = ranges.more_ranges + ranges.ranges.len().saturating_sub(IN_LINE) as u64;
    if more > 0 {
        said.push(format!("and {more} ranges more"));
    }
    said.join(", ")
}

fn parting(first: &Difference) -> String {
    let kind = match first.kind {
        DifferenceKind::Missing => "a record is missing",
        DifferenceKind::Extra => "a record is extra",
        DifferenceKind::Changed => "a record is another one",
        DifferenceKind::OutOfOrder => "a record is out of order",
    };
    let side = |side: &Option<slackwater_compare::Side>| match side {
        Some(side) => format!("{} ({})", side.offset, side.digest),
        None => "nothing".to_owned(),
    };
    format!(
        "first difference: {kind}: source {}, mirror {}",
        side(&first.source),
        side(&first.mirror)
    )
}

fn sum(report: &Report) -> String {
    let up_to = report
        .up_to
        .as_ref()
        .map_or_else(String::new, |run| format!(" up to {run}"));
    let mut out = format!(
        "{} partitions{up_to}: {} equal, {} differ, {} empty, {} unresolved\n",
        report.partitions,
        report.partitions_equal,
        report.partitions_differ,
        report.partitions_empty,
        report.partitions_unresolved,
    );
    out += &format!(
        "{} records equal, {} missing, {} extra, {} out of order, {} duplicates, {} behind, {} \
         unresolved\n",
        report.records_compared,
        report.missing,
        report.extra,
        report.out_of_order,
        report.duplicates,
        report.behind,
        report.unresolved,
    );
    out
}
