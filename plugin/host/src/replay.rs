//! A phase, run again on a recording of it.

use std::sync::Arc;

use slackwater_tape::{Player, in_one_line};

use crate::{Entry, Host, HostError, Limits, PhaseComponent, PhaseName, Ports};

impl Host {
    /// Plays a recording to a component, and says where the run left it: by
    /// the first other call, or by another end. `None` where it did not.
    ///
    /// # Errors
    /// A component that can't be run.
    pub fn replay(
        &self,
        phase: PhaseName,
        entry: Entry,
        component: &PhaseComponent,
        player: &Arc<Player>,
    ) -> Result<Option<String>, HostError> {
        let ports = Ports::of(player.clone());
        let run = self.run(phase, entry, component, ports, Limits::default())?;
        let other_call = player.difference().map(|difference| difference.to_string());
        Ok(other_call.or_else(|| {
            (run.ended != *player.ended()).then(|| {
                format!(
                    "it ended with: {}; the recorded one with: {}",
                    in_one_line(&run.ended),
                    in_one_line(player.ended())
                )
            })
        }))
    }
}
