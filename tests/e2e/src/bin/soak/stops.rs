//! How long the mirror was stopped, and whether that was too long. Pure: times
//! are milliseconds since the Unix epoch.

/// One look at MirrorMaker's connectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// No answer.
    Silent,
    /// One of them is STOPPED.
    Held,
    /// None is, and not all of it runs.
    Settles,
    /// All of it runs.
    Runs,
}

/// When that began to be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at_ms: u64,
    pub(crate) look: Look,
}

/// From the first look that shows a connector STOPPED to the first that shows
/// none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) began_ms: u64,
    /// `None`: it goes on.
    pub(crate) ended_ms: Option<u64>,
    /// When Connect answered again, where it did not meanwhile.
    pub(crate) back_ms: Option<u64>,
}

/// After Connect's return, or that of whoever is to resume the mirror, it must
/// run again within this.
pub(crate) const RESUMED_WITHIN_MS: u64 = 10_000;

/// What Connect may take to do what it was asked at the deadline: on two cores
/// with three clusters.
pub(crate) const ASKED_MS: u64 = 5_000;

impl Stop {
    pub(crate) fn lasted_ms(self, now_ms: u64) -> u64 {
        self.ended_ms
            .unwrap_or(now_ms)
            .saturating_sub(self.began_ms)
    }

    /// How long past its deadline it lasted, and past the time when nothing
    /// stood in its way any more.
    pub(crate) fn late_ms(self, deadline_ms: u64, clear_ms: Option<u64>, now_ms: u64) -> u64 {
        let clear = clear_ms.max(self.back_ms).unwrap_or(0);
        let due = deadline_ms.max(clear);
        self.ended_ms.unwrap_or(now_ms).saturating_sub(due)
    }

    /// How late it may be.
    pub(crate) fn grace_ms(self, deadline_ms: u64, clear_ms: Option<u64>) -> u64 {
        match clear_ms.max(self.back_ms) {
            Some(clear) if clear + RESUMED_WITHIN_MS > deadline_ms + ASKED_MS => RESUMED_WITHIN_MS,
            _ => ASKED_MS,
        }
    }
}

/// The stops in what was seen, in its order.
pub(crate) fn stops(seen: &[Seen]) -> Vec<Stop> {
    let mut found: Vec<Stop> = Vec::new();
    let mut open = false;
    let mut silent = false;
    for one in seen {
        match one.look {
            Look::Silent => silent = true,
            Look::Held if open => {
                if let (Some(last), true) = (found.last_mut(), silent) {
                    last.back_ms = Some(one.at_ms);
                }
                silent = false;
            }
            Look::Held => {
                found.push(Stop {
                    began_ms: one.at_ms,
                    ended_ms: None,
                    back_ms: None,
                });
                (open, silent) = (true, false);
            }
            Look::Settles | Look::Runs => {
                if let (Some(last), true) = (found.last_mut(), open) {
                    last.ended_ms = Some(one.at_ms);
                    // It may have ended while nobody could see it.
                    if silent {
                        last.back_ms = Some(one.at_ms);
                    }
                }
                (open, silent) = (false, false);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(looks: &[(u64, Look)]) -> Vec<Seen> {
        let one = |&(at_ms, look)| Seen { at_ms, look };
        looks.iter().map(one).collect()
    }

    #[test]
    fn a_stop_ends_where_no_connector_is_stopped_any_more() {
        use Look::{Held, Runs, Settles};
        let all = stops(&seen(&[(0, Runs), (10, Held), (30, Settles), (40, Runs)]));
        let stop = Stop {
            began_ms: 10,
            ended_ms: Some(30),
            back_ms: None,
        };
        assert_eq!(all, [stop]);
        assert_eq!(stop.lasted_ms(99), 20);
        assert_eq!(stop.late_ms(25, None, 99), 5);
        assert_eq!(stop.late_ms(25, Some(28), 99), 2);
        assert_eq!(stop.late_ms(35, None, 99), 0);
    }

    #[test]
    fn silence_is_part_of_a_stop_and_its_end_is_known() {
        use Look::{Held, Runs, Silent};
        let all = stops(&seen(&[(10, Held), (20, Silent), (50, Held), (60, Runs)]));
        assert_eq!((all.len(), all[0].back_ms), (1, Some(50)));
        assert_eq!(all[0].late_ms(20, None, 99), 10);
        assert_eq!(all[0].grace_ms(20, None), RESUMED_WITHIN_MS);
    }

    #[test]
    fn a_stop_that_goes_on_is_late_by_now() {
        let all = stops(&seen(&[(10, Look::Held)]));
        assert_eq!(all[0].late_ms(20, None, 99), 79);
        assert_eq!(all[0].grace_ms(20, None), ASKED_MS);
    }
}
