//! How long a hook may take: K10 ends one after its time, whatever it is in the middle of
//! (install, `timeout.blueprintHooks`), and counts all phases of the action.

use std::time::Duration;

use serde_json::Value;

use super::Limits;
use crate::{Fault, phases};

/// Its time is too short for all phases, or one of them has no end of its own.
pub(super) fn faults(name: &str, action: &str, blueprint: &Value, limits: Limits) -> Vec<Fault> {
    let most = limits.hook_seconds;
    let mut faults = Vec::new();
    let mut sum: u64 = 0;
    for (phase, of) in phases(action, &blueprint["actions"][action]) {
        match deadline(of) {
            Ok(seconds) => sum = sum.saturating_add(seconds),
            Err(help) => faults.push(Fault::new(
                format!("Blueprint {name} {phase}"),
                format!(
                    "has no deadline, and K10 ends a hook after {most} s, wherever it is: {help}"
                ),
            )),
        }
    }
    if sum >= most {
        faults.push(Fault::new(
            format!("Blueprint {name} actions.{action}"),
            format!(
                "its phases may take {sum} s together, and K10 ends a hook after {most} s \
                 (timeout.blueprintHooks; another limit is told by --k10-hook-seconds)"
            ),
        ));
    }
    faults
}

/// After which a phase has ended, in seconds; or what would give it one.
fn deadline(phase: &Value) -> Result<u64, &'static str> {
    let args = &phase["args"];
    match phase["func"].as_str() {
        Some("Wait" | "WaitV2") => {
            let said = args["timeout"].as_str().and_then(seconds);
            said.ok_or("give it a `timeout`, as `10m`")
        }
        // One request; a deletion is waited for (`pkg/function/kubeops.go`).
        Some("KubeOps") if args["operation"] != "delete" => Ok(0),
        Some("KubeOps") => Err("KubeOps waits until what it deletes is gone"),
        Some("KubeExec" | "KubeExecAll") => {
            by_command(args).ok_or("begin its command with `timeout SECONDS`")
        }
        Some("ScaleWorkload") if args["waitForReady"] == false => Ok(0),
        Some("ScaleWorkload") => Err("ScaleWorkload waits for pods: give it waitForReady: false"),
        _ => {
            let of_pod = &args["podOverride"]["activeDeadlineSeconds"];
            let of_pod = match of_pod {
                // A text is another fault, which names it.
                Value::String(_) => Some(0),
                number => number.as_u64(),
            };
            let both = [of_pod, by_command(args)].into_iter().flatten().min();
            both.ok_or("give it podOverride.activeDeadlineSeconds, where it makes a pod")
        }
    }
}

/// Of a command that is run by `timeout`.
fn by_command(args: &Value) -> Option<u64> {
    let mut words = args["command"].as_array()?.iter().filter_map(Value::as_str);
    let is_timeout = words.next()?.rsplit('/').next() == Some("timeout");
    // Its options, of which these two have a word of their own.
    let mut span = words.next().filter(|_| is_timeout)?;
    while span.starts_with('-') {
        if ["-k", "-s"].contains(&span) {
            words.next()?;
        }
        span = words.next()?;
    }
    span.parse().ok().or_else(|| seconds(span))
}

/// A span as Go reads one (`time.ParseDuration`), `1h30m` say, in seconds; one that is
/// begun counts.
fn seconds(text: &str) -> Option<u64> {
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let mut all = Duration::ZERO;
    let mut left = text;
    loop {
        let (number, rest) = left.split_at(left.find(|letter| !is_number(letter))?);
        let (unit, rest) = rest.split_at(rest.find(is_number).unwrap_or(rest.len()));
        let scale = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let span = number.parse::<f64>().ok()? * scale;
        all = all.checked_add(Duration::try_from_secs_f64(span).ok()?)?;
        if rest.is_empty() {
            let begun = u64::from(all.subsec_nanos() > 0);
            return all.as_secs().checked_add(begun);
        }
        left = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_span_is_read_as_go_reads_it() {
        for (text, wanted) in [
            ("90s", Some(90)),
            ("1h30m", Some(5_400)),
            ("1.5m", Some(90)),
            ("1500ms", Some(2)),
            ("", None),
            ("90", None),
            ("a minute", None),
            ("{{ .Options.timeout }}", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
