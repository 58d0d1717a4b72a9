//! A cluster as it describes itself.

use std::ffi::CString;

use slackwater_ports::{ClusterView, TopicView};

use crate::clock::Asking;
use crate::error::KafkaError;
use crate::ffi::{
    Code, Failed, TopicAnswer, cluster_answer, metadata, submit_describe_cluster,
    submit_describe_topics, topics_answer,
};
use crate::member::Member;
use crate::topic_id::url_safe;

/// Topics in one request. A broker answers 10,000 partitions within 10 ms;
/// the limit is for clusters with more than that.
const TOPICS_A_REQUEST: usize = 1000;

/// Brokers, topics, partitions. A topic deleted between the two requests that
/// this takes is left out.
pub(crate) fn describe(member: &Member) -> Result<ClusterView, KafkaError> {
    let asking = Asking::start();
    let client = member.admin()?;
    let cluster = member.ask(
        "DescribeCluster",
        |queue, limit| submit_describe_cluster(queue, limit, 0),
        cluster_answer,
    )?;
    let names = member.persist(client, "Metadata", |limit| metadata(client, limit))?;
    let names = names
        .keys()
        .map(|topic| topic_name(member, topic))
        .collect::<Result<Vec<_>, _>>()?;
    let mut topics = Vec::with_capacity(names.len());
    for chunk in names.chunks(TOPICS_A_REQUEST) {
        let answers = member.ask(
            "DescribeTopics",
            |queue, limit| submit_describe_topics(queue, chunk, limit, 0),
            topics_answer,
        )?;
        for answer in answers {
            topics.extend(view(member, answer)?);
        }
    }
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    let mut brokers = cluster.brokers;
    brokers.sort_by_key(|broker| broker.id);
    Ok(ClusterView {
        cluster_id: cluster.cluster_id,
        brokers,
        topics,
        asked: asking.end(),
    })
}

/// A topic's name for librdkafka.
pub(crate) fn topic_name(member: &Member, name: &str) -> Result<CString, KafkaError> {
    // librdkafka takes an empty name for a mistake of the program.
    let text = CString::new(name).ok().filter(|text| !text.is_empty());
    text.ok_or_else(|| KafkaError::Name {
        cluster: member.cluster().clone(),
        name: name.to_owned(),
    })
}

fn view(member: &Member, answer: TopicAnswer) -> Result<Option<TopicView>, KafkaError> {
    match answer.code {
        Code::NONE => {}
        Code::UNKNOWN_TOPIC_OR_PART => return Ok(None),
        code => {
            return Err(KafkaError::Refused {
                cluster: member.cluster().clone(),
                what: format!("topic {}", answer.name),
                failed: Failed {
                    code,
                    reason: String::new(),
                },
            });
        }
    }
    let mut partitions = answer.partitions;
    partitions.sort_by_key(|partition| partition.partition);
    Ok(Some(TopicView {
        name: answer.name,
        topic_id: url_safe(&answer.topic_id),
        internal: answer.internal,
        partitions,
    }))
}
