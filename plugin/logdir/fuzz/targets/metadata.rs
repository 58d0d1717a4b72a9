//! Values of the metadata log, one after another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slackwater_logdir::kraft::{MetadataImage, Uuid};
use slackwater_logdir_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    let mut image = MetadataImage::default();
    for (offset, value) in (0..).zip(pieces(bytes)) {
        let _ = image.apply(offset, value);
    }
    for (_, topic) in image.topics.iter() {
        for (partition, one) in &topic.partitions {
            // No more than there were bytes for.
            assert!(one.replicas.len() <= bytes.len(), "{partition}");
        }
    }
    let _ = image.assigns(Uuid([7; 16]), 0, 1);
});
