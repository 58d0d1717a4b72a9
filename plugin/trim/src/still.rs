//! What a cut says of where the partitions on its own volumes end. Of a mirror that stood
//! still it says it of each, and what it had past the last point of its source at the most;
//! of one that ran on, what it had at the least.

use std::collections::BTreeMap;

use slackwater_cut::{Cut, Hot, HotLook};
use slackwater_point::{Located, Point};
use slackwater_ports::PartitionId;

use crate::error::TrimError;
use crate::examine::Examined;
use crate::plan::Work;

/// Of a partition that stood still.
pub(crate) struct Still {
    /// Where it ended.
    pub(crate) end: u64,
    /// How many records at the most it had past the newest sweep; `None` where that is not
    /// known.
    pub(crate) past: Option<u64>,
    /// Source offset of the last record mirrored, as Connect had committed it.
    pub(crate) last_mirrored: Option<u64>,
}

impl Still {
    /// Where nothing is past the newest sweep its head is the log's end, whatever the source
    /// has deleted since; and where more would be than was, its marks were found too early.
    pub(crate) fn hold_against(&self, found: &mut Examined) {
        if self.end != found.log.end {
            return;
        }
        let (Some(past), Some(newest)) = (self.past, found.located.last_mut()) else {
            return;
        };
        let records = found.log.window.records.iter();
        match *newest {
            _ if past == 0 => *newest = Located::At(found.log.end),
            // Its records come again in this log: neither tells the older sweep's a place.
            Located::At(at) if records.filter(|one| one.offset >= at).count() as u64 > past => {
                found.located.fill(Located::NotThere);
            }
            _ => {}
        }
    }
}

impl Work<'_> {
    /// See [`crate::PlanOptions::is_of_cut`].
    pub(crate) fn ends_as_it_stood(&self) -> Result<(), TrimError> {
        let all = self
            .site
            .still
            .iter()
            .filter(|_| self.site.options.is_of_cut);
        let ends: BTreeMap<&PartitionId, u64> = self
            .examined
            .iter()
            .map(|one| (&one.log.partition, one.log.end))
            .collect();
        for (partition, still) in all {
            let end = ends.get(partition).copied().unwrap_or(0);
            if end != still.end {
                return Err(TrimError::NotAsItStood {
                    partition: partition.clone(),
                    end,
                    then: still.end,
                });
            }
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Of a run that stopped nothing: what was acknowledged when it looked, before all volumes
    /// were flushed and cut, some copy has.
    pub(crate) fn has_what_was_acknowledged(&self) -> Result<(), TrimError> {
        let hot = self.site.cut.hot.as_ref();
        let hot = hot.filter(|_| self.site.options.is_of_cut);
        let Some((hot, look)) = hot.and_then(|hot| Some((hot, hot.looks.first()?))) else {
            return Ok(());
        };
        let least = seen(hot, look);
        // A topic that was made anew meanwhile may be left out.
        let left = |one: &&Examined| !self.site.is_excluded(&one.log.partition.topic);
        for one in self.examined.iter().filter(left) {
            let (partition, end) = (&one.log.partition, one.log.end);
            if let Some(then) = least.get(partition).filter(|then| end < **then) {
                return Err(TrimError::Lacks {
                    partition: partition.clone(),
                    end,
                    then: *then,
                });
            }
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Of a run that stopped nothing: what the mirror had at a look, the source had at every
    /// later sweep, and its head lies behind all of it. Where it is found before, its marks are
    /// others that are the same.
    pub(crate) fn hold_against_looks(&self, found: &mut Examined) {
        let Some(looked) = self.site.looked.get(&found.log.partition) else {
            return;
        };
        let heads = self.site.heads(&found.log.partition);
        let each = found.located.iter_mut().zip(heads).zip(&looked.had);
        for ((located, head), had) in each {
            let idle = looked.idle.as_ref().zip(head.as_ref());
            let is_end = idle.is_some_and(|(idle, head)| {
                // Records below it would say it better, and may contradict.
                let nothing_is_left = head.last.is_empty() && head.high_watermark > 0;
                let as_then = idle.end == found.log.end && idle.end > 0;
                idle.head == head.high_watermark && nothing_is_left && as_then
            });
            if is_end {
                *located = Located::At(found.log.end);
                continue;
            }
            let (Located::At(at), Some(end)) = (*located, *had) else {
                continue;
            };
            let window = &found.log.window;
            let mut records = window.records.iter();
            let is_unread = at < end && at < window.from;
            if is_unread || records.any(|one| (at..end).contains(&one.offset)) {
                *located = Located::NotThere;
            }
        }
    }
}

impl Work<'_> {
    /// Whether a run that stopped nothing found, before all volumes were flushed and cut, that
    /// Connect had committed this much or more of a copy, and what the mirror had of it then is
    /// kept. Positions are asked for before heads: what they say was copied lies below these.
    pub(crate) fn had_copied(&self, of: usize, committed: u64, cut: u64) -> bool {
        let look = self.site.cut.hot.as_ref().and_then(|hot| hot.looks.first());
        let look = look.filter(|_| self.site.options.is_of_cut);
        let then = look.and_then(|look| {
            let position = look.positions.get(of).copied().flatten();
            position.zip(look.high_watermarks.get(of).copied().flatten())
        });
        then.is_some_and(|(position, end)| committed <= position && cut >= end)
    }
}

impl Work<'_> {
    /// Whether more is kept than was acknowledged when a run that stopped nothing looked for
    /// the last time, after all volumes were cut.
    pub(crate) fn keeps_more_than_was_seen(&self, point: &Point) -> bool {
        let hot = self.site.cut.hot.as_ref();
        let most = hot.and_then(|hot| Some(seen(hot, hot.looks.last()?)));
        let most = most.unwrap_or_default();
        let mut cuts = self.examined.iter().zip(&point.cuts);
        cuts.any(|(one, cut)| {
            let most = most.get(&one.log.partition);
            most.is_some_and(|most| cut > most)
        })
    }
}

/// What a run that stopped nothing saw of a copy.
pub(crate) struct Looked {
    /// Before each sweep: the high watermark at the last look that was over when the sweep
    /// began.
    had: Vec<Option<u64>>,
    /// Where nothing came to its source while all volumes were flushed and cut, and Connect
    /// had committed the last of what there was before: that head lies at the copy's end where
    /// the source has deleted all by which it could be found. It is Connect's word that all of
    /// it was copied, and that nothing of the copy was lost since.
    idle: Option<Idle>,
}

struct Idle {
    /// At the last sweep, when all volumes were cut.
    head: u64,
    /// Where the copy ended before they were flushed.
    end: u64,
}

/// Of each copy.
pub(crate) fn looked(cut: &Cut) -> BTreeMap<&PartitionId, Looked> {
    let Some(hot) = &cut.hot else {
        return BTreeMap::new();
    };
    let end = |look: &HotLook, at: usize| look.high_watermarks.get(at).copied().flatten();
    let each = hot.copies.iter().enumerate().map(|(at, copy)| {
        let had = hot.sweeps.iter().map(|sweep| {
            let is_before = |look: &&HotLook| {
                let began_ms = sweep.asked.first_request_ms;
                look.asked.last_answer_ms < began_ms
            };
            let before = hot.looks.iter().rev().filter(is_before);
            before.filter_map(|look| end(look, at)).next()
        });
        let idle = hot.looks.first().zip(hot.sweeps.last());
        let idle = idle.and_then(|(look, sweep)| {
            let head = sweep.heads.get(at)?.as_ref()?.high_watermark;
            let last = look.positions.get(at).copied().flatten()?;
            let is_after = sweep.asked.first_request_ms > look.asked.last_answer_ms;
            let end = end(look, at)?;
            (is_after && last.checked_add(1)? == head).then_some(Idle { head, end })
        });
        let had = had.collect();
        (&copy.mirror, Looked { had, idle })
    });
    each.collect()
}

/// The mirror's high watermarks at a look.
fn seen<'h>(hot: &'h Hot, look: &HotLook) -> BTreeMap<&'h PartitionId, u64> {
    let copies = hot.copies.iter().map(|copy| &copy.mirror);
    copies
        .zip(&look.high_watermarks)
        .filter_map(|(partition, end)| Some((partition, (*end)?)))
        .collect()
}

