//! Who votes in the quorum: `VotersRecord`, a control record of the metadata
//! log and of its snapshots (KIP-853). A quorum that is configured by
//! `controller.quorum.voters` has none.

use super::body::Body;
use super::error::Malformed;
use crate::wire::Cursor;

/// `ControlRecordType.KRAFT_VOTERS`
pub const KRAFT_VOTERS: i16 = 6;

/// `node.id` of each voter in the value of such a record.
///
/// # Errors
/// Bytes that are no `VotersRecord` of version 0.
pub fn voters(value: &[u8]) -> Result<Vec<i32>, Malformed> {
    let mut body = Body::new(Cursor::new(value), 0);
    let version = body.i16()?;
    if version != 0 {
        return Err(Malformed::Value {
            what: "version",
            value: version.into(),
        });
    }
    let mut ids = Vec::new();
    for _ in 0..body.count("voters")? {
        ids.push(body.i32()?);
        body.uuid()?;
        for _ in 0..body.count("endpoints")? {
            body.text("name")?;
            body.text("host")?;
            body.u16()?;
            body.untagged()?;
        }
        let _supported_versions = (body.i16()?, body.i16()?);
        body.untagged()?;
        body.untagged()?;
    }
    body.untagged()?;
    body.end()?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `kafka-storage format --standalone` of Kafka 4.3 writes it, but for
    /// the directory's id.
    fn record() -> Vec<u8> {
        let mut bytes = vec![0, 0, 2, 0, 0, 0, 7];
        bytes.extend([9; 16]);
        bytes.extend([2, 11]);
        bytes.extend(b"CONTROLLER");
        bytes.push(10);
        bytes.extend(b"localhost");
        bytes.extend([0x23, 0x85, 0, 0, 0, 0, 1, 0, 0, 0]);
        bytes
    }

    #[test]
    fn the_voters_of_a_record_are_found() {
        assert_eq!(voters(&record()), Ok(vec![7]));
    }

    #[test]
    fn a_record_that_is_cut_short_or_goes_on_names_nobody() {
        let whole = record();
        for length in 0..whole.len() {
            assert!(voters(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(voters(&[whole, vec![0]].concat()).is_err());
    }
}
