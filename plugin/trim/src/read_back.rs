//! What was written, read back: every copy of a partition ends at its cut, and
//! all hold the same.

use slackwater_logdir::SegmentReader;
use slackwater_point::{Judgement, Standing, judge};

use crate::copy::{CopyAt, read_copy};
use crate::error::TrimError;

/// Reads the ends of `copies`, which must be the same, and at `cut`.
pub(crate) fn same(
    reader: &mut SegmentReader,
    copies: &[CopyAt],
    cut: u64,
) -> Result<(), TrimError> {
    let mut back = vec![1usize; copies.len()];
    loop {
        let mut judged = Vec::new();
        for (copy, back) in copies.iter().zip(&back) {
            let replica = &copy.replica;
            let read = read_copy(
                reader,
                replica,
                replica.segments.len().saturating_sub(*back),
            )?;
            let end = read.end.max(replica.start);
            let broken = read.broken.as_ref().map(|broken| broken.why.clone());
            if end != cut || broken.is_some() {
                return Err(TrimError::ReadBack {
                    path: replica.path.clone(),
                    found: end,
                    wanted: cut,
                    why: broken.unwrap_or_else(|| "nothing else is wrong".to_owned()),
                });
            }
            judged.push(read.judged(copy.node, replica));
        }
        match judge(&judged) {
            Judgement::Older(older) => older.into_iter().for_each(|at| back[at] *= 2),
            Judgement::Judged { forks, .. } => {
                let other = |standing| !matches!(standing, Standing::Kept | Standing::Same);
                let odd = forks.iter().position(|fork| other(fork.standing));
                return match odd {
                    None => Ok(()),
                    Some(at) => Err(TrimError::ReadBack {
                        path: copies[at].replica.path.clone(),
                        found: cut,
                        wanted: cut,
                        why: format!("other batches from {} on", forks[at].agrees_to),
                    }),
                };
            }
        }
    }
}
