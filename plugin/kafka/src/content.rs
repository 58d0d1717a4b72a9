//! What of a record goes into its digest.

use slackwater_ports::Digest128;

use crate::ffi::Record;

/// Whether what follows was there. Without it a null key and an empty one
/// would have the same digest, and they are different records: a null value
/// deletes a key of a compacted topic, an empty one does not.
const ABSENT: &[u8] = &[0];
const PRESENT: &[u8] = &[1];

/// The digest over key, value and headers: presence and bytes of the key, the
/// same of the value, then for each header its name, presence and value, in
/// the order of the record. Offset, timestamp and epoch stand beside it.
pub(crate) fn content(record: &Record<'_>) -> Digest128 {
    let mut parts = Vec::with_capacity(4 + 3 * record.headers.len());
    push(&mut parts, record.key);
    push(&mut parts, record.value);
    for (name, value) in &record.headers {
        parts.push(*name);
        push(&mut parts, *value);
    }
    Digest128::of(parts)
}

fn push<'m>(parts: &mut Vec<&'m [u8]>, bytes: Option<&'m [u8]>) {
    parts.push(if bytes.is_some() { PRESENT } else { ABSENT });
    parts.push(bytes.unwrap_or_default());
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
