//! What the component snapshot-hot exports: its world in `wit/`, on the bindings that
//! all phases share. The list below is all that it is granted.
//!
//! The only place of this crate that may be unsafe: the canonical ABI passes
//! pointers into the component's memory.
#![allow(unsafe_code, reason = "generated from wit/")]

use slackwater_guest::{Capabilities, ended, install_panic_hook};

wit_bindgen::generate!({
    path: "../wit",
    world: "snapshot-hot",
    with: {
        "slackwater:phase/types@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::types,
        "slackwater:phase/clock@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::clock,
        "slackwater:phase/progress@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::progress,
        "slackwater:phase/log@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::log,
        "slackwater:phase/run-store@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::run_store,
        "slackwater:phase/guard-look@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::guard_look,
        "slackwater:phase/heads@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::heads,
        "slackwater:phase/records@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::records,
        "slackwater:phase/connector-position@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::connector_position,
        "slackwater:phase/volume-flush@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::volume_flush,
        "slackwater:phase/volume-snapshot@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::volume_snapshot,
    },
});

struct Component;

impl Guest for Component {
    fn run() -> Result<Outcome, Failure> {
        install_panic_hook();
        ended(crate::run(&Capabilities))
    }
}

export!(Component);
