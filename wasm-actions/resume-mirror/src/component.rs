//! What the component resume-mirror exports: its world in `wit/`, on the bindings that
//! all phases share. The list below is all that it is granted.
//!
//! The only place of this crate that may be unsafe: the canonical ABI passes
//! pointers into the component's memory.
#![allow(unsafe_code, reason = "generated from wit/")]

use slackwater_guest::{Capabilities, ended, install_panic_hook};

wit_bindgen::generate!({
    path: "../wit",
    world: "resume-mirror",
    with: {
        "slackwater:phase/types@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::types,
        "slackwater:phase/clock@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::clock,
        "slackwater:phase/progress@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::progress,
        "slackwater:phase/log@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::log,
        "slackwater:phase/run-store@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::run_store,
        "slackwater:phase/heads@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::heads,
        "slackwater:phase/records@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::records,
        "slackwater:phase/mirror-look@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::mirror_look,
        "slackwater:phase/mirror-start@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::mirror_start,
        "slackwater:phase/broker-start@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::broker_start,
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
