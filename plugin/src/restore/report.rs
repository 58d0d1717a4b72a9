//! What is said of a restore that is done.

use serde::Serialize;
use slackwater_cut::{Claim, ClaimName, Cut};
use slackwater_restore::Way;

/// See the module.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which backup.
    pub run: String,
    /// Whether it went back to the volumes from before.
    pub undone: bool,
    /// The claims about what came back; none on the way back.
    pub claims: Vec<Claim>,
}

impl Report {
    pub(super) fn new(cut: &Cut, way: Way) -> Self {
        let ours = |one: &&Claim| {
            let of_it = matches!(one.name, ClaimName::Restored | ClaimName::HeadsRestored);
            way == Way::Forth && of_it
        };
        Self {
            run: cut.run_id.clone(),
            undone: way == Way::Back,
            claims: cut.claims.iter().filter(ours).cloned().collect(),
        }
    }
}

/// For a person.
pub fn text(report: &Report) -> String {
    let run = &report.run;
    if report.undone {
        return format!("the mirror is back on the volumes from before the restore of run {run}");
    }
    let mut out = String::new();
    for one in &report.claims {
        out += &format!("{} {}: {}\n", one.name, one.verdict, one.reason);
    }
    out + &format!(
        "run {run} is restored; the volumes from before are kept: `restore {run} --undo` goes back \
         to them, and `slackwater gc --kept-volumes` deletes them"
    )
}
