//! Effective configurations of topics.

use std::collections::{BTreeMap, BTreeSet};

use slackwater_ports::TopicConfig;

use crate::describe::topic_name;
use crate::error::KafkaError;
use crate::ffi::{Code, configs_answer, submit_describe_configs};
use crate::member::Member;

/// Topics in one request: an answer holds some forty values for each of them,
/// a few KiB.
const TOPICS_A_REQUEST: usize = 200;

/// The configurations of these topics, in the order asked.
pub(crate) fn configs(member: &Member, topics: &[String]) -> Result<Vec<TopicConfig>, KafkaError> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = topics.iter().find(|topic| !seen.insert(*topic)) {
        return Err(KafkaError::Duplicate {
            cluster: member.cluster().clone(),
            what: format!("topic {twice}"),
        });
    }
    let names = topics
        .iter()
        .map(|topic| topic_name(member, topic))
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = BTreeMap::new();
    for chunk in names.chunks(TOPICS_A_REQUEST) {
        let answers = member.ask(
            "DescribeConfigs",
            |queue, limit| submit_describe_configs(queue, chunk, limit, 0),
            configs_answer,
        )?;
        for answer in answers {
            let mut entries = answer.entries.map_err(|failed| KafkaError::Refused {
                cluster: member.cluster().clone(),
                what: match failed.code {
                    Code::TOPIC_AUTHORIZATION => format!(
                        "configuration of topic {}, for which its user needs DescribeConfigs",
                        answer.topic
                    ),
                    _ => format!("configuration of topic {}", answer.topic),
                },
                failed,
            })?;
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            found.insert(answer.topic, entries);
        }
    }
    topics
        .iter()
        .map(|topic| match found.remove(topic) {
            Some(entries) => Ok(TopicConfig {
                topic: topic.clone(),
                entries,
            }),
            None => Err(KafkaError::Incomplete {
                cluster: member.cluster().clone(),
                asked: "DescribeConfigs",
                what: format!("topic {topic}"),
            }),
        })
        .collect()
}
