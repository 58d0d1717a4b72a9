//! Whether a cut may be restored from, and to where.

use slackwater_cut::{ClaimName, Cut, SourcePoint, State, Strategy, Verdict, claims};
use slackwater_restore::{Kafka, Seen, Stage, Way};

use crate::exit::{Exit, Stop, of_claims};
use crate::site::KafkaName;
use crate::trimming::{How, Order};

/// A mirror that is restored under another name, or in another namespace, may have the
/// one that was backed up beside it: its metadata has that one's addresses, and its
/// brokers, with the same certificates, would fetch from there what is newer.
pub(super) fn must_be_of(cut: &Cut, kafka: &KafkaName) -> Result<(), Stop> {
    match cut.mirror == kafka.to_string() {
        true => Ok(()),
        false => Err(Stop::bad_input(format!(
            "run {} is of {}, and this is {kafka}: its brokers would dial those of the other, and take \
             what they have since; restore under the same name, in the same namespace, or make a clone \
             (`slackwater clone`)",
            cut.run_id, cut.mirror
        ))),
    }
}

/// What was not proven when it was backed up is restored only where that is
/// accepted, and what was refuted never. What others have restored may have its seal
/// alone: that is what was there when they made their backup, and nothing has judged it.
pub(super) fn may_be_restored(
    cut: &Cut,
    way: Way,
    trim: Option<&How>,
    accept_unproven: bool,
) -> Result<(), Stop> {
    let run = &cut.run_id;
    match (cut.settings.strategy, trim) {
        (Strategy::Hot, _) if way.is_on_claims() => {
            return Err(Stop::bad_input(format!(
                "run {run} is hot, and what others have restored of it is not trimmed: restore it from \
                 its own snapshots, with --trim=consistent"
            )));
        }
        (Strategy::Hot, None) => {
            return Err(Stop::bad_input(format!(
                "run {run} is hot: its volumes were cut one after another while the mirror ran, and \
                 brokers that start on them lose what they had; say --trim=consistent (option \
                 trim=consistent), and they are cut back to one point first"
            )));
        }
        (_, Some(_)) if way.is_on_claims() => {
            return Err(Stop::bad_input(
                "what others have restored is not trimmed: restore the run from its own snapshots, with \
                 --trim=consistent",
            ));
        }
        (_, Some(how)) if how.order == Order::Source && cut.swept().is_none() => {
            return Err(Stop::bad_input(format!(
                "the cut of run {run} has no point of its sources{}: it is trimmed by \
                 --order=timestamp:SPAN, or restored as it is, without --trim",
                match cut.point {
                    Some(_) => format!(
                        " with the records below it, since these could not be read (`slackwater \
                         verify {run}` tries again)"
                    ),
                    None => String::new(),
                }
            )));
        }
        (_, Some(how)) if how.order == Order::Source => {
            let points = cut.point.iter().flat_map(SourcePoint::unmarked);
            let mut left = points.filter(|one| !how.exclude.contains(&one.mirror.topic));
            if let Some(first) = left.next() {
                return Err(Stop::bad_input(format!(
                    "run {run}: the records below the head of {} of source {} were not read, or repeat{}, so \
                     that nothing says where {} is to be cut: `slackwater verify {run}` reads them again, \
                     and --exclude-order={} leaves the topic as it is",
                    first.source.partition,
                    first.source.alias,
                    match left.count() {
                        0 => String::new(),
                        more => format!(", and those of {more} more"),
                    },
                    first.mirror,
                    first.mirror.topic
                )));
            }
        }
        (Strategy::Hot, Some(_)) | (Strategy::Quiesced | Strategy::Cold, _) => {}
    }
    match (&cut.state, way) {
        (State::Closed { .. }, _) => {}
        (State::Sealed, way) if way.is_on_claims() => {
            tracing::warn!(
                "run {} was sealed, and its closed cut is not here: what the claims hold is held \
                 against the seal (`cut import` brings the closed one)",
                cut.run_id
            );
            return nothing_refutes(cut);
        }
        (State::Void { reason, .. }, way)
            if way.is_on_claims() && accept_unproven && was_handed_over(cut) =>
        {
            tracing::warn!(
                "run {} became void after its snapshots were confirmed ({reason}): what the claims \
                 hold is held against its seal",
                cut.run_id
            );
            return nothing_refutes(cut);
        }
        (State::Void { .. }, way) if way.is_on_claims() && was_handed_over(cut) => {
            return Err(Stop::bad_input(format!(
                "run {run} became void after its snapshots were confirmed: with --accept-unproven what \
                 the claims hold is held against its seal"
            )));
        }
        (state, _) => {
            return Err(Stop::bad_input(format!(
                "run {} is {}: only a closed cut is restored from",
                cut.run_id,
                state.word()
            )));
        }
    }
    accepted(of_claims(cut, &needed(cut)), accept_unproven).map_err(|stop| {
        let remedy = match stop.exit {
            Exit::Unproven => "what is unproven is restored from with --accept-unproven",
            _ => "nothing is restored from what is refuted: take another run (`slackwater status`)",
        };
        Stop {
            cause: format!("run {}: {}; {remedy}", cut.run_id, stop.cause),
            exit: Exit::BadInput,
        }
    })
}

