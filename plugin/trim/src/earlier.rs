//! Trims by other plans that lie on volumes still: nobody has made them final, and backups
//! have carried them along. One that can't be taken back any more is over. Looks, and
//! changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use crate::as_left::as_left;
use crate::error::TrimError;
use crate::journal::{Journal, Stage};

/// The journals of `dirs` by the plan of that digest alone.
///
/// # Errors
/// One by another plan that is not over.
pub(crate) fn without(
    dirs: &[&Path],
    mut journals: Vec<Option<Journal>>,
    digest: Option<&str>,
) -> Result<Vec<Option<Journal>>, TrimError> {
    let mut others: BTreeMap<String, Vec<(&Path, Journal)>> = BTreeMap::new();
    for (dir, journal) in dirs.iter().zip(&mut journals) {
        if let Some(other) = journal.take_if(|one| digest != Some(&one.plan)) {
            others
                .entry(other.plan.clone())
                .or_default()
                .push((*dir, other));
        }
    }
    others.into_values().try_for_each(|found| is_over(&found))?;
    Ok(journals)
}

/// Whether there is no way back from a trim: it changed nothing, its end was begun, or a
/// broker has written since.
fn is_over(found: &[(&Path, Journal)]) -> Result<(), TrimError> {
    let refused = |(path, journal): &(&Path, Journal), why| TrimError::OtherPlan {
        path: path.to_path_buf(),
        digest: journal.plan.clone(),
        why,
    };
    for one in found {
        match one.1.stage {
            Stage::Done | Stage::Discarding => {}
            Stage::Prepared => {
                return Err(refused(
                    one,
                    "that was not ended: end it by that one, or take it back with `slackwater \
                     logdir untrim`",
                ));
            }
            Stage::Untrimming | Stage::Untrimmed => {
                return Err(refused(
                    one,
                    "that is being taken back: end that with `slackwater logdir untrim`",
                ));
            }
        }
    }
    let changes = found.iter().any(|one| one.1.changes());
    if !changes || found.iter().any(|one| one.1.stage == Stage::Discarding) {
        return Ok(());
    }
    for (dir, journal) in found {
        match as_left(dir, journal, changes) {
            Ok(()) => {}
            // In one of them is enough: only together they could be taken back.
            Err(TrimError::NotAsLeft { .. }) => return Ok(()),
            Err(other) => return Err(other),
        }
    }
    match found.first() {
        None => Ok(()),
        Some(first) => Err(refused(
            first,
            "and is as that left it: make it final with `slackwater logdir discard`, or take it \
             back with `slackwater logdir untrim`",
        )),
    }
}
