//! What the ConfigMap of a run shows to kubectl, beside the document: where the run is,
//! what it is worth, and until when the mirror may stand still. Decided from the
//! document alone, and for people: nothing is decided by it, but which documents are
//! not read for another mirror.

use jiff::Timestamp;
use slackwater_cut::{Cut, State, Strategy, Verdict};
use slackwater_kubernetes::Marks;

/// The annotation with the mirror's name.
pub(in crate::site) const MIRROR: &str = "slackwater.io/mirror";

/// The label with its Kafka's, behind this program's own prefix.
const KAFKA: &str = "kafka";

/// The same beside a clone: whoever counts the backups of a Kafka does not count that.
pub(super) fn marks_of_clone(document: &str) -> Marks {
    let mut marks = marks(document);
    marks.labels.remove(&format!("slackwater.io/{KAFKA}"));
    marks
}

/// See the module. A document that can't be read has none.
pub(super) fn marks(document: &str) -> Marks {
    let mut marks = Marks::default();
    let Ok(cut) = Cut::parse(document) else {
        return marks;
    };
    let mut label = |key: &str, value: &str| {
        marks
            .labels
            .insert(format!("slackwater.io/{key}"), value.to_owned());
    };
    label("state", cut.state.word());
    label("phase", phase(&cut));
    // A label has no slash; the namespace is the ConfigMap's.
    if let Some((_, kafka)) = cut.mirror.split_once('/') {
        label(KAFKA, kafka);
    }
    if let Some(verdict) = verdict(&cut) {
        label("verdict", &verdict.to_string());
    }
    let mut annotate = |key: &str, value: String| {
        marks
            .annotations
            .insert(format!("slackwater.io/{key}"), value);
    };
    for claim in &cut.claims {
        annotate(&claim.name.to_string(), claim.verdict.to_string());
    }
    if let Some(deadline) = deadline(&cut) {
        annotate("deadline", deadline.to_string());
    }
    marks.annotations.insert(MIRROR.to_owned(), cut.mirror);
    marks
}

/// All that it may have come to.
#[cfg(test)]
const PHASES: [&str; 9] = [
    "begun", "quiesced", "drained", "sealed", "cut", "resumed", "closed", "void", "restored",
];

/// The last that it came to.
fn phase(cut: &Cut) -> &'static str {
    let runs = cut.resume.as_ref().and_then(|one| one.running_ms);
    let is_cut = cut.snapshot.as_ref().and_then(|one| one.ended_ms);
    let stopped = cut.quiesce.as_ref().and_then(|one| one.stopped.as_ref());
    match &cut.state {
        State::Closed { .. } => "closed",
        State::Void { .. } => "void",
        // From a seal: nobody holds anything by it any more.
        _ if !cut.claims.is_empty() => "restored",
        _ if runs.is_some() => "resumed",
        _ if is_cut.is_some() => "cut",
        State::Sealed => "sealed",
        State::Open if cut.drain.is_some() => "drained",
        State::Open if stopped.is_some() => "quiesced",
        State::Open => "begun",
    }
}

/// The worst of what is required; nothing before it is judged.
fn verdict(cut: &Cut) -> Option<Verdict> {
    if cut.claims.is_empty() {
        return None;
    }
    let of = |name| {
        let claim = cut.claims.iter().find(|claim| claim.name == name);
        claim.map_or(Verdict::Unproven, |claim| claim.verdict)
    };
    let required = cut.settings.require.iter().map(|name| of(*name));
    let all: Vec<Verdict> = required.collect();
    let any = |verdict| all.contains(&verdict);
    Some(match () {
        () if any(Verdict::Refuted) => Verdict::Refuted,
        () if any(Verdict::Unproven) => Verdict::Unproven,
        // Nothing required is nothing proven; and what was cut while the mirror ran is
        // no backup yet, whatever is proven of it.
        () if all.is_empty() || cut.settings.strategy == Strategy::Hot => Verdict::Unproven,
        () => Verdict::Proven,
    })
}

