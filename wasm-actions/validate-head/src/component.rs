//! What the component validate-head exports: its world in `wit/`, on the bindings that
//! all phases share. The list below is all that it is granted.
//!
//! The only place of this crate that may be unsafe: the canonical ABI passes
//! pointers into the component's memory.
#![allow(unsafe_code, reason = "generated from wit/")]

use slackwater_guest::{Capabilities, ended, install_panic_hook};

wit_bindgen::generate!({
    path: "../wit",
    world: "validate-head",
    with: {
        "slackwater:phase/types@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::types,
        "slackwater:phase/clock@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::clock,
        "slackwater:phase/progress@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::progress,
        "slackwater:phase/log@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::log,
        "slackwater:phase/run-store@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::run_store,
        "slackwater:phase/heads@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::heads,
        "slackwater:phase/records@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::records,
        "slackwater:phase/groups@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::groups,
        "slackwater:phase/mirror-look@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::mirror_look,
        "slackwater:phase/volume-content@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::volume_content,
        "slackwater:phase/broker-process@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::broker_process,
        "slackwater:phase/guard-look@1.0.0-beta.1": slackwater_guest::bindings::slackwater::phase::guard_look,
    },
});

struct Component;

impl Guest for Component {
    fn close_bracket() -> Result<Outcome, Failure> {
        install_panic_hook();
        ended(crate::close_bracket(&Capabilities))
    }

    fn prove_content() -> Result<Outcome, Failure> {
        install_panic_hook();
        ended(crate::prove_content(&Capabilities))
    }

    fn compare_volumes() -> Result<Outcome, Failure> {
        install_panic_hook();
        ended(crate::compare_volumes(&Capabilities))
    }

    fn compare_restored() -> Result<Outcome, Failure> {
        install_panic_hook();
        ended(crate::compare_restored(&Capabilities))
    }
}

export!(Component);
