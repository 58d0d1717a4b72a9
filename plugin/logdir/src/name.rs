//! What Kafka calls directories and files. Source: `LogFileUtils`,
//! `UnifiedLog` (`DeleteDirSuffix` and its sisters).

/// What a directory below a log directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DirName {
    /// `<topic>-<partition>`
    Replica(String, u32),
    /// `<topic>-<partition>.<uuid>-future`: being moved here.
    Future(String, u32),
    /// `<topic>.<uuid>-delete`: being deleted.
    Deleted,
    /// `<topic>.<uuid>-stray`: set aside at a start.
    Stray(String),
}

/// The longest topic (`Topic.MAX_NAME_LENGTH`).
const MAX_TOPIC: usize = 249;

pub(crate) fn dir_name(name: &str) -> Option<DirName> {
    if name.ends_with("-delete") {
        return Some(DirName::Deleted);
    }
    if let Some(name) = name.strip_suffix("-stray") {
        return Some(DirName::Stray(name.to_owned()));
    }
    if let Some(name) = name.strip_suffix("-future") {
        let (replica, _) = name.rsplit_once('.')?;
        return replica_name(replica).map(|(topic, partition)| DirName::Future(topic, partition));
    }
    replica_name(name).map(|(topic, partition)| DirName::Replica(topic, partition))
}

fn replica_name(name: &str) -> Option<(String, u32)> {
    let (topic, number) = name.rsplit_once('-')?;
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let fits = (1..=MAX_TOPIC).contains(&topic.len()) && topic.bytes().all(legal);
    let number: u32 = number.parse().ok().filter(|n| *n <= i32::MAX as u32)?;
    // `t-01` is none: Kafka prints no leading zeros.
    (fits && name.ends_with(&format!("-{number}"))).then(|| (topic.to_owned(), number))
}

/// What a file of a replica's directory is to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileName {
    /// `<base>.log`
    Log(u64),
    /// `<base>.log.swap`: what a cleaner made, complete.
    Swap(u64),
    /// `<base>.log.cleaned`, or another file of such a segment: what a cleaner
    /// was making.
    Cleaned(u64),
}

pub(crate) fn file_name(name: &str) -> Option<FileName> {
    let (base, ending) = name.split_once('.')?;
    if base.len() != 20 || !base.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let base = base.parse::<u64>().ok().filter(|n| *n <= i64::MAX as u64)?;
    match ending {
        "log" => Some(FileName::Log(base)),
        "log.swap" => Some(FileName::Swap(base)),
        _ if ending.ends_with(".cleaned") => Some(FileName::Cleaned(base)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn directories_are_known_by_their_names() {
        let replica = |topic: &str, n| Some(DirName::Replica(topic.into(), n));
        assert_eq!(dir_name("a-b-12"), replica("a-b", 12));
        assert_eq!(
            dir_name("__consumer_offsets-0"),
            replica("__consumer_offsets", 0)
        );
        assert_eq!(
            dir_name("t-0.0123456789abcdef0123456789abcdef-future"),
            Some(DirName::Future("t".into(), 0))
        );
        assert_eq!(dir_name("t-0.0123-delete"), Some(DirName::Deleted));
        assert_eq!(
            dir_name("t-0.01-stray"),
            Some(DirName::Stray("t-0.01".into()))
        );
        for none in ["t", "-0", "t-", "t-01", "t-x", "lost+found", "t-4294967296"] {
            assert_eq!(dir_name(none), None, "{none}");
        }
    }

    #[test]
    fn files_are_known_by_their_names() {
        assert_eq!(
            file_name("00000000000000000042.log"),
            Some(FileName::Log(42))
        );
        assert_eq!(
            file_name("00000000000000000042.log.swap"),
            Some(FileName::Swap(42))
        );
        assert_eq!(
            file_name("00000000000000000042.timeindex.cleaned"),
            Some(FileName::Cleaned(42))
        );
        for none in [
            "42.log",
            "00000000000000000042.log.deleted",
            "00000000000000000042.index",
            "99999999999999999999.log",
        ] {
            assert_eq!(file_name(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_taken_or_left(name in "\\PC*") {
            let _ = (dir_name(&name), file_name(&name));
        }
    }
}
