//! What `kafka-dump-log` prints, line by line. Pure. Source: Kafka's
//! `DumpLogSegments` 4.3.1.
//!
//! A word that is not known is an error: nothing that the tool says is passed
//! over.

use serde::Serialize;

/// What was said of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dumped {
    /// The path that it was given.
    pub path: String,
    /// Batches, in their order.
    pub batches: Vec<DumpedBatch>,
    /// "Found N invalid bytes at the end".
    pub invalid_bytes: u64,
    /// Why the tool ended in the middle of this file, in its own words. Behind
    /// the last batch nothing was read then, and no invalid bytes were counted.
    pub failure: Option<String>,
}

/// One batch. Numbers as Kafka defines them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DumpedBatch {
    /// Where it begins in the file.
    pub position: u64,
    /// Its bytes.
    pub size: u64,
    /// Of its first record.
    pub base_offset: i64,
    /// Of its last one.
    pub last_offset: i64,
    /// Records; `None` in formats 0 and 1.
    pub count: Option<i64>,
    /// Sequence of its first record.
    pub base_sequence: i64,
    /// Who wrote it.
    pub producer_id: i64,
    /// Of that producer.
    pub producer_epoch: i64,
    /// `partitionLeaderEpoch`
    pub leader_epoch: i64,
    /// Part of a transaction.
    pub transactional: bool,
    /// Holds a marker.
    pub control: bool,
    /// KIP-534.
    pub delete_horizon: Option<i64>,
    /// `CreateTime`, `LogAppendTime` or `NoTimestampType`.
    pub timestamp_type: String,
    /// Ms since the Unix epoch.
    pub max_timestamp: i64,
    /// The format.
    pub magic: i64,
    /// `none`, `gzip`, `snappy`, `lz4`, `zstd`
    pub codec: String,
    /// As written.
    pub crc: u32,
    /// Whether the CRC holds.
    pub valid: bool,
    /// Its records, where they were asked for.
    pub records: Vec<DumpedRecord>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DumpedRecord {
    /// Its offset.
    pub offset: i64,
    /// Ms since the Unix epoch.
    pub timestamp: i64,
    /// Bytes; -1 for null.
    pub key_size: i64,
    /// Bytes; -1 for null.
    pub value_size: i64,
    /// Names of its headers, with commas between.
    pub header_keys: String,
    /// `COMMIT` or `ABORT`; `None` where it is no marker of a transaction.
    pub marker: Option<String>,
}

/// How the lines begin that are printed before a file's batches, and that its
/// name says too.
const HEADINGS: [&str; 3] = [
    "Log starting offset: ",
    "Snapshot end offset: ",
    "KRaft bootstrap snapshot",
];

/// Reads all that was printed. A last line that was not ended is left out: the
/// tool failed in the middle of it.
pub(super) fn read(text: &str) -> Result<Vec<Dumped>, String> {
    let ended = text.rfind('\n').map_or("", |at| &text[..at]);
    let mut all: Vec<Dumped> = Vec::new();
    for line in ended.lines() {
        let wrong = |why: String| format!("kafka-dump-log said {line:?}: {why}");
        if let Some(path) = line.strip_prefix("Dumping ") {
            all.push(Dumped {
                path: path.to_owned(),
                ..Dumped::default()
            });
            continue;
        }
        let file = all.last_mut().ok_or_else(|| wrong("of no file".into()))?;
        if let Some(rest) = line.strip_prefix("| ") {
            let batch = file.batches.last_mut();
            let batch = batch.ok_or_else(|| wrong("in no batch".into()))?;
            batch.records.push(record(rest).map_err(wrong)?);
        } else if let Some(rest) = line.strip_prefix("Found ") {
            let count = rest.split(' ').next().and_then(|n| n.parse().ok());
            file.invalid_bytes = count.ok_or_else(|| wrong("no count".into()))?;
        } else if line.starts_with("baseOffset: ") || line.starts_with("offset: ") {
            file.batches.push(batch(line).map_err(wrong)?);
        } else if !HEADINGS.iter().any(|one| line.starts_with(one)) && !line.is_empty() {
            return Err(wrong("that is not understood".into()));
        }
    }
    Ok(all)
}

/// `name: value` again and again.
struct Words<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Words<'t> {
    fn of(text: &'t str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let pairs = words.chunks(2).map(|pair| match pair {
            [name, value] => name.strip_suffix(':').map(|name| (name, *value)),
            _ => None,
        });
        let pairs: Option<Vec<_>> = pairs.collect();
        pairs.map(Self).ok_or_else(|| "not names and values".into())
    }

    fn text(&mut self, name: &str) -> Result<&'t str, String> {
        let at = self.0.iter().position(|(one, _)| *one == name);
        let at = at.ok_or_else(|| format!("no {name}"))?;
        Ok(self.0.remove(at).1)
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str) -> Result<T, String> {
        let text = self.text(name)?;
        text.parse().map_err(|_| format!("{name} is {text}"))
    }

    /// The timestamp, whose name says of which type it is.
    fn timestamp(&mut self) -> Result<(&'t str, i64), String> {
        let types = ["CreateTime", "LogAppendTime", "NoTimestampType"];
        let found = types
            .iter()
            .find(|name| self.0.iter().any(|(one, _)| one == *name));
        let name = *found.ok_or_else(|| "no timestamp".to_owned())?;
        Ok((name, self.number(name)?))
    }

    fn nothing_left(&self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("{name} is not understood")),
        }
    }
}

