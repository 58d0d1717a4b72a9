//! Consumer groups that have committed past a restored end: they are set to it, before
//! anything feeds the mirror. Its volumes may hold what a member committed after the records
//! were cut; left so, members would be given nothing until the log has grown past that, or be
//! reset by their own `auto.offset.reset`.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::Cut;
use slackwater_ports::{
    Clock as _, Cluster, GroupOffset, Groups as _, Heads as _, PartitionId, PortError,
};

use super::Restore;
use crate::adapters::SystemClock;
use crate::exit::Stop;
use crate::site::Site;

/// Of each group, where it is set to.
type Clamps = BTreeMap<String, Vec<(PartitionId, u64)>>;

/// A group that had members when its volume was cut has them still for a coordinator that
/// reads that: until each has missed its session (`session.timeout.ms`, 45 s by default).
const LEAVES_MS: u64 = 90_000;

/// Between two tries.
const TRY_MS: u64 = 5_000;

/// `UNKNOWN_MEMBER_ID`: the group has members, which alone may commit.
const HAS_MEMBERS: i32 = 25;

impl Restore {
    /// Says of each whether it was set; one that can't be holds up nothing: its members have
    /// come back, and can do it alone. Gives whether any was.
    pub(super) fn clamp_groups(&self, site: &Site) -> Result<bool, Stop> {
        let began = SystemClock.monotonic_ms();
        let (mut any, mut told) = (false, false);
        loop {
            let waits = SystemClock.monotonic_ms().saturating_sub(began) < LEAVES_MS;
            let mut left = false;
            for (group, offsets) in past(site, &self.cut)? {
                let (first, end) = &offsets[0];
                let more = match offsets.len() {
                    1 => String::new(),
                    more => format!(" and of {} more", more - 1),
                };
                let words = format!("group {group} is past the end of {first}{more}");
                match site.kafka().set_group_offsets(&group, &offsets) {
                    Ok(()) => {
                        any = true;
                        self.say(&format!("{words}: it is set to {end} there"));
                    }
                    Err(why) if waits && why.status == Some(HAS_MEMBERS) => {
                        left = true;
                        if !std::mem::replace(&mut told, true) {
                            self.say(&format!("{words}, and is said to have members: waiting"));
                        }
                    }
                    Err(why) => self.say(&format!(
                        "warning: {words}, and can't be set to {end}: {}; stop its members, and reset \
                         its offsets",
                        why.message
                    )),
                }
            }
            if !left {
                return Ok(any);
            }
            SystemClock.sleep_ms(TRY_MS);
        }
    }
}

/// Groups that are, and where to.
fn past(site: &Site, cut: &Cut) -> Result<Clamps, Stop> {
    let failed = |error: PortError| Stop::failed(error.message);
    let committed = site.kafka().committed().map_err(failed)?;
    // Ends of others were held against nothing: brokers may not have found them again yet.
    let mut still = BTreeSet::new();
    for row in cut.rows.still_rows() {
        let topic = cut.rows.topic(row).name.clone();
        still.insert(PartitionId::new(topic, row.partition));
    }
    let all = committed.iter().map(|one| &one.partition);
    let of: BTreeSet<&PartitionId> = all.filter(|id| still.contains(*id)).collect();
    let of: Vec<PartitionId> = of.into_iter().cloned().collect();
    let sweep = site.kafka().sweep(&Cluster::Mirror, &of).map_err(failed)?;
    // What a topic's deletion has left of a group is nobody's.
    let ends = sweep.rows.into_iter().filter_map(|row| {
        let head = row.head.ok()?;
        Some((row.partition, head.high_watermark))
    });
    Ok(clamps(&committed, &ends.collect()))
}

fn clamps(committed: &[GroupOffset], ends: &BTreeMap<PartitionId, u64>) -> Clamps {
    let mut clamps = Clamps::new();
    for one in committed {
        if let Some(end) = ends.get(&one.partition).filter(|end| one.offset > **end) {
            let of = clamps.entry(one.group.clone()).or_default();
            of.push((one.partition.clone(), *end));
        }
    }
    clamps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_set_to_the_ends_that_it_is_past_and_nowhere_else() {
        let at = |group: &str, partition: u32, offset| GroupOffset {
            group: group.to_owned(),
            partition: PartitionId::new("blogs", partition),
            offset,
        };
        let ends = BTreeMap::from([0, 1].map(|at| (PartitionId::new("blogs", at), 10)));
        let committed = [
            at("reader", 0, 11),
            at("reader", 1, 10),
            at("other", 1, 9),
            // Of a topic that is gone.
            at("other", 2, 99),
        ];
        let expected = vec![(PartitionId::new("blogs", 0), 10)];
        assert_eq!(
            clamps(&committed, &ends),
            Clamps::from([("reader".to_owned(), expected)])
        );
    }
}
