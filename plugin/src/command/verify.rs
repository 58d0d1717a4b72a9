//! `slackwater verify`: reads the snapshot of a closed run again, every batch
//! of it, and closes its cut again. What was said before stays beside it.

use std::sync::Arc;

use clap::Args;
use slackwater_cut::{Cut, State, Verify as Depth};
use slackwater_host::{Entry, PhaseName};
use slackwater_ports::RunStore;
use slackwater_restore::{Note, Stage};
use slackwater_store::RunId;

use super::{ConfigArg, Context, RecordArg, report};
use crate::adapters::ScratchStore;
use crate::exit::{Stop, of_claims};

/// Read a snapshot again, and close its cut again with what is found.
///
/// Every batch of it is read. The cut names the digest that it had before.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    config: ConfigArg,
    /// The run.
    run: RunId,
    #[command(flatten)]
    record: RecordArg,
}

impl Verify {
    pub(super) fn run(&self, context: &Context) -> Result<(), Stop> {
        let mut site = context.site_of_what_there_is(&self.config)?;
        self.record.apply(&mut site)?;
        site.recorder.of_run(&self.run);
        if let Some(strimzi) = site.strimzi() {
            strimzi.must_be_of_it(&self.run)?;
            // The claims of a restore are of the cut as it is.
            let note = strimzi.restore_note()?;
            let note = note.and_then(|text| text.parse::<Note>().ok());
            if note.is_some_and(|note| note.run == self.run && note.stage != Stage::Aside) {
                return Err(Stop::held(format!(
                    "run {} is just being restored: its cut is verified again when that is over",
                    self.run
                )));
            }
        }
        let record = site.runs().load(&self.run).map_err(Stop::bad_input)?;
        let mut cut = Cut::trusted(&record.document).map_err(Stop::failed)?;
        if !matches!(cut.state, State::Closed { .. }) {
            return Err(Stop::bad_input(format!(
                "run {} is {}: only a closed cut is verified again",
                self.run,
                cut.state.word()
            )));
        }
        cut.settings.verify = Depth::Full;
        let document = cut.to_canonical().map_err(Stop::failed)?;
        let store = Arc::new(ScratchStore::new(document));
        let ports = site.without_guard(site.ports(&self.run)?);
        let ports = slackwater_host::Ports {
            run_store: Some(store.clone()),
            ..ports
        };
        site.run(PhaseName::ValidateHead, Entry::ProveContent, ports)?;
        let judged = store.load().map_err(|error| Stop::failed(error.message))?;
        site.runs()
            .supersede(&self.run, record.revision, &judged.document)
            .map_err(Stop::failed)?;
        if let Err(stop) = site.ground().keep(&self.run) {
            let warning = format!("warning: what is kept beside the cut is incomplete: {stop}");
            site.terminal.say(&warning);
        }
        let cut = Cut::parse(&judged.document).map_err(Stop::failed)?;
        context.print(&cut, report::text)?;
        of_claims(&cut, &cut.settings.require)
    }
}
