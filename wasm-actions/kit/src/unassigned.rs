//! Source topics that should be copied and are not: what they hold is not
//! covered.

use std::collections::BTreeSet;

use slackwater_ports::{Cluster, Heads, PartitionId, Seen};

use crate::{SourceFeed, SourceKey};

/// Topics (or single partitions of them) that the connectors' patterns match
/// and that nothing copies yet: MirrorMaker looks for new ones only now and
/// then (`refresh.topics.interval.seconds`, 10 minutes by default).
///
/// # Errors
/// A source that does not answer.
pub fn unassigned<'f>(
    world: &impl Heads,
    sources: impl Iterator<Item = &'f SourceFeed>,
    copied: &BTreeSet<SourceKey>,
) -> Seen<Vec<String>> {
    let mut missing = BTreeSet::new();
    for source in sources {
        let view = world.describe(&Cluster::Source(source.alias.clone()))?;
        for topic in view.topics.iter().filter(|topic| !topic.internal) {
            let is_copied = |partition: u32| {
                let id = PartitionId::new(topic.name.clone(), partition);
                copied.contains(&(source.alias.clone(), id))
            };
            let all = topic.partitions.iter().all(|one| is_copied(one.partition));
            if all {
                continue;
            }
            match source.wants(&topic.name) {
                Some(false) => {}
                Some(true) => {
                    missing.insert(topic.name.clone());
                }
                None => {
                    missing.insert(format!(
                        "{} (the patterns of {} can't be read)",
                        topic.name, source.connector
                    ));
                }
            }
        }
    }
    Ok(missing.into_iter().collect())
}
