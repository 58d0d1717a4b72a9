//! Tests of the whole: records in, an image out.

mod encode;
mod follow;
mod kafka;
mod refuse;
mod roundtrip;

use super::{MetadataError, MetadataImage};

/// Feeds records from offset 0 on.
fn feed(
    image: &mut MetadataImage,
    records: impl IntoIterator<Item = Vec<u8>>,
) -> Result<(), MetadataError> {
    let next = image.last_offset().map_or(0, |last| last + 1);
    for (offset, record) in (next..).zip(records) {
        image.apply(offset, &record)?;
    }
    Ok(())
}

/// The image after these.
fn after(records: impl IntoIterator<Item = Vec<u8>>) -> MetadataImage {
    let mut image = MetadataImage::default();
    feed(&mut image, records).unwrap();
    image
}

/// Why the last of these is refused, and none before it.
fn refused(records: impl IntoIterator<Item = Vec<u8>>) -> MetadataError {
    let mut records: Vec<_> = records.into_iter().collect();
    let last = records.pop().unwrap();
    let offset = records.len() as u64;
    after(records).apply(offset, &last).unwrap_err()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}
