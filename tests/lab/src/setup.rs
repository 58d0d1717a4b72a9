//! What must be on the machine before a lab can start: packages and jars.
//! Idempotent and cheap when all is there.

use crate::error::LabError;
use crate::jars::Jars;
use crate::packages;

/// Installs missing Debian packages (when root) and fetches Kafka's jars.
///
/// # Errors
/// Names the command to run when packages are missing and this user may not
/// install them; names the jar that is not the manifest's.
pub fn setup() -> Result<Jars, LabError> {
    packages::ensure()?;
    Jars::ensure()
}
