//! What this phase may do: its world in `wit/`, as ports.

use slackwater_ports::{
    Clock, ConnectorPosition, GuardLook, Heads, Log, Progress, Records, RunStore, VolumeFlush,
    VolumeSnapshot,
};

/// All of its ports at once.
pub trait World:
    Clock
    + Progress
    + Log
    + RunStore
    + GuardLook
    + Heads
    + Records
    + ConnectorPosition
    + VolumeFlush
    + VolumeSnapshot
{
}

impl<T> World for T where
    T: Clock
        + Progress
        + Log
        + RunStore
        + GuardLook
        + Heads
        + Records
        + ConnectorPosition
        + VolumeFlush
        + VolumeSnapshot
{
}
