//! How a person lets go of a held resource without this program: one line for a
//! shell with kubectl.

use super::MirrorMaker;
use super::patch::put_back;
use crate::StrimziError;
use crate::meta::HeldBy;
use crate::notes::{PatchOp, unpause_line};
use crate::version::ApiVersion;

/// The line that puts this held resource back to what is noted on it. `None` where
/// it is not held.
///
/// # Errors
/// A note that can't be read.
pub fn by_hand(held: &MirrorMaker, version: ApiVersion) -> Result<Option<String>, StrimziError> {
    let Some(how) = held.meta.held() else {
        return Ok(None);
    };
    let (namespace, name) = (&held.meta.namespace, &held.meta.name);
    let kind = version.kind("kafkamirrormaker2");
    Ok(Some(match how.by {
        HeldBy::State => {
            // As it stands there when the line is run: only that the aliases are
            // where they were is tested, for the numbers of the list.
            let ops: Vec<PatchOp> = put_back(held)?
                .ops
                .into_iter()
                .filter(|op| !matches!(op, PatchOp::Test { path, .. } if path.starts_with("/metadata/")))
                .collect();
            let patch = serde_json::to_string(&ops).unwrap_or_default();
            let patch = patch.replace('\'', r"'\''");
            format!(
                "kubectl patch {kind} {name} --namespace {namespace} --type=json \
                 --patch='{patch}'"
            )
        }
        // Its operator then finds Connect stopped and wants it running.
        HeldBy::Pause => unpause_line(&kind, &held.meta),
    }))
}
