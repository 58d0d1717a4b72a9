//! The phases' components: those that the program carries, or files.

use std::collections::BTreeMap;
use std::path::Path;

use slackwater_cut::ComponentUsed;
use slackwater_host::{HostError, PhaseComponent, PhaseName};

const EMBEDDED: [(&str, &[u8]); 6] = include!(concat!(env!("OUT_DIR"), "/components.rs"));

/// How the components' standard library was come by when they were built:
/// two builds that agree in this and in the compiler have the same digests.
pub const BUILT_WITH: &str = env!("SLACKWATER_WASM_STD");

/// One component for each phase.
#[derive(Debug, Clone)]
pub struct Components(BTreeMap<PhaseName, PhaseComponent>);

impl Components {
    /// Those that the program carries.
    ///
    /// # Errors
    /// None but for a program that was built wrongly.
    pub fn embedded() -> Result<Self, HostError> {
        let mut components = BTreeMap::new();
        for (name, bytes) in EMBEDDED {
            if let Some(phase) = PhaseName::of_world(name) {
                components.insert(phase, PhaseComponent::load(bytes)?);
            }
        }
        Ok(Self(components))
    }

    /// Takes one from a file.
    ///
    /// # Errors
    /// A file that can't be read, or is no component.
    pub fn take_file(&mut self, phase: PhaseName, file: &Path) -> Result<(), HostError> {
        self.0.insert(phase, PhaseComponent::read(file)?);
        Ok(())
    }

    /// The component of a phase.
    pub fn get(&self, phase: PhaseName) -> &PhaseComponent {
        &self.0[&phase]
    }

    /// What a run document says of them.
    pub fn used(&self) -> Vec<ComponentUsed> {
        PhaseName::ALL
            .into_iter()
            .filter_map(|phase| {
                let component = self.0.get(&phase)?;
                Some(ComponentUsed {
                    phase: phase.world().to_owned(),
                    sha256: component.sha256().to_owned(),
                })
            })
            .collect()
    }
}
