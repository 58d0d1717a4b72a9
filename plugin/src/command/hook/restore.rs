//! Around a restore that K10 makes: the mirror stands aside before, so that its claims
//! can be exchanged and the way back stays; afterwards what the claims hold is held
//! against the cut of the run that is noted on them, and the mirror goes on from there.

use slackwater_cut::State;
use slackwater_restore::{Note, Way};
use slackwater_store::RunId;

use super::super::Context;
use super::{Hook, last_run, tell};
use crate::adapters::Terminal;
use crate::exit::Stop;
use crate::restore::{Asked, Rest, Restore, text};
use crate::site::{KafkaName, Need, Site};

/// How long a hook itself waits for the mirror to catch up, ms: Connect commits once a
/// minute (`offset.flush.interval.ms`). For what takes longer a pod of its own waits.
const CATCH_UP_MS: u64 = 180_000;

impl Hook {
    pub(super) fn before_restore(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let site = self.site(context, kafka, &Need::Least)?;
        let run = match noted(&site)? {
            Some(note) => note.run,
            // Its volumes are the mirror's: a scaled one is told by them.
            None => {
                let lives = |cut: &slackwater_cut::Cut| {
                    cut.snapshot.is_some() && !matches!(cut.state, State::Void { .. })
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
        let restore = self.restore(context, kafka, run, Way::Aside)?;
        let done = restore.run()?;
        Terminal::new(context.quiet).say(&format!("{kafka}: {}", text(&done)));
        tell(kafka, &[("runId", &done.run)])
    }

    pub(super) fn after_restore(&self, context: &Context, kafka: &KafkaName) -> Result<(), Stop> {
        let site = self.site(context, kafka, &Need::Least)?;
        let run = restored_run(&site)?;
        let done = self.restore(context, kafka, run, Way::OnClaims)?.run()?;
        Terminal::new(context.quiet).say(&format!("{kafka}: {}", text(&done)));
        tell(kafka, &[("runId", &done.run)])
    }

    fn restore(
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
            accept_unproven: false,
            accept_loss: false,
            git_ops_suspended: false,
            catch_up_ms: CATCH_UP_MS,
            rest: match self.no_feed {
                true => Rest::Unfed,
                false => Rest::Apart,
            },
            quiet: context.quiet,
        })
    }
}

fn noted(site: &Site) -> Result<Option<Note>, Stop> {
    let note = match site.strimzi() {
        Some(strimzi) => strimzi.restore_note()?,
        None => None,
    };
    let note = note.map(|note| note.parse::<Note>());
    note.transpose().map_err(Stop::failed)
}

/// The run that is noted on all claims: of a restore that is under way, its own.
fn restored_run(site: &Site) -> Result<RunId, Stop> {
    let by_hand = "say which it is: `slackwater restore RUN --on-claims --kafka NAMESPACE/NAME`";
    let strimzi = site.strimzi();
    let strimzi = strimzi.ok_or_else(|| Stop::failed("a hook is of a mirror in Strimzi"))?;
    let runs: Vec<Option<String>> = strimzi.sealed_by()?.into_iter().collect();
    match runs.as_slice() {
        [Some(run)] => run.parse().map_err(Stop::failed),
        [] => Err(Stop::failed(
            "it has no claims: nobody has restored them, or without their labels",
        )),
        [None] => Err(Stop::failed(format!(
            "nothing is noted on its claims of the backup that they are from; {by_hand}"
        ))),
        several => {
            let words = |run: &Option<String>| run.clone().unwrap_or("none".to_owned());
            let words: Vec<String> = several.iter().map(words).collect();
            Err(Stop::failed(format!(
                "its claims are from several backups (by their notes: {}): restore all of them from \
                 one",
                words.join(", ")
            )))
        }
    }
}
