//! A run as a person reads it.

use slackwater_cut::{Claim, Cut, Evidence, SourcePoint, State, Verdict};

/// The whole report.
pub(super) fn text(cut: &Cut) -> String {
    let mut out = format!(
        "cut {} of {} ({})\n",
        cut.run_id,
        cut.mirror,
        cut.state.word()
    );
    if let State::Void { reason, .. } = &cut.state {
        out += &format!("  void: {reason}\n");
    }
    out += &timeline(cut);
    if let Some(resume) = &cut.resume {
        out += &format!("  backlog        {:>8} records", resume.backlog);
        if let Some(at) = resume.caught_up_ms {
            out += &format!(
                ", caught up {} ms after the resume",
                at.saturating_sub(resume.started_ms)
            );
        }
        out += "\n";
        for lost in &resume.lost {
            out += &format!(
                "  LOST: {} of source {} starts at {}, the mirror needed {}\n",
                lost.partition, lost.alias, lost.log_start_offset, lost.needed
            );
        }
    }
    if let Some(headroom) = cut.quiesce.as_ref().and_then(|quiesce| quiesce.headroom_ms) {
        out += &format!("  retention left {:>8} s\n", headroom / 1000);
    }
    if let Some(before) = rpo_ms(cut) {
        out += &format!("  RPO point      {before:>8} ms before the first stop\n");
    }
    out += &format!("  partitions     {:>8}\n", cut.rows.partitions.len());
    if let Some(hot) = &cut.hot {
        out += &format!(
            "  sweeps         {:>8} of the sources' heads\n",
            hot.sweeps.len()
        );
        out += "  hot: no backup before `slackwater logdir plan` and `trim` made one point of it\n";
    }
    if let Some(point) = &cut.point {
        out += &surplus(point);
    }
    out += &claims(&cut.claims);
    if let Some(digest) = &cut.digest {
        out += &format!("  sha256 {digest}\n");
    }
    out
}

/// What lies past the point of the sources that all partitions are past.
fn surplus(point: &SourcePoint) -> String {
    let known = point.surplus.iter().flatten();
    let (sum, most) = (known.clone().sum::<u64>(), known.max().unwrap_or(&0));
    let unmarked = point.unmarked().count();
    let without = match (point.marked_ms, unmarked) {
        (None, _) => ", had the sources been read after it".to_owned(),
        (Some(_), 0) => String::new(),
        (Some(_), count) => format!(", but for {count} partitions whose records could not be read"),
    };
    format!(
        "  surplus        {sum:>8} offsets of the sources past the RPO point, {most} in one partition: \
         `logdir plan` and `trim` leave them out, and in Kubernetes `restore \
         --trim=consistent`{without}\n"
    )
}

/// How long before the first stop the point lies that `covers` speaks of.
fn rpo_ms(cut: &Cut) -> Option<u64> {
    let stop = cut.quiesce.as_ref()?.stop_started_ms?;
    cut.claims.iter().find_map(|claim| match &claim.evidence {
        Evidence::Covers(covers) if claim.verdict == Verdict::Proven => {
            Some(stop.saturating_sub(covers.sampled.first_request_ms))
        }
        _ => None,
    })
}

/// The window, step by step, in milliseconds from the first stop.
fn timeline(cut: &Cut) -> String {
    let Some(began) = cut
        .quiesce
        .as_ref()
        .and_then(|quiesce| quiesce.stop_started_ms)
    else {
        return String::new();
    };
    let after = |at: u64| at.saturating_sub(began);
    let mut steps = vec![("first stop", 0)];
    if let Some(stopped) = cut
        .quiesce
        .as_ref()
        .and_then(|quiesce| quiesce.stopped.as_ref())
    {
        steps.push(("all stopped", after(stopped.asked.last_answer_ms)));
    }
    if let Some(drain) = &cut.drain {
        steps.push(("drained", after(drain.ended_ms)));
    }
    if let Some(snapshot) = &cut.snapshot {
        steps.push(("sealed", after(snapshot.sealed_ms)));
        if let Some(outage) = &snapshot.outage {
            steps.extend(outage.stopped_ms.map(|at| ("brokers down", after(at))));
            steps.extend(outage.started_ms.map(|at| ("brokers asked", after(at))));
        }
        if let Some(cut) = snapshot
            .volumes
            .iter()
            .filter_map(|volume| volume.cut_ms)
            .max()
        {
            steps.push(("volumes cut", after(cut)));
        }
    }
    if let Some(bracket) = &cut.bracket {
        steps.push(("closing look", after(bracket.asked.last_answer_ms)));
    }
    if let Some(resume) = &cut.resume {
        steps.push(("resume asked", after(resume.started_ms)));
        if let Some(at) = resume.running_ms {
            steps.push(("all running", after(at)));
        }
        if let Some(at) = resume.first_record_ms {
            steps.push(("first record", after(at)));
        }
    }
    steps.sort_by_key(|(_, at)| *at);
    let last = steps.last().map_or(1, |(_, at)| (*at).max(1));
    let mut out = String::new();
    for (name, at) in steps {
        let bar = "▪".repeat(usize::try_from(at * 40 / last).unwrap_or(0) + 1);
        out += &format!("  {name:<14} {at:>8} ms {bar}\n");
    }
    if let Some(window) = cut.window_ms() {
        let until = match cut
            .resume
            .as_ref()
            .and_then(|resume| resume.first_record_ms)
        {
            Some(_) => "to the first record after the resume",
            None => "to all connectors running: nothing was pending",
        };
        out += &format!("  window         {window:>8} ms {until}\n");
    }
    out
}

/// The claims, one line each.
pub(super) fn claims(claims: &[Claim]) -> String {
    claims
        .iter()
        .map(|claim| {
            let mark = match claim.verdict {
                Verdict::Proven => "✔",
                Verdict::Refuted => "✘",
                Verdict::Unproven => "?",
            };
            format!(
                "  {mark} {:<13} {:<8} {:>6} examined  {}\n",
                claim.name.to_string(),
                claim.verdict.to_string(),
                claim.examined,
                claim.reason
            )
        })
        .collect()
}
