//! Makes the plan: reads the ends of all logs, asks for the point, reads what
//! that asks for, until there is one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use slackwater_cut::{Cut, SourcePartition, sha256_hex};
use slackwater_logdir::{Replica, SegmentReader, on_all_cores};
use slackwater_point::{
    Located, Log, MaxJettison, Numbered, OfCut, Older, Ordered, PLAN_VERSION, Plan, PlanKind,
    Point, ReadCount, Refused, SeenNumbers, SequenceAsked, Since, Sweep, TookPart, Unsolved,
    Wanted, by_sequence, by_source, by_timestamp, depends, within_limit,
};
use slackwater_ports::PartitionId;

use crate::coordinator;
use crate::draft;
use crate::error::TrimError;
use crate::examine::{Asked, Examined, Group, Reach, examine};
use crate::numbered::{Counted, Numbering, SequenceOf};
use crate::site::Site;
use crate::spread;
use crate::topics;
use crate::volumes::Volumes;

/// In which order the point is looked for.
#[derive(Clone, Copy)]
pub enum OrderAsked<'f> {
    /// That of the source's acceptance, by the sweeps in the cut.
    Source,
    /// That of timestamps, which are out of order by no more than this.
    Timestamp {
        /// Milliseconds.
        epsilon_ms: u64,
    },
    /// That of a number which each message has.
    Sequence {
        /// Gives it; `None` for a message that has none.
        of: SequenceOf<'f>,
        /// SHA-256 of the component by which it does.
        component: &'f str,
        /// What is stated of the numbers.
        stated: SequenceAsked,
    },
}

/// What may be asked of a plan.
#[derive(Clone)]
pub struct PlanOptions<'f> {
    /// The order.
    pub order: OrderAsked<'f>,
    /// How much may go.
    pub max: MaxJettison,
    /// Topics that say nothing of the order.
    pub exclude: Vec<String>,
    /// Whether Connect is to come up with the connectors of this mirror stopped, at the
    /// positions of what is kept.
    pub stops_connect: bool,
    /// Offset of the last record kept of partitions of which nothing on the volumes tells
    /// it, as their sources were found to have it: that or one before it.
    pub at_source: BTreeMap<SourcePartition, u64>,
    /// Whether the volumes are those of this cut: of a mirror that stood still they end
    /// where it did.
    pub is_of_cut: bool,
    /// Where the cut does not say when the volumes were cut, nothing was stamped later than
    /// this by an honest clock. Milliseconds since the Unix epoch.
    pub now_ms: Option<i64>,
}

/// Makes the plan; nothing is written.
///
/// # Errors
/// Volumes that can't be read or that no plan can put right; no point.
pub fn plan(cut: &Cut, volumes: &Volumes, options: &PlanOptions<'_>) -> Result<Plan, TrimError> {
    let site = Site::of(cut, options);
    let mut work = Work::begin(&site, volumes)?;
    work.ends_as_it_stood()?;
    work.has_what_was_acknowledged()?;
    let took_part = work.took_part()?;
    let solved = work.solve(&took_part)?;
    // More was read for it, and a copy may have turned out to be damaged further back.
    work.ends_as_it_stood()?;
    work.has_what_was_acknowledged()?;
    work.check(&solved)?;
    let read = work.read_what_depends(&solved.point)?;
    let ends = draft::ends(&work, &solved.point, &read.copies);
    let depends = depends(&ends, &read.groups, &read.positions);
    let partitions = draft::partitions(&work, &solved.point, &read);
    let (spread_before, spread_after) = spread::spreads(&work, &solved);
    let plan = Plan {
        api_version: PLAN_VERSION.to_owned(),
        kind: PlanKind::Plan,
        cut: Some(OfCut {
            run_id: cut.run_id.clone(),
            sha256: sha256_hex(cut.to_canonical()?.as_bytes()),
            other_volumes: !options.is_of_cut || work.keeps_more_than_was_seen(&solved.point),
        }),
        cluster_id: volumes.cluster_id.clone(),
        guarantee: solved.order.guarantee(),
        order: solved.order,
        pulled_by: draft::pulled_by(&work, &solved.point),
        excluded: work.in_no_order(),
        leaves_connect: !options.stops_connect,
        partitions,
        spread_before,
        spread_after,
        depends,
        read: work.count(),
        digest: None,
    };
    Ok(plan.sealed()?)
}

