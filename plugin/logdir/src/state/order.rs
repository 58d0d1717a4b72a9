//! That records come in the order of their log.

use super::error::StateError;

/// Offset of the last record that was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) last: Option<u64>,
}

impl Order {
    pub(super) fn check(&self, offset: u64) -> Result<(), StateError> {
        match self.last.filter(|after| offset <= *after) {
            Some(after) => Err(StateError::Order { offset, after }),
            None => Ok(()),
        }
    }
}
