//! What is read of one span: pure, fed with what a consumer is given.

use std::collections::VecDeque;

use slackwater_ports::{Ended, RecordSeen, Span, SpanRead};

/// How much room is made for records before any came: a span may ask for more
/// than there are.
const ROOM: usize = 1024;

/// A span while it is read.
pub(crate) struct Reading {
    span: Span,
    kept: VecDeque<RecordSeen>,
    count: u64,
    position: u64,
    ended: Option<Ended>,
}

impl Reading {
    /// Before anything was read. A span that wants nothing has ended.
    pub(crate) fn new(span: &Span) -> Self {
        let ended = if span.start >= span.until {
            Some(Ended::Until)
        } else {
            (span.most == 0).then_some(Ended::Most)
        };
        Self {
            kept: VecDeque::with_capacity(ROOM.min(span.keep_last as usize)),
            count: 0,
            position: span.start,
            ended,
            span: span.clone(),
        }
    }

    /// Whether nothing more is wanted.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether this record is one to look at, and if not whether it shows
    /// that the span is over: what a consumer fetched ahead lies behind it.
    pub(crate) fn wants(&mut self, offset: u64) -> bool {
        if self.has_ended() || offset < self.position {
            return false;
        }
        if offset >= self.span.until {
            self.position = offset;
            self.ended = Some(Ended::Until);
            return false;
        }
        true
    }

    /// Whether the records taken are looked at later, rather than counted.
    pub(crate) fn keeps(&self) -> bool {
        self.span.keep_last > 0
    }

    /// Counts a record that [`Self::wants`] let through; `seen` is what is
    /// kept of it.
    pub(crate) fn take(&mut self, offset: u64, seen: Option<RecordSeen>) {
        self.count += 1;
        self.position = offset + 1;
        if let Some(seen) = seen {
            if self.kept.len() == self.span.keep_last as usize {
                self.kept.pop_front();
            }
            self.kept.push_back(seen);
        }
        if self.count >= self.span.most {
            self.ended = Some(Ended::Most);
        } else if self.position >= self.span.until {
            self.ended = Some(Ended::Until);
        }
    }

    /// The end of the partition was reached, at this offset.
    pub(crate) fn at_end(&mut self, offset: u64) {
        if !self.has_ended() {
            self.position = self.position.max(offset);
            self.ended = Some(Ended::EndOfPartition);
        }
    }

    /// It ended in another way.
    pub(crate) fn end(&mut self, how: Ended) {
        if !self.has_ended() {
            self.ended = Some(how);
        }
    }

    /// What was read. A span that nothing ended ran out of time.
    pub(crate) fn finish(self) -> SpanRead {
        SpanRead {
            partition: self.span.partition,
            records: self.kept.into(),
            count: self.count,
            position: self.position,
            ended: self.ended.unwrap_or(Ended::TimedOut),
        }
    }
}

#[cfg(test)]
mod tests {
    use slackwater_ports::PartitionId;

    use super::*;

    fn reading(start: u64, until: u64, most: u64) -> Reading {
        Reading::new(&Span {
            partition: PartitionId::new("t", 0),
            start,
            until,
            most,
            keep_last: 0,
        })
    }

    fn feed(reading: &mut Reading, offsets: &[u64]) {
        for offset in offsets {
            if reading.wants(*offset) {
                reading.take(*offset, None);
            }
        }
    }

    #[test]
    fn a_record_past_the_span_is_not_counted_and_shows_that_markers_came_before_it() {
        let mut read = reading(0, 10, 100);
        feed(&mut read, &[0, 1, 14, 15]);
        let read = read.finish();
        assert_eq!((read.count, read.position), (2, 14));
        assert_eq!(read.ended, Ended::Until);
    }

    #[test]
    fn the_end_of_the_partition_moves_the_position_past_markers() {
        let mut read = reading(0, 100, 100);
        feed(&mut read, &[0, 1]);
        read.at_end(5);
        let read = read.finish();
        assert_eq!((read.count, read.position), (2, 5));
        assert_eq!(read.ended, Ended::EndOfPartition);
    }

    #[test]
    fn what_comes_after_the_end_changes_nothing() {
        let mut read = reading(0, 100, 2);
        feed(&mut read, &[0, 1, 2]);
        read.at_end(9);
        read.end(Ended::OutOfRange);
        let read = read.finish();
        assert_eq!((read.count, read.position), (2, 2));
        assert_eq!(read.ended, Ended::Most);
    }

    #[test]
    fn a_span_that_nothing_ended_ran_out_of_time_at_what_it_saw() {
        let mut read = reading(3, 100, 100);
        feed(&mut read, &[3, 4]);
        let read = read.finish();
        assert_eq!((read.position, read.ended), (5, Ended::TimedOut));
    }
}
