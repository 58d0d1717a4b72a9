//! Topic ids (`partition.metadata`): one that was made anew has the name of before, and none
//! of its records. Logs of both are never one partition's copies.

use slackwater_ports::PartitionId;

use crate::copy::CopyAt;
use crate::error::TrimError;

/// Node and topic id of each copy that says it.
pub(crate) fn ids(copies: &[CopyAt]) -> impl Iterator<Item = (i32, &str)> {
    let each = copies.iter();
    each.filter_map(|copy| Some((copy.node, copy.replica.topic_id.as_deref()?)))
}

/// All copies are of one topic, and of this one, where that is known.
///
/// # Errors
/// One that is of another topic.
pub(crate) fn are_of_one(
    partition: &PartitionId,
    copies: &[CopyAt],
    wanted: Option<&str>,
) -> Result<(), TrimError> {
    let Some(one) = ids(copies).next() else {
        return Ok(());
    };
    let wanted = wanted.filter(|wanted| !wanted.is_empty());
    if let Some(other) = ids(copies).find(|(_, id)| *id != one.1) {
        let owned = |(node, id): (i32, &str)| (node, id.to_owned());
        return Err(TrimError::TwoTopics {
            partition: partition.clone(),
            one: owned(one),
            other: owned(other),
            wanted: wanted.map(str::to_owned),
        });
    }
    match wanted.filter(|wanted| *wanted != one.1) {
        None => Ok(()),
        Some(wanted) => Err(TrimError::OtherTopic {
            partition: partition.clone(),
            found: one.1.to_owned(),
            wanted: wanted.to_owned(),
        }),
    }
}
