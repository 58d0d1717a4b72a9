//! What this phase may do: its world in `wit/`, as ports.

use slackwater_ports::{
    BrokerStart, Clock, Heads, Log, MirrorLook, MirrorStart, Progress, Records, RunStore,
};

/// All of its ports at once.
pub trait World:
    Clock + Progress + Log + RunStore + Heads + Records + MirrorLook + MirrorStart + BrokerStart
{
}

impl<T> World for T where
    T: Clock + Progress + Log + RunStore + Heads + Records + MirrorLook + MirrorStart + BrokerStart
{
}
