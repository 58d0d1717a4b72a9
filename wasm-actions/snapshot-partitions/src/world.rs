//! What this phase may do: its world in `wit/`, as ports.

use slackwater_ports::{
    BrokerStart, BrokerStop, Clock, GuardLook, Log, Progress, RunStore, VolumeFlush, VolumeSnapshot,
};

/// All of its ports at once.
pub trait World:
    Clock
    + Progress
    + Log
    + RunStore
    + GuardLook
    + VolumeFlush
    + VolumeSnapshot
    + BrokerStop
    + BrokerStart
{
}

impl<T> World for T where
    T: Clock
        + Progress
        + Log
        + RunStore
        + GuardLook
        + VolumeFlush
        + VolumeSnapshot
        + BrokerStop
        + BrokerStart
{
}
