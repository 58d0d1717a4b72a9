//! The last point that the source passed before a mirror stood still. A mirror that stands
//! still is not consistent over its partitions: each has what its task had copied by then.
//! All that the source had accepted by this point is there (`covers`), and in each partition
//! something more, which may come after what another lacks: the surplus.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cut, HotCopy, HotSweep};

/// Left by awaitDrain; validateHead reads the records below its heads when the mirror runs
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourcePoint {
    /// The partitions that are copied, in the order of the rows.
    pub copies: Vec<HotCopy>,
    /// The newest sweep of the source's heads that is covered, last; before it an older one,
    /// which a transaction that lies across the point falls back to.
    pub sweeps: Vec<HotSweep>,
    /// How many offsets of the source each copy is past its head of the last sweep, at the
    /// most; `null` where it is not known how far it is ahead of what Connect has committed.
    pub surplus: Vec<Option<u64>>,
    /// When the records below the heads were read last. Until then no head can be found in a
    /// log of the mirror; `null` where the sources did not answer.
    pub marked_ms: Option<u64>,
}

impl SourcePoint {
    /// Copies that may be past the point, and of which the records below their heads could
    /// not be read, or tell no place: nothing says where they are to be cut.
    pub fn unmarked(&self) -> impl Iterator<Item = &HotCopy> {
        let newest = self.sweeps.last().map(|sweep| sweep.heads.as_slice());
        let heads = newest.unwrap_or_default().iter();
        let each = self.copies.iter().zip(heads).zip(&self.surplus);
        each.filter(|((_, head), surplus)| {
            let is_marked = head.as_ref().is_some_and(|head| {
                let found = !head.last.is_empty() && !head.is_anywhere();
                head.high_watermark == 0 || found
            });
            **surplus != Some(0) && !is_marked
        })
        .map(|((copy, _), _)| copy)
    }
}

impl Cut {
    /// What is copied, and sweeps of the source's heads with the records below them: those
    /// of a hot run, or those that a mirror which stood still is past.
    pub fn swept(&self) -> Option<(&[HotCopy], &[HotSweep])> {
        if let Some(hot) = &self.hot {
            return Some((&hot.copies, &hot.sweeps));
        }
        let point = self.point.as_ref();
        let point = point.filter(|point| point.marked_ms.is_some())?;
        Some((&point.copies, &point.sweeps))
    }
}
