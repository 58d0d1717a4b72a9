//! What was written, read back: every copy of a partition ends at its cut, and
//! all hold the same.

use slackwater_cut::claims::TrimmedCopy;
use slackwater_logdir::SegmentReader;
use slackwater_point::{Judgement, Standing, judge};

use crate::copy::{CopyAt, read_copy};
use crate::error::TrimError;
use crate::topics;

/// Reads what of `copies` lies at and past `from`, where the first of them was changed: they
/// must be the same, and end at `cut`.
pub(crate) fn same(
    reader: &mut SegmentReader,
    copies: &[CopyAt],
    from: u64,
    cut: u64,
) -> Result<(), TrimError> {
    let back = copies.iter().map(|copy| {
        let segments = &copy.replica.segments;
        let before = segments.partition_point(|one| one.base <= from);
        segments.len() - before.saturating_sub(1)
    });
    let found = read_segments(reader, copies, back.collect())?;
    for (copy, found) in copies.iter().zip(found) {
        let why = match (found.wrong, found.end == cut, found.same) {
            (None, true, true) => continue,
            (Some(why), _, _) => why,
            (None, false, _) => "nothing else is wrong".to_owned(),
            (None, true, false) => "other batches than the other copies have".to_owned(),
        };
        return Err(TrimError::ReadBack {
            path: copy.replica.path.clone(),
            found: found.end,
            wanted: cut,
            why,
        });
    }
    Ok(())
}

/// Reads at least so many of the last segments of `copies`, and as many as it takes to
/// compare them.
pub(crate) fn shown(
    reader: &mut SegmentReader,
    copies: &[CopyAt],
    segments: usize,
) -> Result<Vec<TrimmedCopy>, TrimError> {
    read_segments(reader, copies, vec![segments; copies.len()])
}

/// The same, of each copy so many.
fn read_segments(
    reader: &mut SegmentReader,
    copies: &[CopyAt],
    mut back: Vec<usize>,
) -> Result<Vec<TrimmedCopy>, TrimError> {
    for of in &mut back {
        *of = (*of).max(1);
    }
    loop {
        let (mut judged, mut found) = (Vec::new(), Vec::new());
        for (copy, back) in copies.iter().zip(&back) {
            let replica = &copy.replica;
            let first = replica.segments.len().saturating_sub(*back);
            let read = read_copy(reader, replica, first)?;
            found.push(TrimmedCopy {
                node: copy.node,
                end: read.end.max(replica.start),
                wrong: read.broken.as_ref().map(|broken| broken.why.clone()),
                same: true,
            });
            judged.push(read.judged(copy.node, replica));
        }
        let id = topics::ids(copies).next().map(|(_, id)| id);
        for (one, copy) in found.iter_mut().zip(copies) {
            let other = copy.replica.topic_id.as_deref().filter(|of| id != Some(of));
            let words = other.map(|of| format!("it is of another topic, with the id {of}"));
            one.wrong = one.wrong.take().or(words);
        }
        match judge(&judged) {
            Judgement::Older(older) => older
                .into_iter()
                .for_each(|at| back[at] = back[at].saturating_mul(2)),
            Judgement::Judged { forks, .. } => {
                let as_it_is = |standing| matches!(standing, Standing::Kept | Standing::Same);
                for (one, fork) in found.iter_mut().zip(&forks) {
                    one.same = as_it_is(fork.standing);
                }
                return Ok(found);
            }
        }
    }
}
