//! Which partition of the mirror is a copy of which partition of a source.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_cut::{Class, Cut, Pattern};
use slackwater_kit::{Feed, Policy};
use slackwater_ports::PartitionId;

/// MirrorMaker writes it about itself, on each cluster: no copy.
const HEARTBEATS: &str = "heartbeats";

/// What a cut says of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtCut {
    /// The first source offset that MirrorMaker had not committed.
    pub due: u64,
    /// Where the mirror's partition ended.
    pub end: u64,
    /// The mirror's topic.
    pub topic_id: String,
}

/// A partition and its copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// MirrorMaker's alias of the source.
    pub alias: String,
    /// There.
    pub source: PartitionId,
    /// On the mirror.
    pub mirror: PartitionId,
    /// With a cut: up to where they are compared.
    pub at_cut: Option<AtCut>,
    /// Why it can't be compared.
    pub wrong: Option<String>,
}

/// Topics of a cluster, and their partitions.
pub(super) type Topics = BTreeMap<String, BTreeSet<u32>>;

/// How copies are told without a cut.
#[derive(Debug)]
pub enum Pairing {
    /// By what feeds the mirror.
    Feed(Feed),
    /// By this policy: whatever has a copy's name is one.
    Policy(Policy),
}

impl Pairing {
    /// The name of a topic's copy; `None` where it has none.
    fn copy_of(&self, alias: &str, topic: &str, mirror: &Topics) -> Option<String> {
        if topic == HEARTBEATS {
            return None;
        }
        match self {
            Pairing::Policy(policy) => {
                let copy = policy.copy_of(alias, topic);
                mirror.contains_key(&copy).then_some(copy)
            }
            Pairing::Feed(feed) => {
                let feed = feed.sources.iter().find(|feed| feed.alias == alias)?;
                let copy = feed.policy.copy_of(alias, topic);
                let is_assigned = feed.assigned.iter().any(|one| one.topic == topic);
                // Where its patterns can't be read, a copy that is there tells.
                let is_wanted = feed.wants(topic).unwrap_or(mirror.contains_key(&copy));
                (is_assigned || is_wanted).then_some(copy)
            }
        }
    }
}

/// The pairs of one source, without those that `own` says others write to.
pub fn of_pairing(
    pairing: &Pairing,
    alias: &str,
    source: &Topics,
    mirror: &Topics,
    own: &[Pattern],
) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (topic, partitions) in source {
        let Some(copy) = pairing.copy_of(alias, topic, mirror) else {
            continue;
        };
        if own.iter().any(|own| own.matches(&copy)) {
            continue;
        }
        let there = mirror.get(&copy);
        let all = partitions.iter().chain(there.into_iter().flatten());
        for number in all.copied().collect::<BTreeSet<u32>>() {
            let wrong = if !there.is_some_and(|there| there.contains(&number)) {
                Some("the mirror has no such partition".to_owned())
            } else if !partitions.contains(&number) {
                Some("the source has no such partition".to_owned())
            } else {
                None
            };
            pairs.push(Pair {
                alias: alias.to_owned(),
                source: PartitionId::new(topic.clone(), number),
                mirror: PartitionId::new(copy.clone(), number),
                at_cut: None,
                wrong,
            });
        }
    }
    pairs
}

/// The pairs of a cut.
pub fn of_cut(cut: &Cut) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for row in &cut.rows.partitions {
        let topic = cut.rows.topic(row);
        let (Some(source), true) = (&topic.source, topic.class != Class::Own) else {
            continue;
        };
        let known = row.source.as_ref();
        pairs.push(Pair {
            alias: source.alias.clone(),
            source: PartitionId::new(source.topic.clone(), row.partition),
            mirror: PartitionId::new(topic.name.clone(), row.partition),
            at_cut: Some(AtCut {
                // Nothing committed: nothing had to be there.
                due: known
                    .and_then(|known| known.last_mirrored)
                    .map_or(0, |last| last + 1),
                end: row.high_watermark,
                topic_id: topic.id.clone(),
            }),
            wrong: known
                .is_none()
                .then(|| "the cut knows nothing of its source's side".to_owned()),
        });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(of: &[(&str, &[u32])]) -> Topics {
        of.iter()
            .map(|(topic, partitions)| ((*topic).to_owned(), partitions.iter().copied().collect()))
            .collect()
    }

    #[test]
    fn a_policy_pairs_what_has_a_copys_name_and_names_partitions_that_one_side_lacks() {
        let pairing = Pairing::Policy(Policy::of(None, None).unwrap());
        let source = topics(&[
            ("a", &[0, 1]),
            ("b", &[0]),
            ("heartbeats", &[0]),
            ("own", &[0]),
        ]);
        let mirror = topics(&[("s.a", &[0]), ("s.own", &[0]), ("s.heartbeats", &[0])]);
        let own = [Pattern::new("s.own")];
        let pairs = of_pairing(&pairing, "s", &source, &mirror, &own);
        let told: Vec<_> = pairs
            .iter()
            .map(|pair| (pair.mirror.to_string(), pair.wrong.is_some()))
            .collect();
        assert_eq!(
            told,
            [("s.a-0".to_owned(), false), ("s.a-1".to_owned(), true)]
        );
    }
}
