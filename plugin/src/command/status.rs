//! `slackwater status`: who holds the mirror, and the last runs.

use clap::Args;
use serde::Serialize;
use slackwater_cut::{Cut, State};
use slackwater_store::LeaseState;

use super::{ConfigArg, Context};
use crate::exit::Stop;

/// Runs shown unless told otherwise.
const RUNS: usize = 10;

/// Who holds the mirror, and the last runs.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    config: ConfigArg,
    /// How many runs are shown.
    #[arg(long, default_value_t = RUNS)]
    runs: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    mirror: String,
    hold: String,
    runs: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    run: String,
    state: String,
    claims: Vec<String>,
    reason: Option<String>,
}

impl Status {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let site = context.site_of_what_there_is(&self.config)?;
        let lease = site.ground().leases().look()?;
        let listed = site.runs().last_of(&site.name, self.runs);
        let mut listed = listed.map_err(Stop::failed)?;
        if let (LeaseState::Free, [], Some(strimzi)) = (&lease, listed.as_slice(), site.strimzi()) {
            listed = strimzi.known_elsewhere(self.runs)?;
        }
        let hold = match lease {
            LeaseState::Free => "nobody holds the mirror".to_owned(),
            LeaseState::Held(None) => "somebody is just taking the mirror".to_owned(),
            LeaseState::Held(Some(holder)) => format!("held by {holder}"),
            LeaseState::Expired(left) => {
                format!("EXPIRED: the guard of {left} is gone; `slackwater resume` puts it right")
            }
        };
        let runs = listed
            .into_iter()
            .map(|listed| {
                let run = listed.run.to_string();
                let cut = listed
                    .record
                    .map_err(|error| error.to_string())
                    .and_then(|record| {
                        Cut::parse(&record.document).map_err(|error| error.to_string())
                    });
                match cut {
                    Ok(cut) => row(run, &cut),
                    Err(why) => Row {
                        run,
                        state: "unreadable".to_owned(),
                        claims: Vec::new(),
                        reason: Some(why),
                    },
                }
            })
            .collect();
        let shown = Shown {
            mirror: site.name.clone(),
            hold,
            runs,
        };
        context.print(&shown, text)
    }
}

fn row(run: String, cut: &Cut) -> Row {
    Row {
        run,
        state: cut.state.word().to_owned(),
        claims: cut
            .claims
            .iter()
            .map(|claim| format!("{} {}", claim.name, claim.verdict))
            .collect(),
        reason: match &cut.state {
            State::Void { reason, .. } => Some(reason.clone()),
            _ => None,
        },
    }
}

fn text(shown: &Shown) -> String {
    let mut out = format!("{}: {}\n", shown.mirror, shown.hold);
    for row in &shown.runs {
        let more = row.reason.clone().unwrap_or_else(|| row.claims.join(", "));
        out += &format!("  {}  {:<7} {more}\n", row.run, row.state);
    }
    out
}
