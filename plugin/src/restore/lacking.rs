//! Which claims of a cut nobody has restored yet. Looks only.

use slackwater_restore::Claimed;

use super::Restore;
use crate::exit::Stop;

impl Restore {
    /// By name; those that have their volume from before are among them.
    ///
    /// # Errors
    /// No answer.
    pub fn lacking(&self) -> Result<Vec<String>, Stop> {
        let seen = self.in_place.look().map_err(Stop::failed)?;
        let lacks = |claimed| matches!(claimed, Claimed::Nothing | Claimed::Kept);
        let lacking = seen.volumes.into_iter().filter(|one| lacks(one.claimed));
        Ok(lacking.map(|one| one.claim).collect())
    }
}