/// What was acknowledged before the first volume was cut: of a mirror that stood still of
/// each partition, whether that stands still or not; else of the copies.
pub(crate) fn acknowledged(cut: &Cut) -> BTreeMap<PartitionId, u64> {
    if let Some((hot, look)) = cut
        .hot
        .as_ref()
        .and_then(|hot| Some((hot, hot.looks.first()?)))
    {
        let all = seen(hot, look).into_iter();
        return all
            .map(|(partition, end)| (partition.clone(), end))
            .collect();
    }
    let rows = cut.rows.partitions.iter().filter(|_| cut.drain.is_some());
    let each = rows.map(|row| {
        let id = PartitionId::new(&cut.rows.topic(row).name, row.partition);
        (id, row.high_watermark)
    });
    each.collect()
}

/// Partitions of a run that stopped the mirror; of one that did not, none.
pub(crate) fn stood_still(cut: &Cut) -> BTreeMap<PartitionId, Still> {
    let points = cut.point.iter();
    let past: BTreeMap<&PartitionId, Option<u64>> = points
        .flat_map(|point| point.copies.iter().zip(&point.surplus))
        .map(|(copy, past)| (&copy.mirror, *past))
        .collect();
    let rows = cut.rows.still_rows().filter(|_| cut.drain.is_some());
    let each = rows.map(|row| {
        let id = PartitionId::new(&cut.rows.topic(row).name, row.partition);
        let past = past.get(&id).copied().flatten();
        let still = Still {
            end: row.high_watermark,
            past,
            last_mirrored: row.source.as_ref().and_then(|one| one.last_mirrored),
        };
        (id, still)
    });
    each.collect()
}
