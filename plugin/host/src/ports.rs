//! What the caller hands in: an adapter for each capability.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use slackwater_ports as domain;
use slackwater_tape::{Recorded, Tape};

use crate::{Capability, HostError, PhaseName};

/// An adapter, or none: a run whose phase is granted the capability is then
/// refused.
pub type Port<T> = Option<Arc<T>>;

macro_rules! ports {
    ($($(#[$doc:meta])* $field:ident: $name:ident,)*) => {
        /// An adapter for each capability. A phase is given those of its own
        /// world, whatever else is here.
        #[derive(Clone, Default)]
        pub struct Ports {
            $($(#[$doc])* pub $field: Port<dyn domain::$name + Send + Sync>,)*
        }

        impl Ports {
            /// One world that is all of them, as a simulated one is.
            pub fn of<W>(world: Arc<W>) -> Self
            where
                W: $(domain::$name +)* Send + Sync + 'static,
            {
                Self { $($field: Some(world.clone()),)* }
            }

            /// The same, with every call written down on this tape.
            #[must_use]
            pub fn recorded<S: Write + Send + 'static>(self, tape: &Arc<Tape<S>>) -> Self {
                Self { $($field: self.$field.map(|port| {
                    let recorded = Recorded::new(port, tape.clone());
                    Arc::new(recorded) as Arc<dyn domain::$name + Send + Sync>
                }),)* }
            }

            /// Whether there is an adapter for this capability.
            pub fn has(&self, capability: Capability) -> bool {
                match capability {
                    $(Capability::$name => self.$field.is_some(),)*
                }
            }
        }
    };
}

ports! {
    /// Time.
    clock: Clock,
    /// What is waited for.
    progress: Progress,
    /// Lines for a person.
    log: Log,
    /// The run document.
    run_store: RunStore,
    /// Kafka's ends.
    heads: Heads,
    /// Records as digests.
    records: Records,
    /// The mirror's consumer groups.
    groups: Groups,
    /// What feeds the mirror.
    mirror_look: MirrorLook,
    /// Stops it.
    mirror_stop: MirrorStop,
    /// Starts it.
    mirror_start: MirrorStart,
    /// What it committed.
    connector_position: ConnectorPosition,
    /// Flushes the volumes.
    volume_flush: VolumeFlush,
    /// Cuts the volumes.
    volume_snapshot: VolumeSnapshot,
    /// Reads what lies on volumes.
    volume_content: VolumeContent,
    /// Tells which process each broker is.
    broker_processes: BrokerProcesses,
    /// Stops the brokers.
    broker_stop: BrokerStop,
    /// Starts the brokers.
    broker_start: BrokerStart,
    /// Looks at the guard.
    guard_look: GuardLook,
    /// Starts the guard.
    guard_start: GuardStart,
}

impl Ports {
    /// Refuses a run of which a granted capability has no adapter.
    pub(crate) fn check(&self, phase: PhaseName) -> Result<(), HostError> {
        match phase.grants().iter().find(|&&granted| !self.has(granted)) {
            Some(&capability) => Err(HostError::NoPort { phase, capability }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
