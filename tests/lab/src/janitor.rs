//! Clears a lab's mounts, loop devices, namespaces and control group even when its process is
//! killed with SIGKILL: a shell that waits for the pipe from its owner to
//! close, which the kernel does whatever happens. Touches only what lies in
//! the one run directory that it was given.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::error::LabError;

/// `$1` is the run directory. The owner's own clean-up removes it before the
/// pipe closes, and then there is nothing left to do here. Processes in it
/// have had their parent-death signal; a second is enough for the kernel to
/// let go of their files.
const SCRIPT: &str = r#"
cat >/dev/null
[ -d "$1" ] || exit 0
sleep 1
tac /proc/self/mounts | while read -r _ point _; do
    case "$point" in "$1"/*) umount "$point" || umount -l "$point" ;; esac
done
if [ -f "$1/netns" ]; then
    while read -r name; do ip netns delete "$name"; done <"$1/netns"
fi
if [ -f "$1/cgroup" ]; then
    name=$(cat "$1/cgroup")
    # Its processes take a moment to end.
    for try in 1 2 3 4 5 6 7 8 9 10; do
        groups=$(find /sys/fs/cgroup -depth -type d \( -path "*/$name" -o -path "*/$name/*" \))
        [ -n "$groups" ] || break
        echo "$groups" | xargs rmdir 2>/dev/null
        sleep 1
    done
fi
if ! grep -q " $1/" /proc/self/mounts; then rm -rf -- "$1"; fi
"#;

/// The watching shell. Dropped once the run directory is taken down.
#[derive(Debug)]
pub(crate) struct Janitor {
    child: Child,
}

impl Janitor {
    /// Starts the shell in a session of its own, so that a Ctrl-C in a
    /// terminal, which ends its owner, does not end it too.
    pub(crate) fn start(run_dir: &Path) -> Result<Self, LabError> {
        let child = Command::new("setsid")
            .args(["sh", "-c", SCRIPT, "slackwater-janitor"])
            .arg(run_dir)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(LabError::io("start a janitor for", run_dir))?;
        Ok(Self { child })
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
