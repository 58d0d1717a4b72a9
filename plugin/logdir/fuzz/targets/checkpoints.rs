//! The small files. What is read of a checkpoint is the same when it is
//! written and read again.
#![no_main]

use std::fmt::Write as _;

use libfuzzer_sys::{Corpus, fuzz_target};
use slackwater_logdir::kraft::Uuid;
use slackwater_logdir::small;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    if let Ok(offsets) = small::offsets(text) {
        let mut again = format!("0\n{}\n", offsets.len());
        for (id, offset) in &offsets {
            writeln!(again, "{} {} {offset}", id.topic, id.partition).expect("a string");
        }
        assert_eq!(small::offsets(&again), Ok(offsets));
    }
    if let Ok(epochs) = small::epochs(text) {
        let mut again = format!("0\n{}\n", epochs.len());
        for (epoch, start) in &epochs {
            writeln!(again, "{epoch} {start}").expect("a string");
        }
        assert_eq!(small::epochs(&again), Ok(epochs));
    }
    let _ = small::meta_properties(text);
    if let Ok(id) = small::topic_id(text) {
        let _ = Uuid::parse(&id);
    }
    Corpus::Keep
});
