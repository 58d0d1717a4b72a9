//! Time, what a person sees, the run document, the guard.

use wasmtime::Result;

use crate::bindings::slackwater::phase::types::{GuardView, PortError};
use crate::bindings::slackwater::phase::{
    clock, guard_look, guard_start, log, progress, run_store, types,
};
use crate::convert::Convert as _;
use crate::meter::Stop;
use crate::state::State;

impl types::Host for State {}

impl clock::Host for State {
    fn now_ms(&mut self) -> Result<u64> {
        Ok(self.port(|ports| &ports.clock)?.now_ms())
    }

    fn monotonic_ms(&mut self) -> Result<u64> {
        Ok(self.port(|ports| &ports.clock)?.monotonic_ms())
    }

    /// Cut at the time limit: the longest call of all is the one that a phase
    /// can make as long as it likes.
    fn sleep_ms(&mut self, ms: u64) -> Result<()> {
        let clock = self.port(|ports| &ports.clock)?;
        let left = self.meter.left_ms();
        clock.sleep_ms(ms.min(left));
        if ms > left {
            return Err(Stop::Time.into());
        }
        Ok(())
    }
}

impl progress::Host for State {
    fn waiting(&mut self, step: String, awaited: String, remaining_ms: Option<u64>) -> Result<()> {
        Ok(State::waiting(self, &step, &awaited, remaining_ms)?)
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> Result<()> {
        Ok(self.log(level.convert(), &message)?)
    }
}

impl run_store::Host for State {
    fn load(&mut self) -> Result<std::result::Result<run_store::RunRecord, PortError>> {
        Ok(self.port(|ports| &ports.run_store)?.load().convert())
    }

    fn save(
        &mut self,
        expected: u64,
        document: String,
    ) -> Result<std::result::Result<u64, PortError>> {
        let store = self.port(|ports| &ports.run_store)?;
        Ok(store.save(expected, &document).convert())
    }
}

impl guard_look::Host for State {
    fn look(&mut self) -> Result<std::result::Result<GuardView, PortError>> {
        Ok(self.port(|ports| &ports.guard_look)?.guard().convert())
    }
}

impl guard_start::Host for State {
    fn engage(&mut self, window_ms: u64) -> Result<std::result::Result<GuardView, PortError>> {
        let guard = self.port(|ports| &ports.guard_start)?;
        Ok(guard.engage(window_ms).convert())
    }
}