fn batch(line: &str) -> Result<DumpedBatch, String> {
    let mut words = Words::of(line)?;
    let (timestamp_type, max_timestamp) = words.timestamp()?;
    let mut batch = DumpedBatch {
        position: words.number("position")?,
        size: words.number("size")?,
        base_offset: 0,
        last_offset: 0,
        count: None,
        base_sequence: -1,
        producer_id: -1,
        producer_epoch: -1,
        leader_epoch: -1,
        transactional: false,
        control: false,
        delete_horizon: None,
        timestamp_type: timestamp_type.to_owned(),
        max_timestamp,
        magic: words.number("magic")?,
        codec: words.text("compresscodec")?.to_owned(),
        crc: words.number("crc")?,
        valid: words.number("isvalid")?,
        records: Vec::new(),
    };
    if line.starts_with("offset: ") {
        batch.last_offset = words.number("offset")?;
        batch.base_offset = batch.last_offset;
    } else {
        batch.base_offset = words.number("baseOffset")?;
        batch.last_offset = words.number("lastOffset")?;
        batch.count = Some(words.number("count")?);
        batch.base_sequence = words.number("baseSequence")?;
        words.text("lastSequence")?;
        batch.producer_id = words.number("producerId")?;
        batch.producer_epoch = words.number("producerEpoch")?;
        batch.leader_epoch = words.number("partitionLeaderEpoch")?;
        batch.transactional = words.number("isTransactional")?;
        batch.control = words.number("isControl")?;
        batch.delete_horizon = optional_long(words.text("deleteHorizonMs")?)?;
    }
    words.nothing_left()?;
    Ok(batch)
}

/// As Java prints an `OptionalLong`.
fn optional_long(text: &str) -> Result<Option<i64>, String> {
    if text == "OptionalLong.empty" {
        return Ok(None);
    }
    let inner = text
        .strip_prefix("OptionalLong[")
        .and_then(|rest| rest.strip_suffix(']'));
    let number = inner.and_then(|inner| inner.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| format!("{text} is no number"))
}

fn record(text: &str) -> Result<DumpedRecord, String> {
    let (front, rest) = text
        .split_once(" headerKeys: [")
        .ok_or_else(|| "no headerKeys".to_owned())?;
    let (header_keys, control) = rest
        .split_once(']')
        .ok_or_else(|| "headerKeys without an end".to_owned())?;
    let mut words = Words::of(front)?;
    let record = DumpedRecord {
        offset: words.number("offset")?,
        timestamp: words.timestamp()?.1,
        key_size: words.number("keySize")?,
        value_size: words.number("valueSize")?,
        header_keys: header_keys.to_owned(),
        // Other control records are KRaft's, and follow as JSON.
        marker: control
            .strip_prefix(" endTxnMarker: ")
            .and_then(|rest| rest.split(' ').next())
            .map(str::to_owned),
    };
    words.text("sequence")?;
    words.nothing_left()?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: &str = "baseOffset: 4 lastOffset: 5 count: 2 baseSequence: 0 lastSequence: 1 \
        producerId: 7 producerEpoch: 3 partitionLeaderEpoch: 1 isTransactional: true \
        isControl: false deleteHorizonMs: OptionalLong[12] position: 99 CreateTime: 1700 \
        size: 140 magic: 2 compresscodec: zstd crc: 4294967295 isvalid: false";

    fn said(lines: &[&str]) -> String {
        let mut text = "Dumping /a b/0.log\nLog starting offset: 0\n".to_owned();
        for line in lines {
            text += line;
            text += "\n";
        }
        text
    }

    #[test]
    fn a_batch_its_records_and_invalid_bytes_are_read() {
        let text = said(&[
            BATCH,
            "| offset: 4 CreateTime: 1699 keySize: -1 valueSize: 9 sequence: 0 headerKeys: [a,b]",
            "| offset: 5 CreateTime: 1700 keySize: 4 valueSize: 6 sequence: -1 headerKeys: [] endTxnMarker: ABORT coordinatorEpoch: 0",
            "Found 17 invalid bytes at the end of 0.log",
        ]);
        let file = &read(&text).unwrap()[0];
        assert_eq!((file.path.as_str(), file.invalid_bytes), ("/a b/0.log", 17));
        let batch = &file.batches[0];
        assert_eq!((batch.position, batch.size, batch.crc), (99, 140, u32::MAX));
        assert_eq!(
            (batch.base_offset, batch.last_offset, batch.count),
            (4, 5, Some(2))
        );
        assert_eq!(batch.delete_horizon, Some(12));
        assert!(batch.transactional && !batch.control && !batch.valid);
        assert_eq!(batch.codec, "zstd");
        assert_eq!(batch.records[0].header_keys, "a,b");
        assert_eq!(batch.records[0].key_size, -1);
        assert_eq!(batch.records[1].marker.as_deref(), Some("ABORT"));
    }

    #[test]
    fn what_is_not_understood_is_an_error_that_repeats_it() {
        let more = format!("{BATCH} colour: red");
        for line in [
            "Something else",
            more.as_str(),
            "baseOffset: 1",
            "| offset: 1",
        ] {
            let error = read(&said(&[line])).unwrap_err();
            assert!(error.contains(line), "{error}");
        }
    }

    #[test]
    fn a_line_in_which_the_tool_failed_is_left_out() {
        let text = said(&[BATCH]) + "baseOffset: 6 lastOffset: 7 count: 2";
        assert_eq!(read(&text).unwrap()[0].batches.len(), 1);
    }

    #[test]
    fn each_file_has_its_own_batches() {
        let text = said(&[BATCH]) + &said(&[BATCH, BATCH]);
        let counts: Vec<usize> = read(&text)
            .unwrap()
            .iter()
            .map(|f| f.batches.len())
            .collect();
        assert_eq!(counts, [1, 2]);
    }
}
