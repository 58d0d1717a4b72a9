//! Records of a metadata transaction (KIP-868) that has not ended.
//!
//! They are kept as they were given: what is read of a record takes more room
//! than its bytes.

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    /// Offset of its beginning.
    pub(super) since: u64,
    bytes: Vec<u8>,
    /// Offset of each record, and where its bytes end.
    records: Vec<(u64, usize)>,
}

impl Pending {
    pub(super) fn new(since: u64) -> Self {
        Self {
            since,
            bytes: Vec::new(),
            records: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, offset: u64, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.records.push((offset, self.bytes.len()));
    }

    /// Offsets and values, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut start = 0;
        self.records.iter().map(move |(offset, end)| {
            let value = &self.bytes[start..*end];
            start = *end;
            (*offset, value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let records: [(u64, &[u8]); 3] = [(5, b"ab"), (6, b""), (9, b"c")];
        let mut pending = Pending::new(4);
        for (offset, value) in records {
            pending.push(offset, value);
        }
        assert!(pending.iter().eq(records));
    }
}
