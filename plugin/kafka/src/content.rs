//! What of a record goes into its digest.

use slackwater_ports::Digest128;

use crate::ffi::Record;

/// The digest over key, value and headers.
pub(crate) fn content(record: &Record<'_>) -> Digest128 {
    Digest128::of_content(record.key, record.value, &record.headers)
}

#[cfg(test)]
mod tests {
    use slackwater_ports::TimestampType;

    use super::*;

    fn record<'m>(
        key: Option<&'m [u8]>,
        value: Option<&'m [u8]>,
        headers: &[(&'m [u8], Option<&'m [u8]>)],
    ) -> Record<'m> {
        Record {
            offset: 0,
            timestamp_ms: 0,
            timestamp_type: TimestampType::CreateTime,
            batch_epoch: None,
            key,
            value,
            headers: headers.to_vec(),
        }
    }

    #[test]
    fn records_that_differ_in_one_respect_have_different_digests() {
        let all = [
            record(None, None, &[]),
            record(Some(b""), None, &[]),
            record(None, Some(b""), &[]),
            record(Some(b"a"), None, &[]),
            record(None, Some(b"a"), &[]),
            record(None, None, &[(b"", None)]),
            record(None, None, &[(b"", Some(b""))]),
            record(None, None, &[(b"a", None)]),
            record(None, None, &[(b"a", Some(b"b"))]),
            record(None, None, &[(b"ab", Some(b""))]),
            record(None, None, &[(b"a", None), (b"b", None)]),
            record(None, None, &[(b"b", None), (b"a", None)]),
        ];
        let mut digests: Vec<_> = all.iter().map(content).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all.len());
    }
}
