//! What a guard goes by that comes in the place of one that is gone: what stands in the
//! run's document.

use slackwater_cut::Cut;

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
