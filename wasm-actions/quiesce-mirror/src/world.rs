//! What this phase may do: its world in `wit/`, as ports.

use slackwater_ports::{
    Clock, ConnectorPosition, GuardStart, Heads, Log, MirrorLook, MirrorStop, Progress, Records,
    RunStore,
};

/// All of its ports at once.
pub trait World:
    Clock
    + Progress
    + Log
    + RunStore
    + Heads
    + Records
    + MirrorLook
    + MirrorStop
    + ConnectorPosition
    + GuardStart
{
}

impl<T> World for T where
    T: Clock
        + Progress
        + Log
        + RunStore
        + Heads
        + Records
        + MirrorLook
        + MirrorStop
        + ConnectorPosition
        + GuardStart
{
}
