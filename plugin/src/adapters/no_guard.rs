//! Where no guard is: what is looked at is held by nobody.

use slackwater_ports::{GuardLook, GuardView, PortError, PortErrorKind, Seen};

/// See the module.
pub struct NoGuard;

impl GuardLook for NoGuard {
    fn guard(&self) -> Seen<GuardView> {
        Err(PortError::new(
            PortErrorKind::Unsupported,
            "no guard holds what is only looked at",
        ))
    }
}
