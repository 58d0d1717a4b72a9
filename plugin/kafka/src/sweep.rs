//! The ends of many partitions in one pass.
//!
//! The leaders are asked for first. A request then holds partitions of one
//! leader only, so that a broker which does not answer holds back nobody
//! else's, and a partition without a leader, on which librdkafka would wait
//! until the whole request times out, is in none.

use std::collections::{BTreeMap, HashMap};
use std::thread;
use std::time::{Duration, Instant};

use slackwater_ports::{Head, HeadRow, HeadSweep, PartitionId};

use crate::clock::Asking;
use crate::error::KafkaError;
use crate::ffi::{
    Client, Code, OffsetAnswer, Queue, Spec, Topics, metadata, offsets_answer, submit_list_offsets,
};
use crate::member::{LIMIT_MARGIN, Member};

/// Partitions in one request: librdkafka merges answers with a nested loop
/// over all of them (`rd_kafka_ListOffsets_response_merge`), so that its work
/// grows with this number, and that of the brokers as it shrinks.
pub(crate) const PARTITIONS_A_REQUEST: usize = 250;
/// How long a leader has to answer. It takes milliseconds; a broker that is
/// frozen holds back the whole request, so that this is short and the request
/// is made again.
const REQUEST_LIMIT: Duration = Duration::from_secs(2);
/// How often partitions are asked about whose leader did not answer, or could
/// not yet.
const ATTEMPTS: u32 = 3;
/// Between two attempts: an election takes about this long.
const PAUSE: Duration = Duration::from_millis(100);

/// What is known of a partition so far.
#[derive(Default, Clone)]
struct Row {
    ends: [Option<OffsetAnswer>; Spec::ALL.len()],
    /// Why it was not answered, and whether asking again may help.
    wrong: Option<(String, bool)>,
}

impl Row {
    fn answered(&self) -> bool {
        self.ends.iter().all(Option::is_some)
    }

    fn wants_asking(&self) -> bool {
        !self.answered() && self.wrong.as_ref().is_none_or(|(_, may_pass)| *may_pass)
    }

    fn fail(&mut self, why: String, may_pass: bool) {
        self.wrong = Some((why, may_pass));
    }

    fn take(&mut self, spec: usize, answer: OffsetAnswer) {
        if answer.code.is_error() {
            self.fail(answer.code.to_string(), answer.code.may_pass());
        } else if answer.offset < 0 {
            // Not an error to librdkafka, and yet no answer: see OffsetAnswer.
            self.fail(unanswered(), true);
        } else {
            self.ends[spec] = Some(answer);
        }
    }

    fn head(self) -> Result<Head, String> {
        let [Some(start), Some(stable), Some(watermark)] = self.ends else {
            return Err(self.wrong.map_or_else(unanswered, |(why, _)| why));
        };
        let offset = |answer: &OffsetAnswer| {
            u64::try_from(answer.offset).map_err(|_| String::from("an offset below 0"))
        };
        Ok(Head {
            log_start_offset: offset(&start)?,
            high_watermark: offset(&watermark)?,
            last_stable_offset: offset(&stable)?,
            leader_epoch: watermark.leader_epoch,
        })
    }
}

fn unanswered() -> String {
    String::from("its leader did not answer in time")
}

/// The ends of these partitions, one row for each, in the order asked.
pub(crate) fn sweep(member: &Member, partitions: &[PartitionId]) -> Result<HeadSweep, KafkaError> {
    let index = index(member, partitions)?;
    let asking = Asking::start();
    let mut rows = vec![Row::default(); partitions.len()];
    if !partitions.is_empty() {
        let client = member.admin()?;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                thread::sleep(PAUSE);
            }
            let topics = member.persist(client, "Metadata", |limit| metadata(client, limit))?;
            let chunks = chunks(partitions, &mut rows, &topics);
            ask(client, partitions, &index, &chunks, &mut rows);
            if !rows.iter().any(Row::wants_asking) {
                break;
            }
        }
    }
    let rows = partitions.iter().zip(rows).map(|(partition, row)| HeadRow {
        partition: partition.clone(),
        head: row.head(),
    });
    Ok(HeadSweep {
        rows: rows.collect(),
        asked: asking.end(),
    })
}

