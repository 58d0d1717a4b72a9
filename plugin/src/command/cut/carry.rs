//! Closed cuts, carried to where their mirror is restored: a backup that was made when a
//! cut was sealed holds the seal, and the verdict came later.

use serde::Serialize;
use slackwater_cut::{Cut, Rows, State};
use slackwater_store::RunId;

use super::super::{Context, print_line, read_document};
use super::verified;
use crate::exit::Stop;
use crate::site::Site;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Imported {
    run: String,
    /// Whether it took the place of what was sealed.
    in_place: bool,
}

/// Prints it; beside its Kafka, or where that is gone its copy.
pub(super) fn export(site: Option<&Site>, cut: &str) -> Result<(), Stop> {
    let text = match (site.and_then(Site::strimzi), cut.parse::<RunId>()) {
        (Some(strimzi), Ok(run)) => strimzi.document(&run)?.0,
        _ => read_document(site, cut)?,
    };
    verified(cut, &text)?;
    print_line(&text)
}

/// Writes it where its run is, or would be.
pub(super) fn import(context: &Context, site: Option<&Site>, file: &str) -> Result<(), Stop> {
    let site = site.ok_or_else(|| {
        Stop::bad_input("say beside which mirror: --kafka NAMESPACE/NAME, or --config FILE")
    })?;
    let text = read_document(None, file)?;
    let text = text.trim_end();
    let cut = verified(file, text)?;
    if cut.mirror != site.name {
        return Err(Stop::bad_input(format!(
            "the cut is of mirror {}, and this one is {}",
            cut.mirror, site.name
        )));
    }
    let run: RunId = cut.run_id.parse().map_err(Stop::bad_input)?;
    let runs = site.runs();
    let in_place = match runs.load(&run) {
        Err(error) if error.is_missing() => {
            runs.create(&run, text).map_err(Stop::failed)?;
            false
        }
        Err(error) => return Err(Stop::failed(error)),
        Ok(there) if there.document == text => false,
        Ok(there) => {
            must_be_its_seal(&cut, &Cut::parse(&there.document).map_err(Stop::bad_input)?)?;
            let written = runs.supersede(&run, there.revision, text);
            written.map_err(Stop::failed)?;
            true
        }
    };
    let imported = Imported {
        run: cut.run_id,
        in_place,
    };
    context.print(&imported, |imported| match imported.in_place {
        true => format!("run {} is closed here now", imported.run),
        false => format!("run {} is here", imported.run),
    })
}

/// What is there was sealed, and is the same run's: one that was given up here, since
/// nobody knew of its close, too.
fn must_be_its_seal(closed: &Cut, there: &Cut) -> Result<(), Stop> {
    if !matches!(there.state, State::Sealed | State::Void { .. }) {
        return Err(Stop::bad_input(format!(
            "run {} is {} here, and another document: only a sealed one is superseded",
            there.run_id,
            there.state.word()
        )));
    }
    match sealed(closed) == sealed(there) {
        true => Ok(()),
        false => Err(Stop::bad_input(format!(
            "run {} was sealed here as another one: its cluster, when, or what its partitions end \
             with is not the same",
            there.run_id
        ))),
    }
}

/// What stands since the seal, and is never changed.
fn sealed(cut: &Cut) -> Option<(&str, u64, Rows)> {
    let mut rows = cut.rows.clone();
    for row in &mut rows.partitions {
        row.content = None;
        row.closing_log_start_offset = None;
    }
    let snapshot = cut.snapshot.as_ref()?;
    Some((cut.mirror_cluster_id(), snapshot.sealed_ms, rows))
}
