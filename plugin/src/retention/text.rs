//! What retention would do, as a person reads it, and what to set.

use std::collections::BTreeMap;

use super::report::{Expiring, Expiry};

/// Topics are named up to this many.
const MOST_NAMED: usize = 20;

/// One line a topic, and the remedy; nothing where nothing is lost.
pub fn text(expiry: &Expiry) -> String {
    let mut topics: BTreeMap<&str, Vec<&Expiring>> = BTreeMap::new();
    for one in &expiry.expiring {
        topics.entry(&one.topic).or_default().push(one);
    }
    let mut out = String::new();
    if !topics.is_empty() {
        out += &format!(
            "warning: soon after their start the brokers would delete records of {} partitions, \
             which are older than their topics keep:\n",
            expiry.expiring.len()
        );
        for (topic, of) in topics.iter().take(MOST_NAMED) {
            out += &format!("  {topic}: {}\n", said(of));
        }
        if topics.len() > MOST_NAMED {
            out += &format!("  and {} topics more\n", topics.len() - MOST_NAMED);
        }
        out += REMEDY;
    }
    for unknown in &expiry.unknown {
        out += &format!("not known: {unknown}\n");
    }
    out
}

/// The first check comes `log.initial.task.delay.ms` after the start, whatever
/// `log.retention.check.interval.ms` says (`LogManager.startup`), and a topic's
/// own retention goes before the broker's, so no other setting of a broker
/// prevents it.
const REMEDY: &str = "\
to keep them, start the brokers with log.initial.task.delay.ms=86400000: they delete nothing for a day\n\
meanwhile, set retention.ms=-1 and retention.bytes=-1 on these topics (MirrorMaker sets the source's again\n\
where it runs with sync.topic.configs.enabled), and start the brokers without it\n";

fn said(of: &[&Expiring]) -> String {
    let lost: u64 = of.iter().map(|one| one.start_then - one.start).sum();
    let all: u64 = of.iter().map(|one| one.end - one.start).sum();
    let limit = |name: &str, limit: Option<u64>| limit.map(|limit| format!("{name}={limit}"));
    let limits = of.first().map_or_else(Vec::new, |one| {
        let ms = limit("retention.ms", one.retention_ms);
        ms.into_iter()
            .chain(limit("retention.bytes", one.retention_bytes))
            .collect()
    });
    format!(
        "{lost} of {all} offsets in {} partitions ({})",
        of.len(),
        limits.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_named_with_what_it_loses_and_what_to_set() {
        let one = |partition, start_then| Expiring {
            topic: "blogs".to_owned(),
            partition,
            start: 10,
            start_then,
            end: 100,
            retention_ms: Some(60_000),
            retention_bytes: None,
        };
        let mut expiry = Expiry {
            expiring: vec![one(0, 100), one(1, 20)],
            ..Expiry::default()
        };
        let said = text(&expiry);
        let topic = "blogs: 100 of 180 offsets in 2 partitions (retention.ms=60000)";
        assert!(said.contains(topic), "{said}");
        assert!(said.contains("log.initial.task.delay.ms"), "{said}");
        expiry.expiring.clear();
        assert_eq!(text(&expiry), "");
    }
}
