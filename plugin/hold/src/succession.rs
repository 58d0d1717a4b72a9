//! What a guard goes by that comes in the place of one that is gone: what stands in the
//! run's document.

use slackwater_cut::{Cut, Strategy};

use crate::LetGo;

/// How the mirror stands by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was stopped, or all that is to be done of the run is done.
    Nothing,
    /// Something was stopped and not let go, or may have been.
    Held,
    /// It was let go, and the run is to be closed yet.
    LetGo {
        /// Whether the closing look was had before.
        looked: bool,
    },
}

/// By a document; one that can't be read says nothing that could be relied on.
pub fn standing(document: Option<&str>) -> Standing {
    let Some(Ok(cut)) = document.map(Cut::parse) else {
        return Standing::Held;
    };
    if !cut.state.is_final() && is_let_go_hot(&cut) {
        return Standing::LetGo { looked: true };
    }
    let stopped = cut.quiesce.is_some_and(|one| one.stop_started_ms.is_some());
    let runs = cut.resume.is_some_and(|one| one.running_ms.is_some());
    match (stopped, runs) {
        (true, true) if !cut.state.is_final() => Standing::LetGo {
            looked: cut.bracket.is_some(),
        },
        (true, false) => Standing::Held,
        _ => Standing::Nothing,
    }
}

/// Whether a run that stopped nothing is past its snapshots, and was let go: what is left is
/// to read them. Before that a closing look is to be had yet.
fn is_let_go_hot(cut: &Cut) -> bool {
    let snapshot = cut.snapshot.as_ref();
    let cut_all = snapshot.is_some_and(|one| one.ended_ms.is_some());
    let mut events = cut.lease.iter();
    cut.settings.strategy == Strategy::Hot
        && cut_all
        && events.any(|one| LetGo::is_noted_as(&one.event))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
mod tests {
    use slackwater_cut::State;

    use super::*;

    /// Of a real run, as it stood before it was closed.
    fn sealed() -> Cut {
        let text = include_str!("../../../wasm-actions/cut/tests/fixtures/exactly-once.json");
        let mut cut = Cut::parse(text).unwrap();
        cut.state = State::Sealed;
        cut
    }

    fn of(cut: &Cut) -> Standing {
        standing(Some(&cut.to_canonical().unwrap()))
    }

    #[test]
    fn a_run_whose_mirror_was_let_go_is_to_be_closed_and_one_that_is_stopped_is_held() {
        let mut cut = sealed();
        assert_eq!(of(&cut), Standing::LetGo { looked: true });
        cut.resume = None;
        assert_eq!(of(&cut), Standing::Held);
        assert_eq!(standing(None), Standing::Held);
        assert_eq!(standing(Some("{")), Standing::Held);
    }

    #[test]
    fn a_run_that_stopped_nothing_is_to_be_closed_once_it_was_let_go_with_its_snapshots() {
        let mut cut = sealed();
        cut.settings.strategy = Strategy::Hot;
        cut.quiesce.as_mut().unwrap().stop_started_ms = None;
        (cut.resume, cut.bracket) = (None, None);
        assert_eq!(of(&cut), Standing::LetGo { looked: true });
        // Before that its closing look is to be had.
        let events = std::mem::take(&mut cut.lease);
        assert_eq!(of(&cut), Standing::Nothing);
        cut.lease = events;
        cut.snapshot.as_mut().unwrap().ended_ms = None;
        assert_eq!(of(&cut), Standing::Nothing);
        let mut over = sealed();
        over.settings.strategy = Strategy::Hot;
        over.quiesce.as_mut().unwrap().stop_started_ms = None;
        over.state = State::Closed { at_ms: 1 };
        assert_eq!(of(&over), Standing::Nothing);
    }
}
