//! Our side: `slackwater backup` as a user calls it, every required claim
//! proven.

use super::stage::Stage;
use super::steps::Steps;
use super::unfit;
use crate::BenchError;

/// One run.
pub(super) struct Ours {
    /// From before the first stop to the first record that the reader saw.
    pub(super) window_ms: u64,
    /// The same to the record that the run itself saw first: what the cut
    /// says.
    pub(super) cut_ms: u64,
    /// How long the reader saw nothing arrive.
    pub(super) silent_ms: u64,
    /// By the cut.
    pub(super) steps: Steps,
}

/// Backs the mirror up, and deletes the snapshot: clones that pile up would
/// slow the volumes of later runs.
pub(super) fn run(stage: &Stage) -> Result<Ours, BenchError> {
    let (_, cut) = stage.scene.backup(&[], 0)?;
    let lacks = |what: &str| unfit(format!("the cut of run {} has no {what}", cut.run_id));
    let cut_ms = cut.window_ms().ok_or_else(|| lacks("window"))?;
    let steps = Steps::of(&cut).ok_or_else(|| lacks("whole timeline"))?;
    let stop = cut.quiesce.as_ref().and_then(|one| one.stop_started_ms);
    let stop = stop.ok_or_else(|| lacks("stop"))?;
    let resume = cut.resume.as_ref().ok_or_else(|| lacks("resume"))?;
    let first = stage.first_arrival(resume.started_ms)?;
    stage
        .scene
        .run(&["snapshot", "delete", &cut.run_id])?
        .expect(0)?;
    Ok(Ours {
        window_ms: first.saturating_sub(stop),
        cut_ms,
        silent_ms: stage.silence_before(first)?,
        steps,
    })
}