/// Claims that a restore rests on. Where a source could not be reached, what would have been
/// compared with it is not among them: the source is asked before anything is started, and what
/// was copied past the committed offset comes twice, and never not at all.
fn needed(cut: &Cut) -> Vec<ClaimName> {
    let wants_sources = |name: &ClaimName| {
        let mut claims = cut.claims.iter().filter(|claim| claim.name == *name);
        claims.any(|claim| claim.evidence.wants_sources_alone(&cut.rows))
    };
    let (without, needed): (Vec<ClaimName>, Vec<ClaimName>) = cut
        .settings
        .require
        .iter()
        .partition(|name| wants_sources(name));
    for name in without {
        tracing::warn!(
            "run {}: {name} is unproven: a source could not be reached",
            cut.run_id
        );
    }
    needed
}

/// Whether others have what was cut while the mirror stood still: only the proof is missing.
pub fn was_handed_over(cut: &Cut) -> bool {
    let snapshot = cut.snapshot.as_ref();
    snapshot.is_some_and(|one| one.confirmed_ms.is_some()) && cut.resume.is_some()
}

/// What was begun without a trim can't have one any more: brokers may run.
pub(super) fn is_trimmed_as_asked(cut: &Cut, trims: bool, seen: &Seen) -> Result<(), Stop> {
    let mut claims = cut.claims.iter();
    let trimmed = claims.any(|one| one.name == ClaimName::Consistent);
    let stage = match &seen.kafka {
        Kafka::There { note, .. } => note.as_ref().map(|note| note.stage),
        Kafka::Gone { .. } => seen.volumes_proven.then_some(Stage::VolumesProven),
    };
    let past = matches!(stage, Some(Stage::VolumesProven | Stage::HeadsProven));
    match trims && past && !trimmed {
        true => Err(Stop::bad_input(format!(
            "the restore of run {} was begun without --trim, and is past its volumes: the same command \
             without it goes on; or go back by --undo, and begin again with it",
            cut.run_id
        ))),
        false => Ok(()),
    }
}

/// Of a seal nothing was judged yet; but what is known of it already may refute it.
fn nothing_refutes(cut: &Cut) -> Result<(), Stop> {
    let judged = claims::judge(cut);
    let required = &cut.settings.require;
    let mut against = judged
        .into_iter()
        .filter(|claim| claim.verdict == Verdict::Refuted && required.contains(&claim.name));
    match against.next() {
        None => Ok(()),
        Some(claim) => Err(Stop::bad_input(format!(
            "run {}: {} is refuted by what was seen after the seal: {}",
            cut.run_id, claim.name, claim.reason
        ))),
    }
}

