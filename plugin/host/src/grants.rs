//! What each phase is granted: the imports of its world in `wit/`, which a
//! test holds against this table.

use std::fmt;

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::bindings::slackwater::phase;
use crate::state::State;
use crate::{HostError, PhaseName};

/// The interface that all others take their types from. It has no function:
/// to import it grants nothing.
const TYPES: &str = "slackwater:phase/types@1.0.0-beta.1";

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident, $interface:literal, $module:ident;)*) => {
        /// A capability: one interface of `wit/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Capability {
            $($(#[$doc])* $name,)*
        }

        impl Capability {
            /// The interface's full name.
            pub fn interface(self) -> &'static str {
                match self {
                    $(Capability::$name => concat!("slackwater:phase/", $interface, "@1.0.0-beta.1"),)*
                }
            }

            fn link(self, linker: &mut Linker<State>) -> wasmtime::Result<()> {
                match self {
                    $(Capability::$name => {
                        phase::$module::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
                    })*
                }
            }
        }
    };
}

capabilities! {
    /// Time.
    Clock, "clock", clock;
    /// What is waited for.
    Progress, "progress", progress;
    /// Lines for a person.
    Log, "log", log;
    /// The run document.
    RunStore, "run-store", run_store;
    /// Kafka's ends.
    Heads, "heads", heads;
    /// Records as digests.
    Records, "records", records;
    /// The mirror's consumer groups.
    Groups, "groups", groups;
    /// What feeds the mirror.
    MirrorLook, "mirror-look", mirror_look;
    /// Stops it.
    MirrorStop, "mirror-stop", mirror_stop;
    /// Starts it.
    MirrorStart, "mirror-start", mirror_start;
    /// What it committed.
    ConnectorPosition, "connector-position", connector_position;
    /// Flushes the volumes.
    VolumeFlush, "volume-flush", volume_flush;
    /// Cuts the volumes.
    VolumeSnapshot, "volume-snapshot", volume_snapshot;
    /// Reads what lies on volumes.
    VolumeContent, "volume-content", volume_content;
    /// Tells which process each broker is.
    BrokerProcesses, "broker-process", broker_process;
    /// Stops the brokers.
    BrokerStop, "broker-stop", broker_stop;
    /// Starts the brokers.
    BrokerStart, "broker-start", broker_start;
    /// Looks at the guard.
    GuardLook, "guard-look", guard_look;
    /// Starts the guard.
    GuardStart, "guard-start", guard_start;
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.interface())
    }
}

impl PhaseName {
    /// The capabilities that its world imports.
    pub fn grants(self) -> &'static [Capability] {
        use Capability::*;
        match self {
            PhaseName::QuiesceMirror => &[
                Clock,
                Progress,
                Log,
                RunStore,
                Heads,
                Records,
                MirrorLook,
                MirrorStop,
                ConnectorPosition,
                GuardStart,
            ],
            PhaseName::AwaitDrain => &[
                Clock,
                Progress,
                Log,
                RunStore,
                Heads,
                Records,
                MirrorLook,
                ConnectorPosition,
                BrokerProcesses,
                GuardLook,
            ],
            PhaseName::SnapshotPartitions => &[
                Clock,
                Progress,
                Log,
                RunStore,
                GuardLook,
                VolumeFlush,
                VolumeSnapshot,
                BrokerStop,
                BrokerStart,
            ],
            PhaseName::SnapshotHot => &[
                Clock,
                Progress,
                Log,
                RunStore,
                GuardLook,
                Heads,
                Records,
                ConnectorPosition,
                VolumeFlush,
                VolumeSnapshot,
            ],
            PhaseName::ValidateHead => &[
                Clock,
                Progress,
                Log,
                RunStore,
                Heads,
                Records,
                Groups,
                MirrorLook,
                VolumeContent,
                BrokerProcesses,
                GuardLook,
            ],
            PhaseName::ResumeMirror => &[
                Clock,
                Progress,
                Log,
                RunStore,
                Heads,
                Records,
                MirrorLook,
                MirrorStart,
                BrokerStart,
            ],
        }
    }
}

/// A linker with exactly what `phase` is granted.
pub(crate) fn linker(engine: &Engine, phase: PhaseName) -> Result<Linker<State>, HostError> {
    let mut linker = Linker::new(engine);
    for capability in phase.grants() {
        capability
            .link(&mut linker)
            .map_err(|error| HostError::engine("link a capability", &error))?;
    }
    phase::types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)
        .map_err(|error| HostError::engine("link the types", &error))?;
    Ok(linker)
}

/// Refuses a component that wants more than `phase` is granted. The linker
/// would too, but it names only a function.
pub(crate) fn check(
    engine: &Engine,
    phase: PhaseName,
    component: &Component,
) -> Result<(), HostError> {
    let granted = |name: &str| {
        let mut grants = phase.grants().iter();
        grants.any(|capability| capability.interface() == name)
    };
    let wanted = imports(engine, component);
    match wanted.into_iter().find(|name| !granted(name)) {
        Some(import) => Err(HostError::NotGranted { phase, import }),
        None => Ok(()),
    }
}

/// What a component imports, types apart: those grant nothing.
pub(crate) fn imports(engine: &Engine, component: &Component) -> Vec<String> {
    component
        .component_type()
        .imports(engine)
        .filter(|(name, import)| *name != TYPES && !matches!(import.ty, ComponentItem::Type(_)))
        .map(|(name, _)| name.to_owned())
        .collect()
}
