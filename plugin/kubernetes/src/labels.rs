//! What is put on every object that is made, so that it can be selected.

/// Whose it is: the label, and its value.
pub(crate) const APP: &str = "app.kubernetes.io/name";
pub(crate) const SLACKWATER: &str = "slackwater";

/// Which run's.
pub(crate) const RUN: &str = "slackwater.io/run";
