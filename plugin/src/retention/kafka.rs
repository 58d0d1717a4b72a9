//! The rule by which a broker deletes segments
//! (`UnifiedLog.deleteOldSegments`).

use slackwater_logdir::SegmentAge;

/// What a topic's configuration says; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `retention.ms`.
    pub ms: Option<u64>,
    /// `retention.bytes`.
    pub bytes: Option<u64>,
}

/// Where the log begins after a check at `at_ms`: the first offset of the
/// first segment that stays, or `end` where none does; `None` where nothing is
/// deleted.
///
/// The oldest go first: by age up to the first that is young enough, then by
/// size as long as what is left is still at least the limit. The last segment
/// goes too where it is too old: the broker rolls a new one before.
pub fn log_start(segments: &[SegmentAge], end: u64, limits: Limits, at_ms: i64) -> Option<u64> {
    let is_old = |segment: &&SegmentAge| {
        let age = at_ms.saturating_sub(segment.newest_ms);
        limits
            .ms
            .is_some_and(|limit| i128::from(age) > i128::from(limit))
    };
    let mut gone = segments.iter().take_while(is_old).count();
    if let Some(limit) = limits.bytes {
        let sum: u64 = segments[gone..].iter().map(|segment| segment.bytes).sum();
        let mut over = sum.checked_sub(limit);
        while let (Some(left), Some(segment)) = (over, segments.get(gone)) {
            over = left.checked_sub(segment.bytes);
            gone += usize::from(over.is_some());
        }
    }
    let holds_something = |segment: &SegmentAge| segment.bytes > 0;
    match segments.get(gone) {
        _ if gone == 0 => None,
        Some(first) => Some(first.base),
        // An empty last segment is never deleted, and nothing is lost by it.
        None if segments.last().is_some_and(holds_something) => Some(end),
        None => segments.last().filter(|_| gone > 1).map(|last| last.base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of 100 bytes and ten offsets.
    fn segments(newest: &[i64]) -> Vec<SegmentAge> {
        let each = newest.iter().enumerate();
        each.map(|(at, newest_ms)| SegmentAge {
            base: at as u64 * 10,
            bytes: 100,
            newest_ms: *newest_ms,
        })
        .collect()
    }

    const fn limits(ms: Option<u64>, bytes: Option<u64>) -> Limits {
        Limits { ms, bytes }
    }

    #[test]
    fn the_oldest_go_up_to_the_first_that_is_young_enough() {
        let log = segments(&[1_000, 2_000, 900, 5_000]);
        let start = |ms, at| log_start(&log, 40, limits(Some(ms), None), at);
        assert_eq!(start(1_000, 2_000), None);
        assert_eq!(start(1_000, 2_001), Some(10));
        // The third is older than the second, and waits for it.
        assert_eq!(start(1_000, 3_000), Some(10));
        assert_eq!(start(1_000, 3_001), Some(30));
        assert_eq!(start(1_000, 6_001), Some(40));
        assert_eq!(log_start(&log, 40, limits(None, None), i64::MAX), None);
    }

    #[test]
    fn by_size_what_is_left_is_never_less_than_the_limit() {
        let log = segments(&[1, 2, 3, 4]);
        let start = |bytes| log_start(&log, 40, limits(None, Some(bytes)), 0);
        assert_eq!(start(400), None);
        assert_eq!(start(301), None);
        assert_eq!(start(300), Some(10));
        assert_eq!(start(99), Some(30));
        assert_eq!(start(0), Some(40));
        let both = limits(Some(10), Some(100));
        assert_eq!(log_start(&log, 40, both, 12), Some(30));
    }

    #[test]
    fn an_empty_last_segment_stays() {
        let mut log = segments(&[1, 2]);
        log[1].bytes = 0;
        let all = limits(Some(0), None);
        assert_eq!(log_start(&log, 10, all, 100), Some(10));
        assert_eq!(log_start(&log[1..], 10, all, 100), None);
        assert_eq!(log_start(&[], 0, all, 100), None);
    }
}
