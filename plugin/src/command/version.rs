//! `slackwater version`: of the program and of the phases that it carries.

use serde_json::json;

use super::Context;
use crate::components::{BUILT_WITH, Components};
use crate::exit::Stop;

pub(super) fn run(context: &Context) -> Result<(), Stop> {
    let used = Components::embedded().map_err(Stop::failed)?.used();
    let value = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "componentsBuiltWith": BUILT_WITH,
        "components": used,
    });
    context.print(&value, |_| {
        let mut out = format!(
            "slackwater {}\ncomponents built with: {BUILT_WITH}\n",
            env!("CARGO_PKG_VERSION")
        );
        for one in &used {
            out += &format!("  {}  {}\n", one.sha256, one.phase);
        }
        out
    })
}
