//! Volumes that were flushed, and their snapshots: what forbids to go on.

use slackwater_ports::{Failure, Flushed, SnapshotSeen};

/// Refuses a flush of nothing, and one that failed.
///
/// # Errors
/// Names the volume.
pub fn check_flushed(flushed: &[Flushed]) -> Result<(), Failure> {
    if flushed.is_empty() {
        return Err(Failure::refused(
            "no volume is configured: list the brokers' volumes",
        ));
    }
    match flushed
        .iter()
        .find_map(|one| Some((one, one.error.as_ref()?)))
    {
        Some((one, error)) => Err(Failure::failed(format!(
            "volume {} could not be flushed: {error}",
            one.volume
        ))),
        None => Ok(()),
    }
}

/// A volume that is not cut yet, if there is one.
///
/// # Errors
/// One that can't be.
pub fn not_cut<'a>(
    flushed: &'a [Flushed],
    found: &[SnapshotSeen],
) -> Result<Option<&'a str>, Failure> {
    if let Some((one, error)) = found
        .iter()
        .find_map(|one| Some((one, one.error.as_ref()?)))
    {
        return Err(Failure::failed(format!(
            "volume {} could not be cut: {error}",
            one.volume
        )));
    }
    let is_cut = |volume: &str| {
        let mut of_it = found.iter().filter(|one| one.volume == volume);
        of_it.any(|one| one.cut_ms.is_some())
    };
    let mut volumes = flushed.iter().map(|one| one.volume.as_str());
    Ok(volumes.find(|volume| !is_cut(volume)))
}
