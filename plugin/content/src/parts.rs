//! Volumes that are read in several places, each where it is mounted, as one
//! port. What only shows when all are seen together (a metadata log that does not
//! know what lies on another node's volume) is asked of each with all in mind.

use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use slackwater_ports::{
    ContentDepth, ContentSurvey, Interval, MetadataSeen, PartitionId, PortError, PortErrorKind,
    RangeRow, RangeWanted, ScanRow, ScanWanted, Seen, TransactionsSeen, VolumeContent,
};

use crate::{ContentError, Folders, ReplicaAges};

/// A replica, and whose volume it lies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Located {
    /// `node.id`
    pub broker: i32,
    /// Of which partition.
    pub partition: PartitionId,
    /// By its `partition.metadata`.
    pub topic_id: Option<String>,
}

/// What is asked of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Asked {
    /// [`VolumeContent::survey`]
    Survey,
    /// [`VolumeContent::scan`]
    Scan(ContentDepth, Vec<ScanWanted>),
    /// [`VolumeContent::range`]
    Range(Vec<RangeWanted>),
    /// [`VolumeContent::transactions`]
    Transactions,
    /// [`VolumeContent::metadata`], held against all replicas of all parts.
    Metadata(Vec<Located>),
    /// How old segments are: no phase asks for it.
    Ages,
}

/// What it answers: to each question its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answered {
    /// To a survey.
    Survey(ContentSurvey),
    /// To a scan.
    Scan(Vec<ScanRow>),
    /// To a range.
    Range(Vec<RangeRow>),
    /// To transactions.
    Transactions(TransactionsSeen),
    /// To metadata.
    Metadata(Vec<MetadataSeen>),
    /// To ages.
    Ages(Vec<ReplicaAges>),
}

/// Some of the volumes.
pub trait Part: Send + Sync {
    /// Positions of log directories in what it answers are those of its own
    /// survey.
    ///
    /// # Errors
    /// It has no answer.
    fn ask(&self, asked: &Asked) -> Seen<Answered>;
}

impl Part for Folders {
    fn ask(&self, asked: &Asked) -> Seen<Answered> {
        Ok(match asked {
            Asked::Survey => Answered::Survey(self.survey()?),
            Asked::Scan(depth, wanted) => Answered::Scan(self.scan(*depth, wanted)?),
            Asked::Range(wanted) => Answered::Range(self.range(wanted)?),
            Asked::Transactions => Answered::Transactions(self.transactions()?),
            Asked::Metadata(all) => Answered::Metadata(self.metadata_of(all)?),
            Asked::Ages => Answered::Ages(self.ages()?),
        })
    }
}

/// All of the volumes.
pub struct Parts {
    parts: Vec<Box<dyn Part>>,
    listed: Mutex<Option<Listed>>,
}

#[derive(Clone)]
struct Listed {
    /// The position of each part's first log directory among all.
    bases: Vec<u32>,
    located: Vec<Located>,
}

impl Parts {
    /// Nothing is read yet.
    pub fn new(parts: Vec<Box<dyn Part>>) -> Self {
        Self {
            parts,
            listed: Mutex::new(None),
        }
    }

    /// How old the segments of what was listed are.
    ///
    /// # Errors
    /// Nothing was listed; a part has no answer.
    pub fn ages(&self) -> Seen<Vec<ReplicaAges>> {
        let take = |answer| match answer {
            Answered::Ages(ages) => Some(ages),
            _ => None,
        };
        Ok(self
            .ask(&Asked::Ages, take)?
            .into_iter()
            .flatten()
            .collect())
    }

    fn listed(&self) -> Result<Listed, ContentError> {
        let kept = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone().ok_or(ContentError::NotListed)
    }

