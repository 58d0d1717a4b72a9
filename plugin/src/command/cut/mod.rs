//! `slackwater cut`: show, verify, compare and carry cuts.

mod carry;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde::Serialize;
use slackwater_cut::verify;

use super::{Context, WhereArg, read_cut, read_document, report};
use crate::exit::{Stop, of_claims};
use crate::site::Site;

/// Look at cuts.
///
/// A cut is named by its run, or by a file; `-` is standard input.
#[derive(Debug, Args)]
pub(super) struct Cut {
    #[command(flatten)]
    at: WhereArg,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show one.
    Show {
        /// The cut.
        cut: String,
    },
    /// Judge one again: its digest, and every claim from its evidence.
    Verify {
        /// The cut.
        cut: String,
    },
    /// Print a closed one as it lies there, to be kept or brought elsewhere.
    Export {
        /// The cut.
        cut: String,
    },
    /// Bring a closed one: beside its mirror, in the place of what was sealed.
    Import {
        /// The file; `-` for standard input.
        file: String,
    },
    /// How far the partitions went from one to the other.
    Diff {
        /// The older one.
        from: String,
        /// The newer one.
        to: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    partition: String,
    from: Option<u64>,
    to: Option<u64>,
    note: Option<&'static str>,
}

impl Cut {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let site = match self.at.said() {
            Some(config) => Some(context.site_of_what_there_is(&config)?),
            None => None,
        };
        let site = site.as_ref();
        match &self.verb {
            Verb::Show { cut } => context.print(&read_cut(site, cut)?, report::text),
            Verb::Verify { cut } => Self::verify(context, site, cut),
            Verb::Export { cut } => carry::export(site, cut),
            Verb::Import { file } => carry::import(context, site, file),
            Verb::Diff { from, to } => {
                let rows = diff(&read_cut(site, from)?, &read_cut(site, to)?);
                context.print(&rows, |rows| {
                    if rows.is_empty() {
                        return "every partition ends where it did".to_owned();
                    }
                    rows.iter()
                        .map(|row| {
                            let shown = |end: Option<u64>| {
                                end.map_or_else(|| "-".to_owned(), |end| end.to_string())
                            };
                            let note = row
                                .note
                                .map_or_else(String::new, |note| format!("  {note}"));
                            format!(
                                "{}  {} → {}{note}\n",
                                row.partition,
                                shown(row.from),
                                shown(row.to)
                            )
                        })
                        .collect()
                })
            }
        }
    }

    fn verify(context: &Context, site: Option<&Site>, cut: &str) -> Result<(), Stop> {
        let cut = verified(cut, &read_document(site, cut)?)?;
        context.print(&cut.claims, |claims| report::claims(claims))?;
        of_claims(&cut, &cut.settings.require)
    }
}

/// A closed cut that has its digest, and whose claims follow from their evidence.
fn verified(what: &str, text: &str) -> Result<slackwater_cut::Cut, Stop> {
    let wrong = |error| Stop::bad_input(format!("{what}: {error}"));
    let (read, verified) = (slackwater_cut::Cut::parse(text), verify(text));
    let (cut, verified) = (read.map_err(wrong)?, verified.map_err(wrong)?);
    if let Some(why) = &verified.not_closed {
        return Err(Stop::failed(why));
    }
    if !verified.digest_holds {
        return Err(Stop::failed(
            "the cut's digest is not that of its content: it was changed",
        ));
    }
    if let Some((written, now)) = verified.differing.first() {
        return Err(Stop::failed(format!(
            "{} is written as {} and is {}: {}",
            written.name, written.verdict, now.verdict, now.reason
        )));
    }
    Ok(cut)
}

fn diff(from: &slackwater_cut::Cut, to: &slackwater_cut::Cut) -> Vec<Difference> {
    let ends = |cut: &slackwater_cut::Cut| -> BTreeMap<String, (u64, String)> {
        cut.rows
            .partitions
            .iter()
            .map(|row| {
                let id = cut.rows.topic(row).id.clone();
                (cut.rows.name(row), (row.high_watermark, id))
            })
            .collect()
    };
    let (before, after) = (ends(from), ends(to));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (was, is) = (before.get(name), after.get(name));
            let note = match (was, is) {
                (Some((_, old)), Some((_, new))) if old != new => {
                    Some("another topic of that name")
                }
                (Some((old, _)), Some((new, _))) if new < old => Some("ends earlier"),
                (None, _) => Some("new"),
                (_, None) => Some("gone"),
                (Some((old, _)), Some((new, _))) if old == new => return None,
                _ => None,
            };
            Some(Difference {
                partition: name.clone(),
                from: was.map(|(end, _)| *end),
                to: is.map(|(end, _)| *end),
                note,
            })
        })
        .collect()
}
