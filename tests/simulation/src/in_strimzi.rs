//! A schedule moved into Strimzi: the same scene, with an API server and an
//! operator between the program and Connect, and what may go wrong with them.

use fastrand::Rng;

use crate::fault::{Fault, IN_STRIMZI, Kind};
use crate::schedule::{Scene, Way};
use crate::step::Step;

/// So much more has its window: what an operator takes to stop a mirror.
const OPERATOR_MS: u64 = 16_000;

/// Moves a seed's schedule, or leaves it where it is. Drawn apart, so that
/// what stays is what it was.
pub(crate) fn move_in(scene: &mut Scene, faults: &mut [Fault], seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x5712_1221_0000);
    // An operator's brokers are its own to stop.
    if scene.cold || rng.bool() {
        return;
    }
    scene.strimzi = Some(if rng.u8(..3) == 0 {
        Way::Pause
    } else {
        Way::State
    });
    // It is not stopped twice in a window: its operator says for a while after a pause that
    // there is one (`plugin/src/command/accept.rs`).
    scene.settle = false;
    scene.window_ms += OPERATOR_MS;
    for fault in faults {
        if rng.bool() {
            fault.kind = IN_STRIMZI[rng.usize(..IN_STRIMZI.len())];
            fault.lasts_ms = lasts(fault.kind, &mut rng);
        } else if fault.kind == Kind::GuardFrozen && rng.bool() {
            // Longer than a lease waits.
            fault.lasts_ms = rng.u64(9_000..45_000);
        }
        fault.call = rng.u32(..calls(fault.step));
    }
}

/// About how many calls a step makes: what one port does takes several requests.
pub(crate) fn calls(step: Step) -> u32 {
    match step {
        Step::Stop => 40,
        Step::Resume => 24,
        _ => step.calls(),
    }
}

fn lasts(kind: Kind, rng: &mut Rng) -> u64 {
    match kind {
        Kind::ApiSilent => rng.u64(500..25_000),
        Kind::GuardCutOff => rng.u64(5_000..45_000),
        Kind::OperatorDown => rng.u64(500..60_000),
        Kind::OperatorBusy => rng.u64(300..30_000),
        _ => rng.u64(300..12_000),
    }
}