/// A point, and what it says.
pub(crate) struct Solved {
    pub(crate) point: Point,
    pub(crate) order: Ordered,
    /// The point's time, where its order is one.
    pub(crate) time: Option<i64>,
}

/// Everything that was read so far.
pub(crate) struct Work<'c> {
    pub(crate) site: &'c Site<'c>,
    pub(crate) groups: Vec<Mutex<Group>>,
    pub(crate) examined: Vec<Examined>,
    /// The numbers of all records that were read, where these are the order.
    seen: Mutex<SeenNumbers>,
}

impl<'c> Work<'c> {
    fn begin(site: &'c Site<'c>, volumes: &Volumes) -> Result<Self, TrimError> {
        let mut groups = Vec::new();
        let mut replicas: BTreeMap<PartitionId, &[i32]> = BTreeMap::new();
        for row in &site.cut.rows.partitions {
            let topic = &site.cut.rows.topic(row).name;
            replicas.insert(PartitionId::new(topic, row.partition), &row.replicas);
        }
        let mut there = Vec::new();
        for (partition, copies) in volumes.copies()? {
            there.push(partition.clone());
            let wanted = replicas.get(&partition).copied().unwrap_or_default();
            let absent = |node: &&i32| !copies.iter().any(|copy| copy.node == **node);
            if let Some(node) = wanted.iter().find(absent) {
                return Err(TrimError::Missing {
                    partition,
                    node: *node,
                });
            }
            let topic = &partition.topic;
            topics::are_of_one(&partition, &copies, site.id_of(topic))?;
            groups.push(Mutex::new(Group {
                ordered: site.takes_part(topic) && !site.is_excluded(topic),
                partition,
                copies,
                reach: Reach::default(),
                counted: Counted::default(),
                counted_of: None,
            }));
        }
        site.has_what_is_left_out(&there)?;
        // What lies on volumes that were not named would be cut by nobody.
        let here: BTreeSet<&PartitionId> = there.iter().collect();
        for (partition, wanted) in &replicas {
            let known = here.contains(partition) || site.is_excluded(&partition.topic);
            if let (false, Some(node)) = (known, wanted.first()) {
                return Err(TrimError::Missing {
                    partition: partition.clone(),
                    node: *node,
                });
            }
        }
        let mut work = Self {
            site,
            groups,
            examined: Vec::new(),
            seen: Mutex::default(),
        };
        let all: Vec<usize> = (0..work.groups.len()).collect();
        work.examined = work.examine(&all)?;
        Ok(work)
    }

    /// Reads these groups, on all cores.
    fn examine(&self, which: &[usize]) -> Result<Vec<Examined>, TrimError> {
        let ceiling_ms = self.site.ceiling_ms();
        self.on_all(which, |reader, at| {
            let mut group = self.group(at);
            let partition = group.partition.clone();
            let asked = Asked {
                timestamps: matches!(self.site.options.order, OrderAsked::Timestamp { .. }),
                numbering: match self.site.options.order {
                    OrderAsked::Sequence { of, .. } => Some(Numbering {
                        of,
                        seen: &self.seen,
                    }),
                    _ => None,
                },
                ceiling_ms,
                then: self.site.then.get(&partition).copied(),
                heads: self.site.heads(&partition),
            };
            let mut found = examine(reader, &mut group, &asked)?;
            if let Some(still) = self.site.still.get(&partition) {
                still.hold_against(&mut found);
            }
            self.hold_against_looks(&mut found);
            found.log.complete_ms = self.complete_ms(&found.located);
            Ok(found)
        })
    }

