//! What the source no longer has beyond the committed offset.

use slackwater_cut::{Front, Gap, GapCause};

/// What is known of one partition.
pub(crate) struct Known {
    /// First offset that MirrorMaker would read.
    pub(crate) needed: u64,
    /// The source's log start offset now.
    pub(crate) log_start: u64,
    /// What quiesceMirror saw of it while the mirror ran.
    pub(crate) front: Option<Front>,
    /// Whether the connector was RUNNING, with tasks, when the run began.
    pub(crate) was_running: bool,
}

/// A start beyond the needed offset is a loss only if data lay between. A gap
/// of transaction markers is none, and looks the same from outside: what was
/// seen before it opened decides.
pub(crate) fn gap(known: &Known) -> Option<Gap> {
    if known.log_start <= known.needed {
        return known.front.and_then(|front| passed(&front, known));
    }
    let cause = match known.front {
        // A data record was there and is gone; the mirror has it if its
        // offset was committed since.
        Some(Front {
            next: Some(next), ..
        }) if next >= known.needed && next < known.log_start => GapCause::Lost,
        Some(front) if front.searched_to < known.log_start => GapCause::Lost,
        Some(front) if known.was_running && front.searched_from <= known.needed => {
            GapCause::LookedThrough
        }
        // The start lay beyond the needed offset already: nothing was seen of
        // what had been there, and a mirror that ran has passed it.
        Some(_) if known.was_running => GapCause::BeforeRun,
        Some(_) | None => GapCause::Lost,
    };
    Some(Gap {
        first: known.needed,
        log_start_offset: known.log_start,
        cause,
    })
}

/// What was not committed when the run began, is gone, and is committed now.
/// Committed offsets are up to a minute old while the mirror runs, so that it
/// may have been copied in time; nothing shows it.
fn passed(front: &Front, known: &Known) -> Option<Gap> {
    let gone_before = front.searched_from > front.needed && known.needed > front.searched_from;
    let (first, log_start) = if gone_before {
        (front.needed, front.searched_from)
    } else {
        let first = front.next.unwrap_or(front.searched_to);
        (first < known.log_start).then_some((first, known.log_start))?
    };
    Some(Gap {
        first,
        log_start_offset: log_start,
        cause: GapCause::Passed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(next: Option<u64>, searched: (u64, u64), was_running: bool) -> Known {
        Known {
            needed: 10,
            log_start: 15,
            front: Some(Front {
                needed: 10,
                next,
                searched_from: searched.0,
                searched_to: searched.1,
            }),
            was_running,
        }
    }

    #[test]
    fn a_start_at_the_needed_offset_is_no_gap() {
        let at = Known {
            log_start: 10,
            ..known(None, (10, 15), true)
        };
        assert_eq!(gap(&at), None);
    }

    #[test]
    fn what_was_deleted_before_it_was_committed_and_was_passed_since_is_told() {
        let cause = |next, searched, needed, log_start| {
            let known = Known {
                needed,
                log_start,
                ..known(next, searched, true)
            };
            gap(&known).map(|gap| gap.cause)
        };
        // Gone while the run went on.
        assert_eq!(cause(Some(12), (10, 13), 20, 15), Some(GapCause::Passed));
        assert_eq!(cause(None, (10, 12), 20, 15), Some(GapCause::Passed));
        // Gone before anybody looked.
        assert_eq!(cause(Some(16), (15, 17), 20, 15), Some(GapCause::Passed));
        // Still there, and copied.
        assert_eq!(cause(Some(12), (10, 13), 20, 12), None);
    }

    #[test]
    fn a_record_that_was_seen_there_and_is_gone_is_lost() {
        let cause = gap(&known(Some(12), (10, 13), true)).unwrap().cause;
        assert_eq!(cause, GapCause::Lost);
    }

    #[test]
    fn a_gap_in_which_nothing_was_seen_while_the_mirror_ran_is_no_loss() {
        let cause = gap(&known(None, (10, 15), true)).unwrap().cause;
        assert_eq!(cause, GapCause::LookedThrough);
    }

    #[test]
    fn a_gap_that_was_there_before_anybody_looked_is_told_apart() {
        let cause = gap(&known(None, (15, 15), true)).unwrap().cause;
        assert_eq!(cause, GapCause::BeforeRun);
    }

    #[test]
    fn what_came_and_went_after_the_look_counts_as_lost() {
        let cause = gap(&known(None, (10, 14), true)).unwrap().cause;
        assert_eq!(cause, GapCause::Lost);
    }

    #[test]
    fn a_gap_behind_a_mirror_that_was_stopped_counts_as_lost() {
        let cause = gap(&known(None, (10, 15), false)).unwrap().cause;
        assert_eq!(cause, GapCause::Lost);
    }
}