    /// All at once; one that has no answer is why there is none.
    fn ask<T: Send>(&self, asked: &Asked, take: fn(Answered) -> Option<T>) -> Seen<Vec<T>> {
        let another = || {
            let why = "a reader of volumes answered to something else";
            PortError::new(PortErrorKind::Malformed, why)
        };
        thread::scope(|scope| {
            let each: Vec<_> = self
                .parts
                .iter()
                .map(|part| scope.spawn(|| take(part.ask(asked)?).ok_or_else(another)))
                .collect();
            let answers = each.into_iter().map(|thread| match thread.join() {
                Ok(answer) => answer,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            answers.collect()
        })
    }
}

/// From a position in a part's survey to that in all.
fn moved(listed: &Listed, part: usize, dir: &mut u32) {
    *dir = dir.saturating_add(listed.bases.get(part).copied().unwrap_or(u32::MAX));
}

impl VolumeContent for Parts {
    fn survey(&self) -> Seen<ContentSurvey> {
        let take = |answer| match answer {
            Answered::Survey(survey) => Some(survey),
            _ => None,
        };
        let surveys = self.ask(&Asked::Survey, take)?;
        let mut all = ContentSurvey {
            asked: Interval {
                first_request_ms: u64::MAX,
                last_answer_ms: 0,
            },
            dirs: Vec::new(),
            replicas: Vec::new(),
            unread: Vec::new(),
            set_aside: Vec::new(),
        };
        let mut listed = Listed {
            bases: Vec::new(),
            located: Vec::new(),
        };
        for (part, mut survey) in surveys.into_iter().enumerate() {
            listed
                .bases
                .push(u32::try_from(all.dirs.len()).unwrap_or(u32::MAX));
            let asked = &mut all.asked;
            asked.first_request_ms = asked.first_request_ms.min(survey.asked.first_request_ms);
            asked.last_answer_ms = asked.last_answer_ms.max(survey.asked.last_answer_ms);
            for replica in &mut survey.replicas {
                let dir = survey.dirs.get(replica.dir as usize);
                let dir = dir.ok_or_else(|| {
                    let why = "a survey names a log directory that it does not list";
                    PortError::new(PortErrorKind::Malformed, why)
                })?;
                listed.located.push(Located {
                    broker: dir.broker,
                    partition: replica.partition.clone(),
                    topic_id: replica.topic_id.clone(),
                });
                moved(&listed, part, &mut replica.dir);
            }
            all.dirs.append(&mut survey.dirs);
            all.replicas.append(&mut survey.replicas);
            all.unread.append(&mut survey.unread);
            all.set_aside.append(&mut survey.set_aside);
        }
        if self.parts.is_empty() {
            all.asked.first_request_ms = 0;
        }
        let order = |one: &slackwater_ports::ReplicaFound| (one.partition.clone(), one.dir);
        all.replicas.sort_by_key(order);
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = Some(listed);
        Ok(all)
    }

    fn scan(&self, depth: ContentDepth, wanted: &[ScanWanted]) -> Seen<Vec<ScanRow>> {
        let listed = self.listed()?;
        let take = |answer| match answer {
            Answered::Scan(rows) => Some(rows),
            _ => None,
        };
        let answers = self.ask(&Asked::Scan(depth, wanted.to_vec()), take)?;
        let mut rows = Vec::new();
        for (part, mut answer) in answers.into_iter().enumerate() {
            for row in &mut answer {
                moved(&listed, part, &mut row.dir);
                if let Ok(read) = &mut row.read {
                    moved(&listed, part, &mut read.dir);
                }
            }
            rows.append(&mut answer);
        }
        rows.sort_by_key(|row| (row.partition.clone(), row.dir));
        Ok(rows)
    }

    fn range(&self, wanted: &[RangeWanted]) -> Seen<Vec<RangeRow>> {
        let listed = self.listed()?;
        let take = |answer| match answer {
            Answered::Range(rows) => Some(rows),
            _ => None,
        };
        let answers = self.ask(&Asked::Range(wanted.to_vec()), take)?;
        let mut rows = Vec::new();
        for (part, mut answer) in answers.into_iter().enumerate() {
            for row in &mut answer {
                moved(&listed, part, &mut row.dir);
            }
            rows.append(&mut answer);
        }
        rows.sort_by_key(|row| (row.partition.clone(), row.dir));
        Ok(rows)
    }

    fn transactions(&self) -> Seen<TransactionsSeen> {
        let listed = self.listed()?;
        let take = |answer| match answer {
            Answered::Transactions(seen) => Some(seen),
            _ => None,
        };
        let mut all = TransactionsSeen {
            pending: Vec::new(),
            replicas: 0,
            records: 0,
            unread: Vec::new(),
        };
        let answers = self.ask(&Asked::Transactions, take)?;
        for (part, mut seen) in answers.into_iter().enumerate() {
            for pending in &mut seen.pending {
                moved(&listed, part, &mut pending.dir);
            }
            all.pending.append(&mut seen.pending);
            all.replicas = all.replicas.saturating_add(seen.replicas);
            all.records = all.records.saturating_add(seen.records);
            all.unread.append(&mut seen.unread);
        }
        Ok(all)
    }

    fn metadata(&self) -> Seen<Vec<MetadataSeen>> {
        let listed = self.listed()?;
        let take = |answer| match answer {
            Answered::Metadata(seen) => Some(seen),
            _ => None,
        };
        let answers = self.ask(&Asked::Metadata(listed.located.clone()), take)?;
        let mut all = Vec::new();
        for (part, mut seen) in answers.into_iter().enumerate() {
            for one in &mut seen {
                moved(&listed, part, &mut one.dir);
            }
            all.append(&mut seen);
        }
        Ok(all)
    }
}
