//! Clears what labs left whose process was killed. Touches only run
//! directories that nobody has locked any more.

use std::fs;
use std::path::PathBuf;

use crate::run_dir;

/// Takes down every lab whose owner is gone, and gives their directories.
/// Called at each start of a lab; safe to call at any time.
pub fn sweep() -> Vec<PathBuf> {
    let mut swept = Vec::new();
    for entry in fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = entry.path();
        let is_lab = entry
            .file_name()
            .to_string_lossy()
            .starts_with(run_dir::PREFIX);
        if is_lab && path.is_dir() && !run_dir::is_owned(&path) {
            eprintln!("lab: sweeping {}, whose process is gone", path.display());
            run_dir::take_down(&path);
            swept.push(path);
        }
    }
    swept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_dir::{PREFIX, RunDir};

    #[test]
    fn a_lab_that_lives_is_not_swept_and_a_dead_one_is() {
        let living = RunDir::make("living").unwrap();
        let dead = std::env::temp_dir().join(format!("{PREFIX}dead-{}", std::process::id()));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("owner.lock"), "").unwrap();
        sweep();
        assert!(!dead.exists());
        assert!(living.path().exists());
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }
}