/// What is unproven, where that is accepted.
pub(super) fn accepted(verdict: Result<(), Stop>, accept_unproven: bool) -> Result<(), Stop> {
    match verdict {
        Err(stop) if stop.exit == Exit::Unproven && accept_unproven => {
            tracing::warn!("{stop}");
            Ok(())
        }
        verdict => verdict,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
mod tests {
    use super::*;

    const CLOSED: &str = include_str!("../../../wasm-actions/cut/tests/fixtures/exactly-once.json");

    #[test]
    fn what_is_refuted_has_another_remedy_than_what_is_unproven() {
        let mut cut = Cut::parse(CLOSED).unwrap();
        let required = cut.settings.require[0];
        let mut refused = |verdict: Verdict, accept: bool| {
            let mut claims = cut.claims.iter_mut();
            let claim = claims.find(|one| one.name == required).unwrap();
            claim.verdict = verdict;
            may_be_restored(&cut, Way::Forth, None, accept).map_err(|stop| stop.cause)
        };
        let said = refused(Verdict::Unproven, false).unwrap_err();
        assert!(said.ends_with("with --accept-unproven"), "{said}");
        assert!(refused(Verdict::Unproven, true).is_ok());
        for accept in [false, true] {
            let said = refused(Verdict::Refuted, accept).unwrap_err();
            assert!(said.contains("take another run"), "{said}");
            assert!(!said.contains("--accept-unproven"), "{said}");
        }
    }

    #[test]
    fn a_run_is_restored_as_the_mirror_that_it_is_of_and_from_a_seal_onto_claims_alone() {
        let mut cut = Cut::parse(CLOSED).unwrap();
        cut.mirror = "kafka/mirror".to_owned();
        let of = |name: &str| must_be_of(&cut, &name.parse().unwrap());
        assert!(of("kafka/mirror").is_ok());
        for other in ["rehearsal/mirror", "kafka/other"] {
            let said = of(other).unwrap_err().cause;
            assert!(said.contains("would dial those of the other"), "{said}");
        }
        let by = |order: Order| How {
            order,
            most_ms: 60_000,
            most_percent: 1,
            exclude: Vec::new(),
        };
        let (source, time) = (by(Order::Source), by(Order::Timestamp { epsilon_ms: 1 }));
        let (source, time) = (Some(&source), Some(&time));
        assert!(may_be_restored(&cut, Way::Forth, None, false).is_ok());
        // The fixture is of before there was a point in a cut.
        let said = may_be_restored(&cut, Way::Forth, source, true).unwrap_err();
        assert!(said.cause.contains("no point of its sources"), "{said}");
        assert!(may_be_restored(&cut, Way::Forth, time, true).is_ok());
        assert!(may_be_restored(&cut, Way::OnClaims, time, true).is_err());
        let mut hot = cut.clone();
        hot.settings.strategy = Strategy::Hot;
        for (way, trim) in [
            (Way::Forth, None),
            (Way::Clone, None),
            (Way::OnClaims, time),
        ] {
            let said = may_be_restored(&hot, way, trim, true).unwrap_err().cause;
            assert!(said.contains("is hot"), "{said}");
        }
        assert!(may_be_restored(&hot, Way::Forth, time, true).is_ok());
        cut.state = State::Sealed;
        assert!(may_be_restored(&cut, Way::OnClaims, None, false).is_ok());
        assert!(may_be_restored(&cut, Way::Forth, None, true).is_err());
        for state in [
            State::Open,
            State::Void {
                at_ms: 1,
                reason: String::new(),
            },
        ] {
            cut.state = state;
            assert!(may_be_restored(&cut, Way::OnClaims, None, true).is_err());
        }
        // Others have it, and it was given up before it was read.
        cut.snapshot.as_mut().unwrap().confirmed_ms = Some(1);
        assert!(may_be_restored(&cut, Way::OnClaims, None, true).is_ok());
        assert!(may_be_restored(&cut, Way::Forth, None, true).is_err());
        let said = may_be_restored(&cut, Way::OnClaims, None, false).unwrap_err();
        assert!(said.cause.contains("--accept-unproven"), "{said}");
        // In the middle of its window.
        cut.resume = None;
        assert!(may_be_restored(&cut, Way::OnClaims, None, true).is_err());
    }
}
