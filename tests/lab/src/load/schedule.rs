//! Whose turn it is: spreads records over topics by weight and over a topic's
//! partitions in turn, evenly at every moment. Pure.

use super::plan::{LoadPlan, Spread};
use crate::error::LabError;

/// One partition that gets records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) topic: String,
    pub(crate) partition: i32,
}

/// Gives slots for ever, smoothly weighted: each topic earns its weight a
/// turn, and the richest one is served and pays for it.
#[derive(Debug)]
pub(crate) struct Schedule {
    slots: Vec<Slot>,
    topics: Vec<Turn>,
    total: i64,
}

#[derive(Debug)]
struct Turn {
    weight: i64,
    credit: i64,
    first: usize,
    count: usize,
    next: usize,
}

impl Schedule {
    /// `partitions_of` gives a topic's partition count, if it exists.
    pub(crate) fn new(
        plan: &LoadPlan,
        partitions_of: impl Fn(&str) -> Option<i32>,
    ) -> Result<Self, LabError> {
        let mut slots = Vec::new();
        let mut topics = Vec::new();
        for (topic, weight, spread) in &plan.topics {
            let count = partitions_of(topic).ok_or_else(|| {
                LabError::Invalid(format!("there is no topic {topic}: create it first"))
            })?;
            let partitions = match spread {
                Spread::RoundRobin => (0..count).collect(),
                Spread::Partitions(some) => some.clone(),
            };
            if partitions.is_empty() || partitions.iter().any(|p| !(0..count).contains(p)) {
                return Err(LabError::Invalid(format!(
                    "{topic} has {count} partitions, and the load wants {partitions:?}"
                )));
            }
            topics.push(Turn {
                weight: i64::from(*weight),
                credit: 0,
                first: slots.len(),
                count: partitions.len(),
                next: 0,
            });
            slots.extend(partitions.into_iter().map(|partition| Slot {
                topic: topic.clone(),
                partition,
            }));
        }
        let total = topics.iter().map(|turn| turn.weight).sum();
        Ok(Self {
            slots,
            topics,
            total,
        })
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The index of the next slot.
    pub(crate) fn next(&mut self) -> usize {
        for turn in &mut self.topics {
            turn.credit += turn.weight;
        }
        let mut richest = 0;
        for (n, turn) in self.topics.iter().enumerate() {
            if turn.credit > self.topics[richest].credit {
                richest = n;
            }
        }
        let turn = &mut self.topics[richest];
        turn.credit -= self.total;
        let slot = turn.first + turn.next;
        turn.next = (turn.next + 1) % turn.count;
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &str) -> Option<i32> {
        match of {
            "blogs" => Some(3),
            "items" => Some(10),
            _ => None,
        }
    }

    #[test]
    fn weights_are_kept_to_the_record() {
        let mut schedule = Schedule::new(&LoadPlan::new(1), counts).unwrap();
        let mut got = vec![0; schedule.slots().len()];
        for _ in 0..1300 {
            got[schedule.next()] += 1;
        }
        assert_eq!(got, vec![100; 13]);
    }

    #[test]
    fn an_unknown_topic_or_partition_is_named() {
        let error = Schedule::new(&LoadPlan::new(1).topics(&["none"]), counts).unwrap_err();
        assert!(error.to_string().contains("none"));
        let plan = LoadPlan::new(1).partitions("blogs", &[3]);
        assert!(
            Schedule::new(&plan, counts)
                .unwrap_err()
                .to_string()
                .contains("blogs")
        );
    }
}
