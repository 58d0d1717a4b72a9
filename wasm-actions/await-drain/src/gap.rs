//! What the source no longer has beyond the committed offset.

use slackwater_cut::{Gap, GapCause};

/// What is known of one partition.
pub(crate) struct Known {
    /// First offset that MirrorMaker would read.
    pub(crate) needed: u64,
    /// The source's log start offset now.
    pub(crate) log_start: u64,
    /// The next data record as quiesceMirror saw it while the mirror ran, and
    /// up to where it had looked.
    pub(crate) front: Option<(Option<u64>, u64)>,
    /// Whether the connector was RUNNING when the run began.
    pub(crate) was_running: bool,
}

/// A start beyond the needed offset is a loss only if data lay between. A gap
/// of transaction markers is none, and looks the same from outside: what was
/// seen before it opened decides.
pub(crate) fn gap(known: &Known) -> Option<Gap> {
    if known.log_start <= known.needed {
        return None;
    }
    let cause = match known.front {
        // A data record was there and is gone; the mirror has it if its
        // offset was committed since.
        Some((Some(next), _)) if next >= known.needed && next < known.log_start => GapCause::Lost,
        Some((_, searched_to)) if searched_to < known.log_start => GapCause::Lost,
        // Looked through in this run, from its start on at that time: if that
        // start lay beyond the needed offset already, nothing was seen of
        // what had been there.
        Some(_) if known.was_running => GapCause::NothingSeen,
        Some(_) | None => GapCause::Lost,
    };
    Some(Gap {
        first: known.needed,
        log_start: known.log_start,
        cause,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(front: Option<(Option<u64>, u64)>, was_running: bool) -> Known {
        Known {
            needed: 10,
            log_start: 15,
            front,
            was_running,
        }
    }

    #[test]
    fn a_start_at_the_needed_offset_is_no_gap() {
        let at = Known {
            log_start: 10,
            ..known(None, true)
        };
        assert_eq!(gap(&at), None);
    }

    #[test]
    fn a_record_that_was_seen_there_and_is_gone_is_lost() {
        let cause = gap(&known(Some((Some(12), 13)), true)).unwrap().cause;
        assert_eq!(cause, GapCause::Lost);
    }

    #[test]
    fn a_gap_in_which_nothing_was_seen_while_the_mirror_ran_is_no_loss() {
        let cause = gap(&known(Some((None, 15)), true)).unwrap().cause;
        assert_eq!(cause, GapCause::NothingSeen);
    }

    #[test]
    fn what_came_and_went_after_the_look_counts_as_lost() {
        let cause = gap(&known(Some((None, 14)), true)).unwrap().cause;
        assert_eq!(cause, GapCause::Lost);
    }

    #[test]
    fn a_gap_behind_a_mirror_that_was_stopped_counts_as_lost() {
        let cause = gap(&known(Some((None, 15)), false)).unwrap().cause;
        assert_eq!(cause, GapCause::Lost);
    }
}
