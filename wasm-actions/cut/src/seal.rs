//! What a run had promised when it was sealed: it stays as it was, whatever is added to
//! the document later.

use serde::Serialize;

use crate::{Cut, CutError, Drain, Quiesce, Rows, Snapshot, canonical_json, sha256_hex};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seal<'a> {
    run_id: &'a str,
    mirror: &'a str,
    created_ms: u64,
    quiesce: &'a Option<Quiesce>,
    drain: &'a Option<Drain>,
    rows: Rows,
    snapshot: Option<Snapshot>,
}

impl Cut {
    /// SHA-256 of it, which a sealed cut and the closed one of the same run have in
    /// common; none of one that is not sealed and flushed.
    ///
    /// # Errors
    /// It can't be written.
    pub fn sealed_digest(&self) -> Result<Option<String>, CutError> {
        let flushed = |one: &&Snapshot| !one.flushed.is_empty();
        let Some(snapshot) = self.snapshot.as_ref().filter(flushed) else {
            return Ok(None);
        };
        let mut rows = self.rows.clone();
        for row in &mut rows.partitions {
            // What the closing look saw, and what was read of the snapshots.
            (row.closing_log_start_offset, row.content) = (None, None);
        }
        let seal = Seal {
            run_id: &self.run_id,
            mirror: &self.mirror,
            created_ms: self.created_ms,
            quiesce: &self.quiesce,
            drain: &self.drain,
            rows,
            snapshot: Some(Snapshot {
                // What came after.
                outage: None,
                confirmed_ms: None,
                identities: Vec::new(),
                volumes: Vec::new(),
                cut_revision: None,
                ended_ms: None,
                ..snapshot.clone()
            }),
        };
        Ok(Some(sha256_hex(canonical_json(&seal)?.as_bytes())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;
    use crate::{Bound, State};

    const CLOSED: &str = include_str!("../tests/fixtures/exactly-once.json");

    #[test]
    fn what_is_added_after_the_seal_leaves_its_digest_and_what_was_sealed_does_not() {
        let closed = Cut::parse(CLOSED).unwrap();
        let digest = closed.sealed_digest().unwrap();
        assert!(digest.is_some());
        let mut sealed = closed.clone();
        sealed.state = State::Sealed;
        sealed.lease.clear();
        let is_open = sealed
            .rows
            .partitions
            .iter()
            .any(|row| row.content.is_none());
        assert!(!is_open, "the fixture is of one that was read");
        for row in &mut sealed.rows.partitions {
            (row.closing_log_start_offset, row.content) = (None, None);
        }
        (sealed.bracket, sealed.resume, sealed.content) = (None, None, None);
        sealed.claims.clear();
        sealed.digest = None;
        let snapshot = sealed.snapshot.as_mut().unwrap();
        snapshot.volumes.clear();
        (snapshot.cut_revision, snapshot.ended_ms) = (None, None);
        sealed.bound = Some(Bound {
            begun_by: "a".to_owned(),
            pools: Vec::new(),
        });
        assert_eq!(sealed.sealed_digest().unwrap(), digest);

        let changes: [fn(&mut Cut); 5] = [
            |cut| cut.run_id.push('x'),
            |cut| cut.rows.partitions.truncate(1),
            |cut| cut.drain.as_mut().unwrap().ended_ms += 1,
            |cut| cut.quiesce.as_mut().unwrap().clusters.clear(),
            |cut| cut.snapshot.as_mut().unwrap().found_before = Some(vec!["uid".to_owned()]),
        ];
        for change in changes {
            let mut other = closed.clone();
            change(&mut other);
            assert_ne!(other.sealed_digest().unwrap(), digest);
        }
        sealed.snapshot.as_mut().unwrap().flushed.clear();
        assert_eq!(sealed.sealed_digest().unwrap(), None);
    }
}
