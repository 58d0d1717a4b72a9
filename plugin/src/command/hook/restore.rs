//! Around a restore that K10 makes: the mirror stands aside before, so that its claims
//! can be exchanged and the way back stays; afterwards what the claims hold is held
//! against the cut of the run that is noted on them, and the mirror goes on from there.

use std::collections::BTreeSet;

use slackwater_cut::{Cut, State};
use slackwater_restore::{Note, Way};
use slackwater_store::RunId;

use super::super::Context;
use super::super::again::asked_again;
use super::shown::{SHOWN, brokers_are_shown, is_shown};
use super::{Hook, last_run, of, strimzi, tell};
use crate::adapters::Terminal;
use crate::exit::{Exit, Stop};
use crate::restore::may::was_handed_over;
use crate::restore::{Asked, Rest, Restore, text};
use crate::site::{KafkaName, Need, Strimzi, volumes_of};

/// How long a hook itself waits for the mirror to catch up, ms: Connect commits once a
/// minute (`offset.flush.interval.ms`). For what takes longer a pod of its own waits.
const CATCH_UP_MS: u64 = 180_000;

const BY_HAND: &str =
    "`slackwater restore RUN --on-claims --kafka NAMESPACE/NAME` says which it is";

impl Hook {
    /// What forbids it for one is told before any is touched.
    pub(super) fn before_restore(
        &self,
        context: &Context,
        kafkas: &[KafkaName],
    ) -> Result<(), Stop> {
        for kafka in kafkas {
            let may = self
                .aside(context, kafka)
                .and_then(|restore| restore.plan());
            may.map_err(|stop| of(kafka, stop))?;
        }
        let mut aside = Vec::new();
        for kafka in kafkas {
            let done = self.aside(context, kafka).and_then(Restore::run);
            let done = done.map_err(|stop| Stop {
                cause: format!("{kafka}: {}{}", stop.cause, others_wait(&aside)),
                ..stop
            })?;
            Terminal::new(context.quiet).say(&format!("{kafka}: {}", text(&done)));
            tell(kafka, &[("runId", &done.run)])?;
            aside.push(format!("{kafka} (run {})", done.run));
        }
        Ok(())
    }

    pub(super) fn after_restore(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let site = self.site(context, kafka, &Need::Least)?;
        let run = restored_run(strimzi(&site)?)?;
        let (document, _) = strimzi(&site)?.document(&run)?;
        let cut = Cut::trusted(&document).map_err(Stop::failed)?;
        let restore = self.restore(context, kafka, run.clone(), Way::OnClaims)?;
        // Where another mirror's failed, K10 tells it to all of them again. (What is half
        // done can't be planned either, and goes on.)
        let said = match restore.plan().is_err() && is_shown(&site, &cut, &run)? {
            true => SHOWN.to_owned(),
            false => match restore.run() {
                Ok(done) => text(&done),
                // The pod that waits until the mirror has caught up.
                Err(stop) if stop.exit == Exit::Held && brokers_are_shown(&site, &cut, &run)? => {
                    format!("{SHOWN}; what is left of it goes on: {}", stop.cause)
                }
                Err(stop) => return Err(stop),
            },
        };
        Terminal::new(context.quiet).say(&format!("{kafka}: {said}"));
        tell(kafka, &[("runId", run.as_str())])
    }

    /// By the last backup that is known of it: its volumes are the mirror's, and where
    /// they are not, that is told.
    pub(super) fn aside(&self, context: &Context, kafka: &KafkaName) -> Result<Restore, Stop> {
        let site = self.site(context, kafka, &Need::Least)?;
        let noted = strimzi(&site)?.restore_note()?;
        let noted = noted.map(|note| note.parse::<Note>()).transpose();
        let run = match noted.map_err(Stop::failed)? {
            Some(note) => note.run,
            None => {
                let lives = |cut: &Cut| {
                    let is_void = matches!(cut.state, State::Void { .. });
                    cut.snapshot.is_some() && (!is_void || was_handed_over(cut))
                };
                let last = last_run(&site, lives)?;
                let (run, _) = last.ok_or_else(|| {
                    Stop::bad_input(
                        "no backup of it is known, and so not which volumes are its: where nobody \
                         wants it back delete it, and restore where nothing is",
                    )
                })?;
                run
            }
        };
        self.restore(context, kafka, run, Way::Aside)
    }

    pub(super) fn restore(
        &self,
        context: &Context,
        kafka: &KafkaName,
        run: RunId,
        way: Way,
    ) -> Result<Restore, Stop> {
        Restore::open(Asked {
            kafka: kafka.clone(),
            kubeconfig: self.kubeconfig.clone(),
            run,
            way,
            accept_unproven: self.accept_unproven,
            trim: None,
            accept_loss: self.accept_loss,
            git_ops_suspended: self.git_ops_suspended,
            catch_up_ms: CATCH_UP_MS,
            rest: match self.no_feed {
                true => Rest::Unfed,
                false => Rest::Apart,
            },
            clone_of: None,
            quiet: context.quiet,
        })
    }
}

fn others_wait(aside: &[String]) -> String {
    match aside {
        [] => String::new(),
        aside => format!(
            "; {} stand aside already: `restore RUN --undo` has each back",
            aside.join(", ")
        ),
    }
}

/// The run that is noted on all claims of its own cut; others may be left of nodes that
/// there are no more.
fn restored_run(strimzi: &Strimzi) -> Result<RunId, Stop> {
    let there = strimzi.claims()?;
    if there.is_empty() {
        return Err(Stop::failed(
            "it has no claims: nobody has restored them, or without their labels",
        ));
    }
    let noted = there.values().filter_map(|claim| claim.run.as_ref());
    let named: BTreeSet<&String> = noted.collect();
    if named.is_empty() {
        return Err(Stop::failed(format!(
            "nothing is noted on its claims of the backup that they are from; {BY_HAND}"
        )));
    }
    let (mut whole, mut missing) = (Vec::new(), Vec::new());
    for name in &named {
        let run: RunId = name.parse().map_err(Stop::failed)?;
        // That of a node which there is no more may be deleted by now.
        let Some(document) = asked_again(|| strimzi.document_if_there(&run))? else {
            missing.push(name.as_str());
            continue;
        };
        let cut = Cut::parse(&document).map_err(Stop::failed)?;
        let is_noted = |claim: &str| {
            there
                .get(claim)
                .is_none_or(|one| one.run.as_ref() == Some(*name))
        };
        let mut volumes = volumes_of(&cut).into_iter();
        if volumes.all(|one| is_noted(&one.claim)) {
            whole.push(run);
        }
    }
    match whole.as_slice() {
        [run] => Ok(run.clone()),
        [] if !missing.is_empty() => Err(Stop::failed(format!(
            "its claims are from a backup whose cut is not here (by their notes: {}): restore its \
             ConfigMaps, too, or bring it by `slackwater cut import FILE`",
            missing.join(", ")
        ))),
        _ => {
            let named: Vec<&str> = named.into_iter().map(String::as_str).collect();
            Err(Stop::failed(format!(
                "its claims are from several backups (by their notes: {}): restore all of them from \
                 one; or {BY_HAND}",
                named.join(", ")
            )))
        }
    }
}
