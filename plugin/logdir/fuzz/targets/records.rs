//! One batch that is not looked at before: its body is decompressed and
//! decoded whatever it holds.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use slackwater_logdir::{BatchHeader, HEADER, control, for_each};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER>() else {
        return Corpus::Reject;
    };
    let Ok(header) = BatchHeader::read(header, u64::MAX) else {
        return Corpus::Reject;
    };
    let mut scratch = Vec::new();
    let (mut count, mut next) = (0, header.base_offset);
    let read = for_each(&header, body, &mut scratch, |record| {
        assert!((next..=header.last_offset).contains(&record.offset));
        next = record.offset + 1;
        count += 1;
        record.content();
    });
    assert!(count <= header.records);
    assert!(read.is_err() || count == header.records);
    let marker = control(&header, body, &mut scratch);
    assert!(read.is_ok() || marker.is_none());
    Corpus::Keep
});
