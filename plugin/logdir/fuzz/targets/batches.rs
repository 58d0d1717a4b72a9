//! Two segments of any bytes, read in every way: the answers agree.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::{Corpus, fuzz_target};
use slackwater_logdir::SegmentReader;
use slackwater_logdir_fuzz::{Shelf, wanted};

#[path = "../../tests/log/agree.rs"]
mod agree;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    thread_local! {
        static SHELF: Shelf = Shelf::default();
        static READER: RefCell<SegmentReader> = RefCell::default();
    }
    let Some(wanted) = wanted(bytes) else {
        return Corpus::Reject;
    };
    let replica = SHELF.with(|shelf| shelf.replica(&wanted));
    READER.with_borrow_mut(|reader| {
        agree::agree(reader, &replica, wanted.until, wanted.most);
    });
    Corpus::Keep
});
