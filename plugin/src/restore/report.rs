//! What is said of a restore that is done.

use serde::Serialize;
use slackwater_cut::{Claim, Cut};
use slackwater_restore::Way;

use super::Asked;

/// See the module.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which backup.
    pub run: String,
    /// Whether it went back to the volumes from before.
    pub undone: bool,
    /// Whether it stands aside for others, who restore its claims.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// Of what it is a clone; left out where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clone_of: Option<String>,
    /// What is left to be done; left out where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Remainder>,
    /// The claims about what came back; none on the way back.
    pub claims: Vec<Claim>,
}

/// What is left to be done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Remainder {
    /// This pod starts the checkpoint connectors when the mirror has caught up.
    Checkpoints(String),
    /// What feeds the mirror stays stopped.
    Feeding,
}

impl Report {
    pub(super) fn new(cut: &Cut, asked: &Asked, left: Option<Remainder>) -> Self {
        let way = asked.way;
        let ours = |one: &&Claim| {
            let of_it = one.name.is_of_a_restore();
            way.is_forth() && of_it
        };
        Self {
            run: cut.run_id.clone(),
            undone: way == Way::Back,
            aside: way == Way::Aside,
            clone_of: asked.clone_of.as_ref().map(|of| of.kafka.to_string()),
            left,
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
    if report.aside {
        return format!(
            "the mirror stands aside: nothing runs, its volumes are kept, and its claims are gone, but \
             for those that others had restored where none was; when they have restored all of them \
             `restore RUN --on-claims` goes on, and `restore {run} --undo` goes back"
        );
    }
    let mut out = String::new();
    for one in &report.claims {
        out += &format!("{} {}: {}\n", one.name, one.verdict, one.reason);
    }
    match &report.left {
        Some(Remainder::Checkpoints(pod)) => {
            out += &format!(
                "the mirror copies; pod {pod} starts its checkpoint connectors when it has caught up\n"
            );
        }
        Some(Remainder::Feeding) => {
            out += "what feeds the mirror stays stopped: the same command without --no-feed starts it\n";
        }
        None => {}
    }
    if let Some(of) = &report.clone_of {
        return out
            + &format!(
                "a clone of {of} as run {run} has it: nothing feeds it, and it is gone with its \
                 namespace"
            );
    }
    out + &format!(
        "run {run} is restored; volumes from before, where there were any, are kept: `restore {run} \
         --undo` goes back to them, and `slackwater gc --kept-volumes` deletes them"
    )
}
