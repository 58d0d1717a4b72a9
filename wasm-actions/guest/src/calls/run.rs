//! Time, what a person sees, the run document, the guard.

use slackwater_ports as ports;
use slackwater_ports::{GuardView, Level, RunRecord, Seen};

use crate::Capabilities;
use crate::bindings::slackwater::phase::{
    clock, guard_look, guard_start, log, progress, run_store,
};
use crate::convert::Convert as _;

impl ports::Clock for Capabilities {
    fn now_ms(&self) -> u64 {
        clock::now_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        clock::monotonic_ms()
    }

    fn sleep_ms(&self, ms: u64) {
        clock::sleep_ms(ms);
    }
}

impl ports::Progress for Capabilities {
    fn waiting(&self, step: &str, awaited: &str, remaining_ms: Option<u64>) {
        progress::waiting(step, awaited, remaining_ms);
    }
}

impl ports::Log for Capabilities {
    fn log(&self, level: Level, message: &str) {
        log::write(level.convert(), message);
    }
}

impl ports::RunStore for Capabilities {
    fn load(&self) -> Seen<RunRecord> {
        run_store::load().convert()
    }

    fn save(&self, expected: u64, document: &str) -> Seen<u64> {
        run_store::save(expected, document).convert()
    }
}

impl ports::GuardLook for Capabilities {
    fn guard(&self) -> Seen<GuardView> {
        guard_look::look().convert()
    }
}

impl ports::GuardStart for Capabilities {
    fn engage(&self, window_ms: u64) -> Seen<GuardView> {
        guard_start::engage(window_ms).convert()
    }
}
