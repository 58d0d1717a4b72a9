//! What is heard of a panic. A component has no standard error, and a panic
//! reaches the host as a bare `unreachable`, so the message goes to the log
//! capability first.

use std::panic::PanicHookInfo;

use slackwater_ports::{Level, Log as _};

use crate::Capabilities;

/// Sends the message of a panic to the log, at level error, as one line with
/// its place in the source. The host takes the error that is logged last
/// before a trap for the trap's cause.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        Capabilities.log(Level::Error, &line(info));
    }));
}

fn line(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info
        .location()
        .map(|place| format!(" at {}:{}", place.file(), place.line()))
        .unwrap_or_default();
    format!("panicked{place}: {message}").replace(['\n', '\r'], " ")
}
