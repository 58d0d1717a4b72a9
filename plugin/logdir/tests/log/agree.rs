//! All ways to read a log, held against each other: what must be the same
//! whatever bytes it has. The fuzzer uses it too, so that this stands alone.

use std::ops::ControlFlow;

use slackwater_logdir::{
    Depth, Isolation, Replica, ScanOptions, SegmentReader, Want, range, records, scan,
};

/// Reads in every way and holds the answers against each other.
///
/// # Panics
/// Two answers that contradict each other.
pub fn agree(reader: &mut SegmentReader, replica: &Replica, until: Option<u64>, most: u32) {
    let mut to = |depth, until| {
        let options = ScanOptions {
            depth,
            digest_from: 0,
            until,
            tail: most,
        };
        scan(reader, replica, &options, &|_| ()).unwrap()
    };
    let mut of = |depth| to(depth, until);
    let (tail, full, deep) = (of(Depth::Tail), of(Depth::Full), of(Depth::Deep));
    let all = to(Depth::Deep, None);
    let good = all.bad == 0 && all.torn_bytes == 0;
    assert_eq!(all.end, full.end);
    assert_eq!((tail.end, full.end), (full.end, deep.end));
    assert_eq!(
        (tail.torn_bytes, full.torn_bytes),
        (full.torn_bytes, deep.torn_bytes)
    );
    assert_eq!((full.whole, full.holes), (deep.whole, deep.holes));
    assert_eq!((&full.tail, full.records), (&deep.tail, deep.records));
    assert!(full.bad <= deep.bad);
    assert!(full.end >= replica.start);
    assert!(full.torn_bytes <= replica.segments.last().map_or(0, |last| last.bytes));
    if let Some(tail) = &full.tail {
        assert!(tail.count <= most);
        let end = full.end.min(until.unwrap_or(u64::MAX));
        assert!(full.bad > 0 || tail.count == 0 || tail.last_offset < end);
    }
    if let (Some(one), Some(other)) = (&tail.tail, &full.tail)
        && one.count == most
        && full.bad == 0
    {
        assert_eq!(one, other);
    }
    let part = range(reader, replica, 0, until.unwrap_or(u64::MAX), true).unwrap();
    if full.bad == 0 && full.torn_bytes == 0 {
        assert_eq!(part.batches, full.whole);
    }
    for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
        let mut seen = 0u64;
        let end = records(reader, replica, isolation, |record| {
            assert!(record.offset >= replica.start);
            seen += 1;
            ControlFlow::Continue(())
        });
        let end = end.unwrap();
        if isolation == Isolation::ReadUncommitted && good {
            assert!(end.broken_at.is_none());
            assert!(seen <= all.records);
            assert_eq!(end.position.max(replica.start), full.end);
        }
    }
    for segment in &replica.segments {
        let mut next = 0;
        let end = reader.read(&segment.path, Want::Headers, |batch| {
            assert_eq!(batch.position, next);
            next += batch.header.size;
        });
        assert_eq!(end.unwrap().valid, next);
    }
}
