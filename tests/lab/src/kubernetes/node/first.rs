//! The first process of a node's process namespace: it mounts what the others
//! must not write on this machine, and adopts what they leave. When it ends, the
//! kernel ends all of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::network::NodeNetwork;
use super::{run, write};
use crate::error::LabError;
use crate::process::Process;
use crate::run_dir::RunDir;
use crate::wait;

/// It mounts within milliseconds.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// `$1` is the node's folder, `$2` the list of its name servers: nobody outside is
/// asked for a name. Mounts are to be seen in containers, so the root is
/// shared among the node's own. `/run`, `/var/lib` and `/var/log` are where
/// container tools write whatever they are told. The kubelet wants to write
/// settings of the whole machine (kubelet's `setupKernelTunables`): it is shown
/// files that have its values already.
const SCRIPT: &str = r#"
set -eu
mount --make-rshared /
for each in /run /var/lib /var/log; do mount -t tmpfs tmpfs "$each"; done
mount --bind "$2" /etc/resolv.conf
mkdir -p "$1/settings" "$1/kubelet"
while read -r key value; do
    file="$1/settings/$(echo "$key" | tr / _)"
    echo "$value" >"$file"
    mount --bind "$file" "/proc/sys/$key"
done <<SETTINGS
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
SETTINGS
echo ready >"$1/first"
while :; do sleep 60 & wait $!; done
"#;

/// See the module.
#[derive(Debug)]
pub(super) struct First {
    process: Process,
    /// As this machine numbers it.
    pid: u32,
}

impl First {
    pub(super) fn start(
        run: &RunDir,
        folder: &Path,
        network: &NodeNetwork,
    ) -> Result<Self, LabError> {
        let words = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
            "--propagation",
            "private",
            "sh",
            "-c",
            SCRIPT,
            "slackwater-node",
        ];
        let mut line: Vec<String> = network.exec_prefix();
        line.extend(words.map(str::to_owned));
        line.push(folder.display().to_string());
        let names = format!("nameserver {}\n", network.node());
        line.push(write(&names_file(folder), &names)?);
        let log = run.path().join("logs/node.log");
        let mut process = Process::start("node", &[], &line, run.path(), &log)?;
        let ready = folder.join("first");
        let pid = wait::until("the node's first process", READY_LIMIT, || {
            process.check_alive()?;
            Ok(ready.is_file().then(|| child_of(process.pid())).flatten())
        })?;
        Ok(Self { process, pid })
    }

    /// The words before a command that is to run beside it.
    pub(super) fn prefix(&self) -> Vec<String> {
        let target = self.pid.to_string();
        let words = ["nsenter", "--target", &target, "--mount", "--net", "--pid"];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.push("--".to_owned());
        words
    }

    /// Runs a command beside it, and gives what it printed.
    pub(super) fn run(&self, words: &[&str]) -> Result<String, LabError> {
        let mut line = self.prefix();
        line.extend(words.iter().map(ToString::to_string));
        run(&line)
    }
}

impl Drop for First {
    fn drop(&mut self) {
        self.process.kill();
    }
}

/// What stands in `/etc/resolv.conf` of the node.
pub(super) fn names_file(folder: &Path) -> PathBuf {
    folder.join("resolv.conf")
}

/// `unshare` has one.
fn child_of(pid: u32) -> Option<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(path).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
