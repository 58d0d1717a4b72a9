//! What this phase may do: its world in `wit/`, as ports.

use slackwater_ports::{
    BrokerProcesses, Clock, Groups, GuardLook, Heads, Log, MirrorLook, Progress, Records, RunStore,
    VolumeContent,
};

/// All of its ports at once.
pub trait World:
    Clock
    + Progress
    + Log
    + RunStore
    + Heads
    + Records
    + Groups
    + MirrorLook
    + VolumeContent
    + BrokerProcesses
    + GuardLook
{
}

impl<T> World for T where
    T: Clock
        + Progress
        + Log
        + RunStore
        + Heads
        + Records
        + Groups
        + MirrorLook
        + VolumeContent
        + BrokerProcesses
        + GuardLook
{
}
