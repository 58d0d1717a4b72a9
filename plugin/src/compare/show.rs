//! What stands in a record, for those who asked to see it.

use std::ops::ControlFlow;

use serde::Serialize;
use slackwater_kafka::StreamRecord;
use slackwater_logdir::{Isolation, SegmentReader, records};

use super::sides::{Extent, Reader, of_file};

/// Bytes shown of a key, a value or a header: enough to know a record by.
const SHOWN: usize = 512;

/// A record's content. What is no printable ASCII is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Its offset.
    pub offset: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// `null` where it has none.
    pub key: Option<String>,
    /// `null` where it has none.
    pub value: Option<String>,
    /// Name and value of each.
    pub headers: Vec<(String, Option<String>)>,
}

/// The record at `offset`, if it is still there.
pub(super) fn show(reader: &Reader<'_>, extent: &Extent, offset: u64) -> Option<Shown> {
    let mut shown = None;
    match (reader, &extent.replica) {
        (Reader::Stream(stream), _) => {
            let read = stream.read(&extent.partition, offset, offset + 1, |record| {
                shown = Some(Shown::of(record));
                ControlFlow::Break(())
            });
            read.ok()?;
        }
        (Reader::Files(_), Some(replica)) => {
            let mut files = SegmentReader::default();
            let read = records(&mut files, replica, Isolation::ReadUncommitted, |record| {
                if record.offset < offset {
                    return ControlFlow::Continue(());
                }
                if record.offset == offset {
                    shown = Some(Shown::of(&of_file(record)));
                }
                ControlFlow::Break(())
            });
            read.ok()?;
        }
        (Reader::Files(_), None) => {}
    }
    shown
}

impl Shown {
    fn of(record: &StreamRecord<'_>) -> Self {
        let headers = record.headers.iter();
        Self {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            key: record.key.map(text),
            value: record.value.map(text),
            headers: headers
                .map(|(name, value)| (text(name), value.map(text)))
                .collect(),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let shown = bytes[..bytes.len().min(SHOWN)].escape_ascii();
    match bytes.len().checked_sub(SHOWN) {
        None | Some(0) => shown.to_string(),
        Some(more) => format!("{shown}… and {more} bytes more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_printable_and_has_an_end() {
        assert_eq!(text(b"a\n\xff"), r"a\n\xff");
        assert!(text(&[b'x'; 600]).ends_with("… and 88 bytes more"));
    }
}
