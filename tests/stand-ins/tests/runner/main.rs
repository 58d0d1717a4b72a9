//! What the small Kanister does, as Kanister does it: on a cluster that has the real
//! one these hold, too, by kanctl (`SLACKWATER_E2E_KUBECONFIG`). No Kafka is needed.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is waited for here is a cluster"
)]

mod act;
mod check;
mod defer;
mod exec;
mod ground;
mod ops;
mod parent;
mod status;
mod task;
mod wait;
