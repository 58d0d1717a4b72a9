//! Values of the metadata log, one after another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slackwater_logdir::MetadataImage;
use slackwater_logdir_fuzz::pieces;

fuzz_target!(|bytes: &[u8]| {
    let mut image = MetadataImage::default();
    for value in pieces(bytes) {
        let _ = image.apply(value);
    }
    for topic in image.topics.values() {
        for (partition, replicas) in &topic.partitions {
            // No more than there were bytes for.
            assert!(replicas.len() <= bytes.len(), "{partition}");
        }
    }
    let _ = image.assigns("BwcHBwcHBwcHBwcHBwcHBw", 0, 1);
});
