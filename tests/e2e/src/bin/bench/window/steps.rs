//! Where the milliseconds of a window go: named steps that follow each other.
//! Pure.

use slackwater_cut::Cut;

/// A step and how long it took, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Steps(pub(super) Vec<(&'static str, u64)>);

impl Steps {
    /// From the instant before the first to the end of each. What overlapped
    /// with a step before counts there.
    pub(super) fn between(began_ms: u64, ends: &[(&'static str, u64)]) -> Self {
        let mut before = began_ms;
        let took = ends.iter().map(|(name, end)| {
            let took = end.saturating_sub(before);
            before = before.max(*end);
            (*name, took)
        });
        Self(took.collect())
    }

    /// The steps of a run, by its own times; `None` where it did not get
    /// through them all.
    pub(super) fn of(cut: &Cut) -> Option<Self> {
        let quiesce = cut.quiesce.as_ref()?;
        let drain = cut.drain.as_ref()?;
        let snapshot = cut.snapshot.as_ref()?;
        let resume = cut.resume.as_ref()?;
        let looks = (drain.looks.first()?, drain.looks.last()?);
        let flushes = snapshot.flushed.iter();
        Some(Self::between(
            quiesce.stop_started_ms?,
            &[
                ("stopped", quiesce.stopped.as_ref()?.asked.last_answer_ms),
                ("drain_begun", drain.started_ms),
                ("first_look", looks.0.asked.last_answer_ms),
                ("last_look", looks.1.asked.last_answer_ms),
                ("drained", drain.ended_ms),
                ("sealed", snapshot.sealed_ms),
                (
                    "flush_begun",
                    flushes.clone().map(|one| one.started_ms).min()?,
                ),
                ("flushed", flushes.map(|one| one.ended_ms).max()?),
                (
                    "cut",
                    snapshot.volumes.iter().filter_map(|one| one.cut_ms).max()?,
                ),
                ("found_again", snapshot.ended_ms?),
                ("closing_look", cut.bracket.as_ref()?.asked.last_answer_ms),
                ("resume_asked", resume.started_ms),
                ("first_record", resume.first_record_ms?),
            ],
        ))
    }
}

/// What a step is, in words.
pub(super) fn in_words(step: &str) -> &str {
    match step {
        "stopped" => "the stop is asked: every connector STOPPED without tasks",
        "drain_begun" => "noted down, and the next phase begins",
        "first_look" => "the mirror seen stopped; the first look at its ends",
        "last_look" => "the looks after it, until three in a row are equal",
        "drained" => "the last records of both sides",
        "sealed" => "noted down, and the next phase begins",
        "flush_begun" => "sealed, and seen that there is no snapshot yet",
        "flushed" => "every volume flushed",
        "cut" => "every volume cut",
        "found_again" => "the snapshots found again",
        "closing_look" => "the guard is asked; its closing look",
        "resume_asked" => "noted down; a look at the source before the resume",
        "first_record" => "the resume is asked: the first record arrives",
        "mm2_stopped" => "MirrorMaker 2 stopped",
        "synced" => "sync of every volume",
        "brokers_stopped" => "the brokers stopped",
        "cloned" => "every volume cloned",
        "brokers_ready" => "the brokers started, until all are registered",
        "mm2_mirrors" => "MirrorMaker 2 started: the first record arrives",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up_to_the_whole_even_where_they_overlap() {
        let steps = Steps::between(100, &[("a", 130), ("b", 120), ("c", 150)]);
        assert_eq!(steps.0, [("a", 30), ("b", 0), ("c", 20)]);
    }
}
