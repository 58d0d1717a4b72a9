//! A network namespace of its own for restored brokers: same addresses and
//! ports as the original, which they can't reach. Root only.

use std::fs::File;
use std::path::PathBuf;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::command;
use crate::error::LabError;
use crate::run_dir::RunDir;

/// A network namespace, removed when dropped. Processes in it keep it alive
/// until they end.
#[derive(Debug)]
pub struct Netns {
    name: String,
}

impl Netns {
    /// Makes a namespace with nothing but a loopback device that is up.
    pub(crate) fn make(run_dir: &RunDir, name: String) -> Result<Self, LabError> {
        command::need_root("a network namespace")?;
        run_dir.note_netns(&name)?;
        command::run("ip", &["netns", "add", &name])?;
        let netns = Self { name };
        command::run("ip", &["-n", &netns.name, "link", "set", "lo", "up"])?;
        Ok(netns)
    }

    /// Its name, as `ip netns` lists it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The words to put before a command so that it runs inside. `nsenter`
    /// becomes the command (same process id) and, unlike `ip netns exec`,
    /// leaves the mounts as they are.
    #[must_use]
    pub fn exec_prefix(&self) -> Vec<String> {
        vec![
            "nsenter".to_owned(),
            format!("--net={}", self.file().display()),
            "--".to_owned(),
        ]
    }

    /// Runs `work` on a thread inside; Kafka clients made there, and the
    /// threads that they start, stay inside.
    ///
    /// # Errors
    /// When the namespace can't be entered, or what `work` gives.
    ///
    /// # Panics
    /// When `work` does.
    pub fn run<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, LabError> + Send,
    ) -> Result<T, LabError> {
        let path = self.file();
        let file = File::open(&path).map_err(LabError::io("open", &path))?;
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                move_into_link_name_space(
                    std::os::fd::AsFd::as_fd(&file),
                    Some(LinkNameSpaceType::Network),
                )
                .map_err(std::io::Error::from)
                .map_err(LabError::io("enter", &path))?;
                work()
            });
            match inside.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn file(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Removes a namespace by name; one that is gone already is no error.
pub(crate) fn remove(name: &str) {
    if PathBuf::from("/run/netns").join(name).exists() {
        let _ = command::run("ip", &["netns", "delete", name]);
    }
}
