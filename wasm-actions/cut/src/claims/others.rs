//! What must be known of snapshots that others made before anything is proven by them:
//! which ones they are, that none of them is from before the flush, and that they were
//! there, and no others, when whoever made them was done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use slackwater_ports::SnapshotIdentity;

use crate::{Cut, SnapshotsBy};

/// The evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OthersSeen {
    /// The uids of all that were there when the flush was over; `null` where nobody
    /// looked.
    pub found_before: Option<Vec<String>>,
    /// Which ones were seen to be cut.
    pub identities: Vec<SnapshotIdentity>,
    /// Of how many volumes.
    pub volumes: u32,
    /// Whether they were confirmed at the end.
    pub confirmed: bool,
}

impl OthersSeen {
    /// Nothing of a run that makes its own.
    pub(super) fn gather(cut: &Cut) -> Option<Self> {
        let snapshot = cut.snapshot.as_ref()?;
        // Any trace of it: what is left out must not make it a run's own.
        let traces = snapshot.found_before.is_some()
            || snapshot.confirmed_ms.is_some()
            || !snapshot.identities.is_empty();
        let by_others = cut.settings.snapshots_by == SnapshotsBy::Others;
        (by_others || traces).then(|| Self {
            found_before: snapshot.found_before.clone(),
            identities: snapshot.identities.clone(),
            volumes: u32::try_from(snapshot.volumes.len()).unwrap_or(u32::MAX),
            confirmed: snapshot.confirmed_ms.is_some(),
        })
    }

    /// What is missing.
    pub(super) fn doubt(&self) -> Option<String> {
        let Some(before) = &self.found_before else {
            return Some(
                "others made the snapshots, and nobody saw which were there before the flush"
                    .to_owned(),
            );
        };
        if self.identities.len() != self.volumes as usize || self.volumes == 0 {
            return Some(format!(
                "of {} snapshots that others made it is known which {} are",
                self.volumes,
                self.identities.len()
            ));
        }
        for (at, one) in self.identities.iter().enumerate() {
            let twice = self.identities[..at]
                .iter()
                .any(|other| other.uid == one.uid);
            let known = !one.uid.is_empty() && one.content.is_some() && one.stored_as.is_some();
            if twice || !known {
                return Some("a snapshot that others made can't be told from another".to_owned());
            }
            if before.contains(&one.uid) {
                return Some(format!(
                    "the snapshot {} was there before the flush was over",
                    one.uid
                ));
            }
        }
        (!self.confirmed).then(|| {
            "nobody saw that the others' snapshots were still these when they were done".to_owned()
        })
    }
}
