//! Copying a file with its holes.
//!
//! A broker sets aside 10 MiB for each of a segment's two indexes before it
//! writes to them (`segment.index.bytes`). Copied as bytes, those holes would
//! be gigabytes of zeros, and seconds of a held mirror.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use rustix::fs::{SeekFrom as Place, seek};
use rustix::io::Errno;

/// Copies the data of `source` to the same offsets of the empty file `copy`,
/// up to the length that it has now. On a file system that knows no holes all
/// of it is data.
pub(crate) fn copy_data(mut source: &File, mut copy: &File) -> io::Result<()> {
    let length = source.metadata()?.len();
    copy.set_len(length)?;
    let mut at = 0;
    while at < length {
        let data = match seek(source, Place::Data(at)) {
            Ok(data) => data,
            // Nothing but a hole up to the end.
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = seek(source, Place::Hole(data))?.min(length);
        if data >= end {
            break;
        }
        source.seek(SeekFrom::Start(data))?;
        copy.seek(SeekFrom::Start(data))?;
        let copied = io::copy(&mut source.take(end - data), &mut copy)?;
        if copied < end - data {
            // It was cut short meanwhile; its length is what it was.
            break;
        }
        at = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt as _, MetadataExt as _};

    use super::*;

    fn copied(source: &File) -> File {
        let copy = tempfile::tempfile().unwrap();
        copy_data(source, &copy).unwrap();
        copy
    }

    #[test]
    fn a_file_with_holes_comes_back_byte_for_byte_and_as_small() {
        let source = tempfile::tempfile().unwrap();
        source.set_len(10 << 20).unwrap();
        source.write_all_at(b"head", 0).unwrap();
        source.write_all_at(b"middle", 4 << 20).unwrap();
        let copy = copied(&source);
        let read = |file: &File| {
            let mut bytes = vec![0; 10 << 20];
            file.read_exact_at(&mut bytes, 0).unwrap();
            bytes
        };
        assert!(read(&source) == read(&copy));
        assert_eq!(copy.metadata().unwrap().len(), 10 << 20);
        let blocks = |file: &File| file.metadata().unwrap().blocks();
        assert!(
            blocks(&copy) <= blocks(&source).max(64),
            "{}",
            blocks(&copy)
        );
    }

    #[test]
    fn a_file_of_nothing_but_a_hole_and_an_empty_one_keep_their_length() {
        for length in [0, 1 << 20] {
            let source = tempfile::tempfile().unwrap();
            source.set_len(length).unwrap();
            assert_eq!(copied(&source).metadata().unwrap().len(), length);
        }
    }

    #[test]
    fn a_file_without_holes_is_copied_whole() {
        let source = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..300_000u32).map(|n| n as u8 | 1).collect();
        source.write_all_at(&bytes, 0).unwrap();
        let mut back = vec![0; bytes.len()];
        copied(&source).read_exact_at(&mut back, 0).unwrap();
        assert!(back == bytes);
    }
}
