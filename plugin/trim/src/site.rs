//! What a cut says of its volumes, and what is asked of a plan of them.

use std::collections::BTreeMap;

use slackwater_cut::{Class, Cut, HotHead};
use slackwater_ports::PartitionId;

use crate::error::TrimError;
use crate::plan::PlanOptions;
use crate::still::{Looked, Still, acknowledged, looked, stood_still};

/// What is known before anything is read.
pub(crate) struct Site<'c> {
    pub(crate) cut: &'c Cut,
    pub(crate) options: &'c PlanOptions<'c>,
    classes: BTreeMap<&'c str, Class>,
    /// Topic ids by the cut, where these are its volumes.
    ids: BTreeMap<&'c str, &'c str>,
    /// Heads of the source by the mirror's partition, in the order of the sweeps.
    heads: BTreeMap<&'c PartitionId, Vec<Option<HotHead>>>,
    /// What a run that stopped nothing saw of each copy.
    pub(crate) looked: BTreeMap<&'c PartitionId, Looked>,
    /// What a mirror that stood still had then.
    pub(crate) still: BTreeMap<PartitionId, Still>,
    /// What was acknowledged before the first volume was cut, where these are the cut's own.
    pub(crate) then: BTreeMap<PartitionId, u64>,
}

impl<'c> Site<'c> {
    pub(crate) fn of(cut: &'c Cut, options: &'c PlanOptions<'c>) -> Self {
        let topics = cut.rows.topics.iter();
        let ids = topics.clone().filter(|_| options.is_of_cut);
        let mut heads = BTreeMap::new();
        let (copies, sweeps) = cut.swept().unwrap_or_default();
        for (at, copy) in copies.iter().enumerate() {
            let of = sweeps
                .iter()
                .map(|sweep| sweep.heads.get(at).cloned().flatten());
            heads.insert(&copy.mirror, of.collect());
        }
        Self {
            cut,
            options,
            classes: topics
                .map(|topic| (topic.name.as_str(), topic.class))
                .collect(),
            ids: ids
                .map(|topic| (topic.name.as_str(), topic.id.as_str()))
                .collect(),
            heads,
            looked: match options.is_of_cut {
                true => looked(cut),
                false => BTreeMap::new(),
            },
            still: stood_still(cut),
            then: match options.is_of_cut {
                true => acknowledged(cut),
                false => BTreeMap::new(),
            },
        }
    }

    /// Kafka's and Connect's own topics are known by the cut; one that came
    /// later by its name.
    pub(crate) fn takes_part(&self, topic: &str) -> bool {
        match self.classes.get(topic) {
            Some(class) => *class == Class::Mirrored,
            None => !topic.starts_with("__") && self.cut.settings.protects(topic),
        }
    }

    /// Whether a topic in no order may lose no more than its share all the same. Kafka's own
    /// (their names begin so), Connect's and MirrorMaker's may: what goes of them are commits,
    /// positions and words of coordinators, of which each key's last one counts, and not
    /// messages. A position has to go with its data where they are of one transaction, and what
    /// that leaves of them is put right, or named in the plan. Of a topic that the run does not
    /// protect nobody asked.
    pub(crate) fn is_held_to_its_share(&self, topic: &str) -> bool {
        let class = self.classes.get(topic);
        let is_held = self.is_excluded(topic) || class == Some(&Class::Own);
        is_held && class != Some(&Class::MirrorState) && !topic.starts_with("__")
    }

    /// Its id by the cut. One that is left out may have been made anew since.
    pub(crate) fn id_of(&self, topic: &str) -> Option<&'c str> {
        let id = self.ids.get(topic).copied();
        id.filter(|_| !self.is_excluded(topic))
    }

    /// Each topic that is left out of the order is one of the cut or of the volumes: a name
    /// that was mistyped would leave nothing out, in silence.
    pub(crate) fn has_what_is_left_out(&self, there: &[PartitionId]) -> Result<(), TrimError> {
        let is_there = |topic: &&String| {
            let here = there.iter().any(|one| one.topic == **topic);
            here || self.classes.contains_key(topic.as_str())
        };
        match self.options.exclude.iter().find(|topic| !is_there(topic)) {
            Some(topic) => Err(TrimError::NoTopic {
                topic: topic.clone(),
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn is_excluded(&self, topic: &str) -> bool {
        self.options.exclude.iter().any(|one| one == topic)
    }

    pub(crate) fn heads(&self, partition: &PartitionId) -> &[Option<HotHead>] {
        self.heads.get(partition).map_or(&[], Vec::as_slice)
    }

    /// When every volume was cut: no honest timestamp is later.
    pub(crate) fn ceiling_ms(&self) -> Option<i64> {
        let looks = self.cut.hot.iter().flat_map(|hot| &hot.looks);
        let looked = looks.map(|look| look.asked.last_answer_ms).max();
        let stood = self.cut.drain.as_ref().map(|drain| drain.ended_ms);
        let then = looked.or(stood).filter(|_| self.options.is_of_cut);
        then.map_or(self.options.now_ms, |then| i64::try_from(then).ok())
    }
}
