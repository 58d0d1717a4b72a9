//! How far what a plan keeps is from one point, before and after.

use slackwater_point::{NO_PLACE, Point, Spread};

use crate::plan::{Solved, Work};

/// Messages above the last number to which all are there: as the volumes are these, by their
/// own times, and none as they will be.
fn by_numbers(work: &Work<'_>, point: &Point) -> (Option<Spread>, Option<Spread>) {
    let ordered = work.examined.iter().filter(|one| one.log.ordered);
    let records = ordered.flat_map(|one| one.log.window.records.iter().zip(&one.window_ms));
    let later = records.filter(|(record, _)| record.at != NO_PLACE && record.at > point.at);
    let times: Vec<i64> = later.map(|(_, ms)| *ms).collect();
    let known = || times.iter().filter(|ms| **ms >= 0);
    let before = Spread {
        ms: match (known().min(), known().max()) {
            (Some(first), Some(last)) => last.abs_diff(*first),
            _ => 0,
        },
        messages: times.len() as u64,
    };
    (Some(before), Some(Spread { ms: 0, messages: 0 }))
}

/// How far apart messages are that can't be told from lost ones, as the volumes
/// are and as they will be: by timestamps, where these are the order.
pub(crate) fn spreads(work: &Work<'_>, solved: &Solved) -> (Option<Spread>, Option<Spread>) {
    if !work.is_in_time() {
        return by_numbers(work, &solved.point);
    }
    let ordered = || {
        let all = work.examined.iter().zip(&solved.point.cuts);
        all.filter(|(examined, _)| examined.log.ordered)
    };
    // What a partition lacks comes after the newest that it has.
    let missing = ordered()
        .filter_map(|(one, _)| one.log.newest.max(one.log.complete_ms))
        .min();
    let lost = ordered().flat_map(|(one, cut)| {
        let records = one.log.window.records.iter();
        records.filter(|record| record.offset >= *cut && record.at != NO_PLACE)
    });
    let lost = lost.map(|record| record.at).min();
    let later = |than: Option<i64>, kept_only: bool| {
        let than = than?;
        let there = ordered().flat_map(|(one, cut)| {
            let records = one.log.window.records.iter();
            records.filter(move |record| !kept_only || record.offset < *cut)
        });
        let later: Vec<i64> = there.map(|one| one.at).filter(|at| *at > than).collect();
        Some(Spread {
            ms: later.iter().max().map_or(0, |most| most.abs_diff(than)),
            messages: later.len() as u64,
        })
    };
    let earliest = match (missing, lost) {
        (Some(missing), Some(lost)) => Some(missing.min(lost)),
        (missing, lost) => missing.or(lost),
    };
    (later(missing, false), later(earliest, true))
}