/// Topic, then number, then place in what was asked.
type Index<'p> = HashMap<&'p str, HashMap<u32, usize>>;

/// Where each partition stands in what was asked. librdkafka refuses a whole
/// request for one duplicate without naming it.
fn index<'p>(member: &Member, partitions: &'p [PartitionId]) -> Result<Index<'p>, KafkaError> {
    let mut index = Index::new();
    for (at, partition) in partitions.iter().enumerate() {
        let topic = index.entry(&partition.topic).or_default();
        if topic.insert(partition.partition, at).is_some() {
            return Err(KafkaError::Duplicate {
                cluster: member.cluster().clone(),
                what: partition.to_string(),
            });
        }
    }
    Ok(index)
}

/// The places of those still to be asked, by leader. Those that have none get
/// their reason.
fn chunks(partitions: &[PartitionId], rows: &mut [Row], topics: &Topics) -> Vec<Vec<usize>> {
    let mut of_leader: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (at, (partition, row)) in partitions.iter().zip(rows).enumerate() {
        if !row.wants_asking() {
            continue;
        }
        match leader(topics, partition) {
            Ok(..0) => row.fail(Code::LEADER_NOT_AVAILABLE.to_string(), true),
            Ok(leader) => of_leader.entry(leader).or_default().push(at),
            Err(code) => row.fail(code.to_string(), code.may_pass()),
        }
    }
    of_leader
        .into_values()
        .flat_map(|of_one| {
            of_one
                .chunks(PARTITIONS_A_REQUEST)
                .map(<[usize]>::to_vec)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Who leads a partition, -1 for nobody; an error where there is no such
/// partition.
pub(crate) fn leader(topics: &Topics, partition: &PartitionId) -> Result<i32, Code> {
    let topic = topics.get(&partition.topic);
    topic.map_or(Err(Code::UNKNOWN_TOPIC_OR_PART), |topic| {
        topic.leader(partition.partition)
    })
}

/// Asks all chunks for all ends at once, and waits for the answers or the
/// limit.
fn ask(
    client: &Client,
    partitions: &[PartitionId],
    index: &Index<'_>,
    chunks: &[Vec<usize>],
    rows: &mut [Row],
) {
    let queue = Queue::new(client);
    for (number, chunk) in chunks.iter().enumerate() {
        for at in chunk {
            rows[*at] = Row::default();
        }
        let asked: Vec<_> = chunk.iter().map(|at| &partitions[*at]).collect();
        for (end, spec) in Spec::ALL.into_iter().enumerate() {
            let tag = number * Spec::ALL.len() + end;
            submit_list_offsets(&queue, &asked, spec, REQUEST_LIMIT, tag);
        }
    }
    let over = Instant::now() + REQUEST_LIMIT + LIMIT_MARGIN;
    for _ in 0..chunks.len() * Spec::ALL.len() {
        let Some(event) = queue.next(over.saturating_duration_since(Instant::now())) else {
            return;
        };
        let (number, end) = (event.tag() / Spec::ALL.len(), event.tag() % Spec::ALL.len());
        match offsets_answer(&event) {
            Ok(answers) => {
                for answer in answers {
                    if let Some(at) = place(index, &answer) {
                        rows[at].take(end, answer);
                    }
                }
            }
            Err(failed) => {
                for at in &chunks[number] {
                    rows[*at].fail(failed.to_string(), failed.code.may_pass());
                }
            }
        }
    }
}

fn place(index: &Index<'_>, answer: &OffsetAnswer) -> Option<usize> {
    let number = u32::try_from(answer.partition).ok()?;
    index.get(answer.topic.as_str())?.get(&number).copied()
}
