//! What lies on volumes.

use slackwater_ports as ports;
use slackwater_ports::{ContentDepth, RangeWanted, ScanWanted, Seen};

use crate::Capabilities;
use crate::bindings::slackwater::phase::volume_content as wit;
use crate::convert::Convert as _;

impl ports::VolumeContent for Capabilities {
    fn survey(&self) -> Seen<ports::ContentSurvey> {
        wit::survey().convert()
    }

    fn scan(&self, depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ports::ScanRow>> {
        let wanted: Vec<wit::ScanWanted> = wanted.to_vec().convert();
        wit::scan(depth.convert(), &wanted).convert()
    }

    fn range(&self, wanted: &[RangeWanted]) -> Seen<Vec<ports::RangeRow>> {
        let wanted: Vec<wit::RangeWanted> = wanted.to_vec().convert();
        wit::range(&wanted).convert()
    }

    fn transactions(&self) -> Seen<ports::TransactionsSeen> {
        wit::transactions().convert()
    }

    fn metadata(&self) -> Seen<Vec<ports::MetadataSeen>> {
        wit::metadata().convert()
    }
}
