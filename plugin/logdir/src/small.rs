//! The small text files of a broker: checkpoints, `meta.properties`,
//! `partition.metadata`. Parsing is pure; reading has a limit.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use slackwater_ports::PartitionId;

use crate::LogdirError;
use crate::file;

/// The largest such file: a checkpoint of a million partitions with names of
/// 200 characters.
const MAX_BYTES: u64 = 256 << 20;

/// What `meta.properties` says (KIP-631, KIP-858).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetaProperties {
    /// `cluster.id`
    pub cluster_id: Option<String>,
    /// `node.id`
    pub node_id: Option<i32>,
    /// `directory.id`
    pub directory_id: Option<String>,
}

/// One entry of `leader-epoch-checkpoint`: the epoch and its first offset.
pub type EpochStart = (i32, u64);

/// Offsets by partition, as `OffsetCheckpointFile` keeps them.
pub type OffsetCheckpoint = BTreeMap<PartitionId, u64>;

/// The text of `path`; `None` where there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, LogdirError> {
    let file = match file::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LogdirError::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(LogdirError::io("read", path))?;
    let malformed = |why: &str| LogdirError::Malformed {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(malformed("it is too large"));
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| malformed("it is not UTF-8"))
}

/// What `parse` makes of the file; `None` where there is none.
pub(crate) fn read_as<T>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, LogdirError> {
    read(path)?
        .map(|text| {
            parse(&text).map_err(|why| LogdirError::Malformed {
                path: path.to_owned(),
                why,
            })
        })
        .transpose()
}

/// Reads an `OffsetCheckpointFile`: version, count, then topic, partition and
/// offset a line.
pub fn offsets(text: &str) -> Result<OffsetCheckpoint, String> {
    lines(text)?
        .map(|line| {
            let mut words = line.rsplitn(3, ' ');
            let mut next = || {
                words
                    .next()
                    .ok_or_else(|| format!("line {line:?} is short"))
            };
            let (offset, partition, topic) = (next()?, next()?, next()?);
            let number = |text: &str| text.parse::<u64>().map_err(|_| format!("line {line:?}"));
            let partition =
                u32::try_from(number(partition)?).map_err(|_| format!("line {line:?}"))?;
            Ok((PartitionId::new(topic, partition), number(offset)?))
        })
        .collect()
}

/// Reads a `LeaderEpochCheckpointFile`.
pub fn epochs(text: &str) -> Result<Vec<EpochStart>, String> {
    lines(text)?
        .map(|line| {
            let entry = line
                .split_once(' ')
                .and_then(|(epoch, offset)| Some((epoch.parse().ok()?, offset.parse().ok()?)));
            entry.ok_or_else(|| format!("line {line:?}"))
        })
        .collect()
}

/// The entries of a checkpoint: as many as it says there are. An empty file,
/// which a crash leaves, has none (`CheckpointFile`).
fn lines(text: &str) -> Result<impl Iterator<Item = &str>, String> {
    if text.is_empty() {
        return Ok(Vec::new().into_iter());
    }
    let mut lines = text.lines();
    let mut number = |what: &str| -> Result<usize, String> {
        let line = lines.next().unwrap_or_default();
        line.parse().map_err(|_| format!("its {what} is {line:?}"))
    };
    let version = number("version")?;
    if version != 0 {
        return Err(format!("it has version {version}, not 0"));
    }
    let count = number("count")?;
    let entries: Vec<&str> = lines.collect();
    if entries.len() != count {
        return Err(format!("it has {} entries and says {count}", entries.len()));
    }
    Ok(entries.into_iter())
}

/// Reads `meta.properties`. Unknown keys are left alone.
pub fn meta_properties(text: &str) -> Result<MetaProperties, String> {
    let mut meta = MetaProperties::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let value = unescaped(value.trim());
        match key.trim() {
            "cluster.id" => meta.cluster_id = Some(value),
            "directory.id" => meta.directory_id = Some(value),
            "node.id" => {
                let id = value.parse().map_err(|_| format!("node.id is {value:?}"))?;
                meta.node_id = Some(id);
            }
            _ => {}
        }
    }
    Ok(meta)
}

/// Java's `Properties` puts a backslash before `=`, `:`, `#`, `!` and itself:
/// old cluster ids end in `==`.
fn unescaped(value: &str) -> String {
    let mut chars = value.chars();
    let mut next = || match chars.next() {
        Some('\\') => chars.next(),
        other => other,
    };
    std::iter::from_fn(&mut next).collect()
}

/// The topic id in `partition.metadata` (KIP-516).
pub fn topic_id(text: &str) -> Result<String, String> {
    let id = text.lines().find_map(|line| line.strip_prefix("topic_id:"));
    id.map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty() && id.len() <= 64)
        .ok_or_else(|| "it has no topic_id".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn checkpoints_are_read_as_kafka_writes_them() {
        let read = offsets("0\n2\na-b 0 12\nt 3 0\n").unwrap();
        assert_eq!(read[&PartitionId::new("a-b", 0)], 12);
        assert_eq!(read.len(), 2);
        assert_eq!(epochs("0\n2\n0 0\n4 17\n"), Ok(vec![(0, 0), (4, 17)]));
        assert_eq!(offsets("0\n0\n"), Ok(OffsetCheckpoint::new()));
    }

    #[test]
    fn a_checkpoint_that_lost_lines_is_not_believed() {
        assert!(offsets("0\n3\nt 0 1\n").is_err());
        assert!(offsets("1\n0\n").is_err());
        assert!(offsets("\n").is_err());
        assert_eq!(offsets(""), Ok(OffsetCheckpoint::new()));
        assert!(epochs("0\n1\n0\n").is_err());
    }

    #[test]
    fn properties_and_topic_ids_are_found() {
        let meta = meta_properties("#\nversion=1\nnode.id=2\ncluster.id=abc\n").unwrap();
        assert_eq!(
            (meta.node_id, meta.cluster_id.as_deref()),
            (Some(2), Some("abc"))
        );
        let meta = meta_properties("cluster.id=a\\:b\\\\c\\=\\=\n").unwrap();
        assert_eq!(meta.cluster_id.as_deref(), Some("a:b\\c=="));
        assert_eq!(
            topic_id("version: 0\ntopic_id: x_Y\n"),
            Ok("x_Y".to_owned())
        );
        assert!(topic_id("version: 0\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\PC|\n)*") {
            let _ = (offsets(&text), epochs(&text), meta_properties(&text), topic_id(&text));
        }
    }
}
