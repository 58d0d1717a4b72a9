//! The verdicts: judged from the run document and from what the snapshot
//! holds, and the cut closed with them.

use slackwater_cut::{Content, SnapshotsBy, State, Strategy, Verify, claims};
use slackwater_kit::Session;
use slackwater_ports::{ContentDepth, Failure, Outcome};

use crate::{World, content, point};

/// Reads the snapshot, judges every claim and closes the cut. One that was
/// closed before is closed again, and names the digest that it had; where it can't
/// be read again, it stays as it is, with what was read then.
///
/// # Errors
/// A run that is void, or whose mirror was not seen running again; a snapshot
/// that was read before, and can't be read at all any more.
pub fn prove_content(world: &impl World) -> Result<Outcome, Failure> {
    let mut session = Session::load_any(world)?;
    if let State::Void { reason, .. } = &session.cut().state {
        let run = &session.cut().run_id;
        return Err(Failure::failed(format!("run {run} is void: {reason}")));
    }
    let snapshot = session.cut().snapshot.as_ref();
    if snapshot.is_none_or(|snapshot| snapshot.ended_ms.is_none()) {
        return Err(Failure::failed("there is no snapshot: nothing to close"));
    }
    let by_others = session.cut().settings.snapshots_by == SnapshotsBy::Others;
    if by_others && snapshot.is_none_or(|snapshot| snapshot.confirmed_ms.is_none()) {
        return Err(Failure::failed(
            "it was not confirmed that each volume has the snapshot that was seen to be cut, and no \
             other: nothing to close",
        ));
    }
    let running = session
        .cut()
        .resume
        .as_ref()
        .is_some_and(|resume| resume.running_ms.is_some());
    let ran_on = session.cut().settings.strategy == Strategy::Hot;
    if !running && !ran_on {
        return Err(Failure::failed(
            "the mirror was not seen running again: the cut is closed after that",
        ));
    }
    // Before the volumes, which may take hours: the source may not keep them for so long.
    let point = point::marked(world, session.cut());
    let depth = match session.cut().settings.verify {
        Verify::Full => Some(ContentDepth::Full),
        Verify::Tail => Some(ContentDepth::Tail),
        Verify::Off => None,
    };
    let was_read = matches!(session.cut().state, State::Closed { .. });
    let read = match depth.map(|depth| (depth, content::read(world, session.cut(), depth))) {
        None => None,
        Some((_, Ok(read))) => Some(read),
        Some((_, Err(why))) if was_read => {
            let run = &session.cut().run_id;
            return Err(Failure::failed(format!(
                "the snapshots of run {run} can't be read, and its cut stays as it is: {}",
                why.reason
            )));
        }
        // The mirror runs, and the snapshot is there: what can't be read now can be
        // later.
        Some((depth, Err(why))) => {
            let content = Content::unreadable(depth, world.now_ms(), why.reason);
            Some((content, Vec::new()))
        }
    };
    let at_ms = world.now_ms();
    session.update(world, |cut| {
        if let Some(point) = &point {
            cut.point = Some(point.clone());
        }
        if let Some((content, rows)) = &read {
            let mut content = content.clone();
            // What lay there when it was cut lies there, though this reading may not
            // have come to it.
            let before = cut.content.take().map(|before| before.extra);
            content.extra.extend(before.unwrap_or_default());
            content.extra.sort();
            content.extra.dedup();
            cut.content = Some(content);
            // Nothing of an earlier reading stays beside this one's directories.
            let mut rows = rows.iter();
            for row in &mut cut.rows.partitions {
                row.content = rows.next().cloned();
            }
        }
        cut.previous = cut.digest.take();
        cut.claims = claims::judge(cut);
        cut.state = State::Closed { at_ms };
        cut.digest = None;
        cut.digest = cut.compute_digest().ok();
    })?;
    let cut = session.cut();
    let verdicts: Vec<String> = cut
        .claims
        .iter()
        .map(|claim| format!("{} {}", claim.name, claim.verdict))
        .collect();
    let outcome = Outcome::new(format!("the cut is closed: {}", verdicts.join(", ")))
        .with("runId", &cut.run_id)
        .with("cutDigest", cut.digest.as_deref().unwrap_or_default());
    Ok(cut.claims.iter().fold(outcome, |outcome, claim| {
        outcome.with(&claim.name.to_string(), claim.verdict)
    }))
}
