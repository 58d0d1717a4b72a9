//! `WaitV2` (pkg/function/waitv2.go:58-85 and 117-143; pkg/function/wait.go:140-183,
//! `waitForCondition`): looks at objects until a condition of each is met.
//!
//! Of its arguments only the objects' references are templates of Kanister's, and they
//! are rendered at each look (pkg/function/wait.go:213-222). A condition is a template of
//! kubectl's printer over the whole object (cli-runtime, pkg/printers/template.go:37-90),
//! without sprig, and must print `true`; one that can't be parsed prints nothing, and nobody
//! says so. The first of `anyOf` that is met suffices, else all of `allOf` have to be; a look
//! that fails ends there, and what comes behind it is not looked at. It puts nothing out.
//!
//! Why the last look failed is not told. There it is (pkg/function/wait.go:178-182), unless
//! that look was at the very end: then client-go's own words for it take its place.
#![allow(
    clippy::disallowed_methods,
    reason = "a stand-in at the edge: it waits for objects"
)]

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::functions::{Hands, text};
use super::object::ObjectReference;

/// Of a look's distance to the next (pkg/poll/poll.go:44-53 and 73-107, `Wait`): doubled each
/// time.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Runs one.
pub(super) fn run(hands: &Hands<'_>, args: &Value) -> Result<(), String> {
    let timeout = hands
        .renderer
        .duration(&text(args, "timeout"))
        .map_err(|why| format!("Failed to parse timeout: {why}"))?;
    let began = Instant::now();
    let mut pause = FIRST;
    loop {
        if let Ok(true) = look(hands, &args["conditions"]) {
            return Ok(());
        }
        let left = timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(
                "Failed to wait for the condition to be met: Context done while polling: context \
                 deadline exceeded"
                    .to_owned(),
            );
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST);
    }
}

/// One look.
fn look(hands: &Hands<'_>, conditions: &Value) -> Result<bool, String> {
    let each = |key: &str| conditions[key].as_array().cloned().unwrap_or_default();
    for condition in each("anyOf") {
        if is_met(hands, &condition)? {
            return Ok(true);
        }
    }
    let all = each("allOf");
    for condition in &all {
        if !is_met(hands, condition)? {
            return Ok(false);
        }
    }
    Ok(!all.is_empty())
}

/// `evaluateWaitV2Condition` (pkg/function/waitv2.go:118-133)
fn is_met(hands: &Hands<'_>, condition: &Value) -> Result<bool, String> {
    let reference = &condition["objectReference"];
    let reference = hands
        .renderer
        .render(hands.params, reference)
        .map_err(|why| format!("could not render object reference {{objRef}}: {why}"))?;
    let object = ObjectReference::of(&reference).get(hands.kubectl)?;
    let printed = hands
        .renderer
        .printed(&object, &text(condition, "condition"))?;
    Ok(printed.trim() == "true")
}