/// While it is held.
fn deadline(cut: &Cut) -> Option<Timestamp> {
    if matches!(phase(cut), "closed" | "void" | "resumed" | "restored") {
        return None;
    }
    let began = cut.quiesce.as_ref()?.stop_started_ms?;
    let ends = began.saturating_add(cut.settings.window_ms);
    Timestamp::from_millisecond(i64::try_from(ends).ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    const CLOSED: &str =
        include_str!("../../../../wasm-actions/cut/tests/fixtures/exactly-once.json");

    #[test]
    fn what_requires_nothing_or_was_cut_while_the_mirror_ran_is_never_called_proven() {
        let proven = Cut::parse(CLOSED).unwrap();
        assert_eq!(verdict(&proven), Some(Verdict::Proven));
        let mut hot = proven.clone();
        hot.settings.strategy = Strategy::Hot;
        let mut nothing = proven;
        nothing.settings.require.clear();
        for cut in [hot, nothing] {
            assert_eq!(verdict(&cut), Some(Verdict::Unproven));
        }
    }

    fn labels(cut: &Cut) -> Vec<String> {
        let marks = marks(&cut.to_canonical().unwrap());
        let each = ["phase", "verdict"].map(|key| format!("slackwater.io/{key}"));
        let of = |key: &String| marks.labels.get(key).cloned().unwrap_or_default();
        let deadline = marks.annotations.get("slackwater.io/deadline").cloned();
        let mut all: Vec<String> = each.iter().map(of).collect();
        all.extend(deadline);
        all
    }

    #[test]
    fn the_alerts_of_the_example_are_over_labels_and_phases_that_there_are() {
        let alerts = include_str!("../../../../examples/alerts.yaml");
        let mut cut = Cut::parse(CLOSED).unwrap();
        cut.mirror = "kafka/mirror".to_owned();
        let written = marks(&cut.to_canonical().unwrap()).labels;
        assert_eq!(written["slackwater.io/kafka"], "mirror");
        let beside_clone = marks_of_clone(&cut.to_canonical().unwrap()).labels;
        assert!(!beside_clone.contains_key("slackwater.io/kafka"));
        assert_eq!(written.len(), beside_clone.len() + 1);
        // What a restore keeps is named by its volumes' own.
        let of_volume = "kept_before";
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut named = 0;
        for rest in alerts.split("label_slackwater_io_").skip(1) {
            let word: String = rest.chars().take_while(|c| is_word(*c)).collect();
            assert!(
                word == of_volume || written.contains_key(&format!("slackwater.io/{word}")),
                "{word}"
            );
            named += 1;
        }
        assert!(named > 10);
        for rest in alerts.split("label_slackwater_io_phase=").skip(1) {
            let phases = rest.trim_start_matches('~').split('"').nth(1).unwrap();
            for phase in phases.split('|') {
                assert!(PHASES.contains(&phase), "{phase}");
            }
        }
    }

    #[test]
    fn a_run_shows_where_it_is_what_it_is_worth_and_until_when_it_may_hold() {
        let mut cut = Cut::parse(CLOSED).unwrap();
        assert_eq!(labels(&cut), ["closed", "proven"]);
        cut.claims[0].verdict = Verdict::Unproven;
        assert_eq!(labels(&cut), ["closed", "unproven"]);
        cut.state = State::Sealed;
        assert_eq!(labels(&cut), ["restored", "unproven"]);
        cut.claims.clear();
        assert_eq!(labels(&cut), ["resumed", ""]);
        cut.resume = None;
        cut.quiesce.as_mut().unwrap().stop_started_ms = Some(1_000);
        cut.settings.window_ms = 60_000;
        assert_eq!(labels(&cut), ["cut", "", "1970-01-01T00:01:01Z"]);
        cut.snapshot = None;
        assert_eq!(labels(&cut)[0], "sealed");
        cut.state = State::Open;
        assert_eq!(labels(&cut)[0], "drained");
        cut.drain = None;
        assert_eq!(labels(&cut)[0], "quiesced");
        cut.quiesce = None;
        assert_eq!(labels(&cut), ["begun", ""]);
    }
}
