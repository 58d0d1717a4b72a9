//! One record.

/// What a producer sent, and the offset that it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rec {
    pub offset: u64,
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Rec {
    pub fn new(offset: u64, key: Option<&str>, value: Option<&str>) -> Self {
        Self {
            offset,
            timestamp: 1_700_000_000_000 + offset as i64,
            key: key.map(|key| key.as_bytes().to_vec()),
            value: value.map(|value| value.as_bytes().to_vec()),
            headers: Vec::new(),
        }
    }

    /// One whose content follows from its offset: without key, with null, with
    /// headers, each now and then.
    pub fn numbered(offset: u64) -> Self {
        let key = (!offset.is_multiple_of(3)).then(|| format!("key-{offset}"));
        let value = (!offset.is_multiple_of(7)).then(|| format!("value of {offset}"));
        let mut record = Self::new(offset, key.as_deref(), value.as_deref());
        if offset.is_multiple_of(4) {
            record.headers = vec![
                (b"a".to_vec(), Some(offset.to_be_bytes().to_vec())),
                (b"none".to_vec(), None),
                (b"".to_vec(), Some(Vec::new())),
            ];
        }
        record
    }

    /// As it lies in a batch, uncompressed.
    pub fn encode(&self, base_offset: u64, base_timestamp: i64, into: &mut Vec<u8>) {
        let mut body = vec![0];
        varint(self.timestamp.wrapping_sub(base_timestamp), &mut body);
        varint((self.offset - base_offset) as i64, &mut body);
        nullable(self.key.as_deref(), &mut body);
        nullable(self.value.as_deref(), &mut body);
        varint(self.headers.len() as i64, &mut body);
        for (name, value) in &self.headers {
            nullable(Some(name), &mut body);
            nullable(value.as_deref(), &mut body);
        }
        varint(body.len() as i64, into);
        into.extend(body);
    }
}

/// Zigzag, seven bits a byte.
pub fn varint(value: i64, into: &mut Vec<u8>) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        into.push(left as u8 | 0x80);
        left >>= 7;
    }
    into.push(left as u8);
}

fn nullable(bytes: Option<&[u8]>, into: &mut Vec<u8>) {
    match bytes {
        None => varint(-1, into),
        Some(bytes) => {
            varint(bytes.len() as i64, into);
            into.extend(bytes);
        }
    }
}