    /// Since when nothing is known to be missing: the newest sweep of which the
    /// log holds the head.
    fn complete_ms(&self, located: &[Located]) -> Option<i64> {
        let (_, sweeps) = self.site.cut.swept()?;
        let there = |(_, located): &(_, &Located)| matches!(located, Located::At(_));
        let (sweep, _) = sweeps.iter().zip(located).rev().find(there)?;
        i64::try_from(sweep.asked.first_request_ms).ok()
    }

    pub(crate) fn group(&self, at: usize) -> std::sync::MutexGuard<'_, Group> {
        self.groups[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// `work` on each of these groups; the first error of any.
    pub(crate) fn on_all<T: Send>(
        &self,
        which: &[usize],
        work: impl Fn(&mut SegmentReader, usize) -> Result<T, TrimError> + Sync,
    ) -> Result<Vec<T>, TrimError> {
        let first = |at: &usize| self.group(*at).copies[0].replica.clone();
        let replicas: Vec<Replica> = which.iter().map(first).collect();
        let replicas: Vec<&Replica> = replicas.iter().collect();
        let found = on_all_cores(&replicas, |reader, at, _| work(reader, which[at]));
        found.into_iter().collect()
    }

    /// The replica that is kept of a group.
    pub(crate) fn kept(&self, at: usize) -> Replica {
        self.group(at).copies[self.examined[at].kept]
            .replica
            .clone()
    }

    pub(crate) fn of_topic(&self, topic: &str) -> Vec<usize> {
        let of = |at: &usize| self.examined[*at].log.partition.topic == topic;
        (0..self.examined.len()).filter(of).collect()
    }

    fn took_part(&self) -> Result<TookPart, TrimError> {
        let mut told = TookPart::default();
        let mut reader = SegmentReader::default();
        for at in self.of_topic(coordinator::TRANSACTIONS) {
            let until = self.examined[at].log.end;
            coordinator::tell(&mut told, &mut reader, &self.kept(at), until)?;
        }
        Ok(told)
    }

    fn solve(&mut self, took_part: &TookPart) -> Result<Solved, TrimError> {
        loop {
            let logs: Vec<Log> = self.examined.iter().map(|one| one.log.clone()).collect();
            match self.try_once(&logs, took_part)? {
                Ok(solved) => {
                    self.within_limit(&logs, &solved)?;
                    return Ok(solved);
                }
                Err(Unsolved::Refused(refused)) => return Err(refused.into()),
                Err(Unsolved::Older(wanted)) => self.read_more(&wanted)?,
            }
        }
    }

    fn within_limit(&self, logs: &[Log], solved: &Solved) -> Result<(), Refused> {
        let (point, max) = (&solved.point, self.site.options.max);
        let by_share = |topic: &str| self.site.is_held_to_its_share(topic);
        // The sources' point is a time of theirs, and timestamps are their clients'.
        if let (Some(time), Ordered::Timestamp { .. }) = (solved.time, &solved.order) {
            return within_limit(logs, point, Since::Point(time), max, by_share);
        }
        let each = self.examined.iter().zip(&point.cuts);
        let earliest: Vec<Option<i64>> = each.map(|(one, cut)| one.earliest_ms(*cut)).collect();
        let pull = point.pull.filter(|pull| !pull.is_end);
        let since = Since::Records {
            earliest: &earliest,
            pull_ms: pull.and_then(|pull| self.examined[pull.log].timestamp_ms(pull.offset)),
        };
        within_limit(logs, point, since, max, by_share)
    }

    fn try_once(
        &self,
        logs: &[Log],
        took_part: &TookPart,
    ) -> Result<Result<Solved, Unsolved>, TrimError> {
        Ok(match self.site.options.order {
            OrderAsked::Timestamp { epsilon_ms } => {
                by_timestamp(logs, took_part, epsilon_ms).map(|point| Solved {
                    order: Ordered::Timestamp {
                        at_ms: point.at,
                        epsilon_ms,
                    },
                    time: Some(point.at),
                    point,
                })
            }
            OrderAsked::Sequence {
                component, stated, ..
            } => {
                let numbered: Vec<Numbered> =
                    self.examined.iter().map(|one| one.numbered).collect();
                let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let found = by_sequence(logs, took_part, &numbered, &seen, stated);
                found.map(|(point, gaps)| Solved {
                    order: Ordered::Sequence {
                        component: component.to_owned(),
                        disorder: stated.disorder,
                        stated: stated.first,
                        first: gaps.first,
                        last: point.at,
                        gaps: gaps.runs,
                        missing: gaps.numbers,
                        listed: gaps.listed,
                    },
                    time: None,
                    point,
                })
            }
            OrderAsked::Source => {
                by_source(logs, took_part, &self.sweeps()?).map(|(point, between)| Solved {
                    order: Ordered::Source {
                        all_before_ms: between.all_before_ms,
                        none_after_ms: between.none_after_ms,
                    },
                    time: Some(point.at),
                    point,
                })
            }
        })
    }

    /// Topics that were left out, and those without numbers where these are the order: only
    /// transactions that can't be kept whole take anything of them.
    fn in_no_order(&self) -> Vec<String> {
        let mut topics = self.site.options.exclude.clone();
        if matches!(self.site.options.order, OrderAsked::Sequence { .. }) {
            let mut numbered: BTreeMap<&str, bool> = BTreeMap::new();
            for one in self.examined.iter().filter(|one| one.log.ordered) {
                *numbered.entry(&one.log.partition.topic).or_default() |=
                    one.numbered.least.is_some();
            }
            let without = numbered.into_iter().filter(|(_, has_some)| !has_some);
            topics.extend(without.map(|(topic, _)| topic.to_owned()));
        }
        topics
    }

    fn sweeps(&self) -> Result<Vec<Sweep>, TrimError> {
        let swept = self.site.cut.swept();
        let (_, sweeps) = swept.ok_or(TrimError::NoSweeps("this cut has none"))?;
        let each = sweeps.iter().enumerate();
        Ok(each
            .map(|(at, sweep)| Sweep {
                asked: sweep.asked,
                located: self
                    .examined
                    .iter()
                    .map(|one| one.located.get(at).copied().unwrap_or(Located::NotThere))
                    .collect(),
            })
            .collect())
    }

    fn read_more(&mut self, wanted: &[Wanted]) -> Result<(), TrimError> {
        let mut which: Vec<usize> = Vec::new();
        for want in wanted {
            let mut group = self.group(want.log);
            let reach = &mut group.reach;
            match want.older {
                Older::Above(at) => reach.above = Some(reach.above.map_or(at, |one| one.min(at))),
                Older::From(at) => reach.from = Some(reach.from.map_or(at, |one| one.min(at))),
                Older::Below(at) => reach.below = Some(reach.below.map_or(at, |one| one.min(at))),
                Older::Segments => reach.more = true,
            }
            which.push(want.log);
        }
        which.sort_unstable();
        which.dedup();
        for (at, found) in which.iter().zip(self.examine(&which)?) {
            self.examined[*at] = found;
        }
        Ok(())
    }

    /// What forbids a cut there, though the order would have it.
    fn check(&self, solved: &Solved) -> Result<(), TrimError> {
        for (found, cut) in self.examined.iter().zip(&solved.point.cuts) {
            let log = &found.log;
            if *cut < log.start {
                return Err(TrimError::Refused(Refused::BeforeStart {
                    partition: log.partition.clone(),
                    point: *cut,
                    start: log.start,
                }));
            }
            if *cut < log.end && *cut < found.cleaned_to {
                return Err(TrimError::Compacted {
                    partition: log.partition.clone(),
                    cut: *cut,
                    cleaned_to: found.cleaned_to,
                });
            }
        }
        Ok(())
    }

    /// Whether places are timestamps.
    pub(crate) fn is_in_time(&self) -> bool {
        !matches!(self.site.options.order, OrderAsked::Sequence { .. })
    }

    fn count(&self) -> ReadCount {
        let mut all = ReadCount::default();
        for one in self.examined.iter().map(|one| one.count) {
            all.replicas += one.replicas;
            all.segments += one.segments;
            all.older_segments += one.older_segments;
            all.bytes += one.bytes;
        }
        all
    }
}
