//! The phases' names and what each of them exports.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PhaseName {
    /// Stops what feeds the mirror.
    QuiesceMirror,
    /// Proves that nothing is in flight.
    AwaitDrain,
    /// Seals, flushes, cuts.
    SnapshotPartitions,
    /// The same, while the mirror runs on.
    SnapshotHot,
    /// Takes the closing look and judges the claims.
    ValidateHead,
    /// Puts the mirror back as it was found.
    ResumeMirror,
}

/// An export of a phase's world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The one that all phases but `validate-head` have.
    Run,
    /// `snapshot-partitions`: seals the run and flushes, for others who snapshot.
    Seal,
    /// `snapshot-partitions`: the others' snapshots are still those that were seen.
    Confirm,
    /// `validate-head`: the closing look.
    CloseBracket,
    /// `validate-head`: reads the snapshot, judges the claims and closes the
    /// cut.
    ProveContent,
    /// `validate-head`: what lies on restored volumes, against the cut.
    CompareVolumes,
    /// `validate-head`: what running brokers show, against a closed cut.
    CompareRestored,
}

impl PhaseName {
    /// All of them, in the order of a backup.
    pub const ALL: [PhaseName; 6] = [
        PhaseName::QuiesceMirror,
        PhaseName::AwaitDrain,
        PhaseName::SnapshotPartitions,
        PhaseName::SnapshotHot,
        PhaseName::ValidateHead,
        PhaseName::ResumeMirror,
    ];

    /// The name of its world and of its component, as in
    /// `quiesce-mirror.component.wasm`.
    pub fn world(self) -> &'static str {
        match self {
            PhaseName::QuiesceMirror => "quiesce-mirror",
            PhaseName::AwaitDrain => "await-drain",
            PhaseName::SnapshotPartitions => "snapshot-partitions",
            PhaseName::SnapshotHot => "snapshot-hot",
            PhaseName::ValidateHead => "validate-head",
            PhaseName::ResumeMirror => "resume-mirror",
        }
    }

    /// As a blueprint and a person write it.
    pub fn function(self) -> &'static str {
        match self {
            PhaseName::QuiesceMirror => "quiesceMirror",
            PhaseName::AwaitDrain => "awaitDrain",
            PhaseName::SnapshotPartitions => "snapshotPartitions",
            PhaseName::SnapshotHot => "snapshotHot",
            PhaseName::ValidateHead => "validateHead",
            PhaseName::ResumeMirror => "resumeMirror",
        }
    }

    /// The phase whose world has this name; no other spelling.
    pub fn of_world(world: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.world() == world)
    }

    /// The export of this name.
    pub fn entry(self, export: &str) -> Option<Entry> {
        let mut entries = self.entries().iter();
        entries.find(|entry| entry.export() == export).copied()
    }

    /// What its world exports.
    pub fn entries(self) -> &'static [Entry] {
        match self {
            PhaseName::ValidateHead => &[
                Entry::CloseBracket,
                Entry::ProveContent,
                Entry::CompareVolumes,
                Entry::CompareRestored,
            ],
            PhaseName::SnapshotPartitions => &[Entry::Run, Entry::Seal, Entry::Confirm],
            _ => &[Entry::Run],
        }
    }
}

impl fmt::Display for PhaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.world())
    }
}

/// No phase has this name.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no phase {0:?}: name one of quiesceMirror, awaitDrain, snapshotPartitions, \
     validateHead, resumeMirror"
)]
pub struct UnknownPhase(String);

impl FromStr for PhaseName {
    type Err = UnknownPhase;

    /// Both spellings: `quiesceMirror` and `quiesce-mirror`.
    fn from_str(text: &str) -> Result<Self, UnknownPhase> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.world() == text || phase.function() == text)
            .ok_or_else(|| UnknownPhase(text.chars().take(40).collect()))
    }
}

impl Entry {
    /// The export's name in `wit/`.
    pub fn export(self) -> &'static str {
        match self {
            Entry::Run => "run",
            Entry::Seal => "seal",
            Entry::Confirm => "confirm",
            Entry::CloseBracket => "close-bracket",
            Entry::ProveContent => "prove-content",
            Entry::CompareVolumes => "compare-volumes",
            Entry::CompareRestored => "compare-restored",
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.export())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_is_known_by_both_of_its_spellings_and_no_other() {
        for phase in PhaseName::ALL {
            assert_eq!(phase.world().parse::<PhaseName>().unwrap(), phase);
            assert_eq!(phase.function().parse::<PhaseName>().unwrap(), phase);
        }
        assert!("quiesce_mirror".parse::<PhaseName>().is_err());
        assert!("".parse::<PhaseName>().is_err());
    }
}
