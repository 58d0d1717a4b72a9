//! How records are packed.

use std::io::Write as _;

/// A codec, and for snappy its two framings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    None,
    Gzip,
    /// As snappy-java frames it, in blocks of 32 KiB.
    SnappyJava,
    /// One block, as other clients do.
    SnappyBare,
    Lz4,
    Zstd,
}

impl Packing {
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::Gzip,
        Self::SnappyJava,
        Self::SnappyBare,
        Self::Lz4,
        Self::Zstd,
    ];

    /// The low bits of a batch's attributes.
    pub fn id(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::SnappyJava | Self::SnappyBare => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    pub fn pack(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => {
                let mut to =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                to.write_all(bytes).unwrap();
                to.finish().unwrap()
            }
            Self::SnappyJava => {
                let mut framed = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
                for block in bytes.chunks(32 << 10) {
                    let block = snap::raw::Encoder::new().compress_vec(block).unwrap();
                    framed.extend((block.len() as u32).to_be_bytes());
                    framed.extend(block);
                }
                framed
            }
            Self::SnappyBare => snap::raw::Encoder::new().compress_vec(bytes).unwrap(),
            Self::Lz4 => {
                let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
                to.write_all(bytes).unwrap();
                to.finish().unwrap()
            }
            Self::Zstd => zstd::stream::encode_all(bytes, 3).unwrap(),
        }
    }
}
