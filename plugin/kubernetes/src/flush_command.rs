//! The command that flushes a file system in a broker's pod, and what it says.
//!
//! A kernel tells an error once, and a command whose end nobody sees may be the one that was
//! told: so what it was told lies in the pod until it is kept elsewhere, and while one has
//! not come to its end no other counts. No I/O here.

use slackwater_ports::syncfs_tells;

/// Where that lies: an emptyDir of the pod's own (`VolumeUtils.createTempDirVolume`), which a
/// container that is started again finds as it was.
const FOLDER: &str = "/tmp";

/// Flushes the file system of `$1`, and prints what kind it is and on which kernel. In the
/// folder `$2` a command that runs has a file of its own, from before sync(1) is begun until
/// it has come to its end, and what kernels told is in one. One that ended by a signal (128
/// and more) may have been told something: its file stays. Of any other failure the kernel's
/// word alone is kept: that sync(1) could not be begun or could not open something is
/// nothing of the volume's.
const SYNC: &str = "LC_ALL=C; export LC_ALL
told=\"$2/slackwater-flush$(printf %s \"$1\" | tr / -)\" || exit 4
mark=\"$told.$$\"
[ ! -e \"$mark\" ] || { echo \"$mark: another flush has not ended\" >&2; exit 5; }
said=$({ echo begun >\"$mark\" || { rm -f \"$mark\"; exit 4; }; exec sync -f \"$1\"; } 2>&1)
ended=$?
[ \"$ended\" -lt 128 ] || { echo \"$mark: this flush has not ended\" >&2; exit 5; }
case \"$said\" in
*': Bad file descriptor' | *': Function not implemented') ;;
*'error syncing '*) printf '%s\\n' \"$said\" >>\"$told\" || exit 4 ;;
esac
[ ! -e \"$mark\" ] || rm \"$mark\" || exit 4
for other in \"$told\".*; do
  [ ! -e \"$other\" ] || { echo \"$other: another flush has not ended\" >&2; exit 5; }
done
[ ! -s \"$told\" ] || { echo \"$told:\" >&2; cat \"$told\" >&2; exit 6; }
[ \"$ended\" -eq 0 ] || { printf '%s\\n' \"$said\" >&2; exit \"$ended\"; }
stat -f -c %t \"$1\" && uname -r";

/// Takes away what was told of the file system of `$1`.
const FORGET: &str = "rm -f \"$2/slackwater-flush$(printf %s \"$1\" | tr / -)\"";

/// How sync(1) says that syncfs(2) failed (`sync_arg` in coreutils' `sync.c`; that it could not
/// open what it was to flush is `error opening`). Whatever the errno is: that of a page that
/// could not be written is stored as it came from below (`mapping_set_error`, `errseq_t`), and
/// counts as told where syncfs(2) gives another one for itself.
const NOT_WRITTEN: &str = "error syncing ";

/// These two alone say that no file system was asked (`EBADF`, `ENOSYS`).
const NOT_ASKED: [&str; 2] = [": Bad file descriptor", ": Function not implemented"];

/// Whether a failed flush is a kernel's word about the volume, and not that nobody
/// could be asked.
pub fn is_told_by_kernel(error: &str) -> bool {
    let mut each = error.split(NOT_WRITTEN).skip(1);
    each.any(|one| !NOT_ASKED.iter().any(|words| one.contains(words)))
}

/// `statfs(2)` types, in hex as stat(1) prints them, whose server decides when data
/// is safe, so that syncfs(2) says nothing of it: NFS, CIFS, SMB2, 9P, Ceph, FUSE.
const REMOTE: [&str; 6] = [
    "6969", "ff534d42", "fe534d42", "1021997", "c36400", "65735546",
];

/// The command that flushes what is mounted there.
pub(crate) fn flush(mount: &str) -> [String; 6] {
    command(SYNC, mount)
}

/// The command that takes away what was told of it, once it is kept elsewhere.
pub(crate) fn forget(mount: &str) -> [String; 6] {
    command(FORGET, mount)
}

fn command(script: &str, mount: &str) -> [String; 6] {
    ["sh", "-c", script, "sh", mount, FOLDER].map(str::to_owned)
}

/// Whether what a flush printed, which ended well, proves that all is written.
pub(crate) fn must_prove(mount: &str, printed: &str) -> Result<(), String> {
    let mut lines = printed.lines().map(str::trim);
    let (kind, release) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    if kind.is_empty() {
        return Err(format!(
            "stat -f {mount} does not say what file system it is"
        ));
    }
    if REMOTE.contains(&kind.trim_start_matches('0')) {
        return Err(format!(
            "{mount} is no local file system ({kind}), so that syncfs proves nothing"
        ));
    }
    syncfs_tells(release)
}

/// What a flush that failed said, with what is to be done where what lies in the pod is why.
pub(crate) fn failed(mount: &str, code: i32, said: &str) -> String {
    let then = match code {
        5 => {
            ", or was killed before it could say what it was told: once it has ended, and the \
             kernel's log names no error of this disk, delete that file in the broker's pod"
        }
        // What a kernel told is kept elsewhere, and goes from there by itself.
        6 if !is_told_by_kernel(said) => {
            "; this is no kernel's word of the volume: delete that file in the broker's pod"
        }
        _ => "",
    };
    let said: Vec<&str> = said.lines().map(str::trim).collect();
    let said = said.join(" ");
    format!("sync -f {mount} ended with {code}: {}{then}", said.trim())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::{Command, Output};

    use super::*;

    /// A broker's pod, of which `sync` is played.
    struct Pod(tempfile::TempDir);

    impl Pod {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn sync_is(&self, script: &str) {
            let file = self.0.path().join("sync");
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }

        fn tmp(&self) -> &Path {
            self.0.path()
        }

        fn run(&self, mut words: [String; 6]) -> Output {
            words[5] = self.tmp().display().to_string();
            let path = format!("{}:/usr/bin:/bin", self.tmp().display());
            let mut program = Command::new(&words[0]);
            program.args(&words[1..]).env("PATH", path);
            program.output().unwrap()
        }

        fn flush(&self) -> Result<(), String> {
            let ran = self.run(flush("/proc"));
            let said = String::from_utf8_lossy(&ran.stderr).into_owned();
            match ran.status.code().unwrap() {
                0 => must_prove("/proc", &String::from_utf8_lossy(&ran.stdout)),
                code => Err(failed("/proc", code, &said)),
            }
        }
    }

    /// As coreutils says it.
    fn fails(doing: &str, why: &str) -> String {
        format!("echo \"sync: error {doing} '$2': {why}\" >&2; exit 1")
    }

    fn lies_there(pod: &Pod) -> bool {
        let mut files = fs::read_dir(pod.tmp()).unwrap();
        files.any(|file| {
            let name = file.unwrap().file_name();
            name.to_string_lossy().starts_with("slackwater-flush")
        })
    }

    #[test]
    fn what_a_kernel_told_a_flush_whose_end_nobody_saw_is_told_by_the_next_until_it_is_kept() {
        // As it came from below: a path that is gone, a target that refuses, a bad block.
        for why in [
            "Input/output error",
            "No space left on device",
            "Link has been severed",
            "Connection timed out",
            "Remote I/O error",
            "No data available",
            "No such device",
            "Interrupted system call",
        ] {
            let pod = Pod::new();
            pod.sync_is(&fails("syncing", why));
            // Nobody reads what it says.
            pod.run(flush("/proc"));
            pod.sync_is("exit 0");
            for _ in 0..2 {
                let said = pod.flush().unwrap_err();
                assert!(is_told_by_kernel(&said), "{said}");
                assert!(
                    said.contains(why) && said.contains("slackwater-flush-proc:"),
                    "{said}"
                );
            }
            assert!(pod.run(forget("/proc")).status.success());
            pod.flush().unwrap();
        }
    }

    #[test]
    fn a_flush_that_asked_no_file_system_fails_and_leaves_nothing_that_fails_the_next() {
        let opening = fails("opening", "Too many open files in system");
        let unknown = fails("syncing", "Function not implemented");
        let pod = Pod::new();
        for (script, words) in [
            (opening.as_str(), "error opening '/proc': Too many open"),
            (unknown.as_str(), "not implemented"),
            (
                "echo 'sh: sync: Cannot allocate memory' >&2; exit 126",
                "ended with 126",
            ),
        ] {
            pod.sync_is(script);
            let said = pod.flush().unwrap_err();
            assert!(
                said.contains(words) && !is_told_by_kernel(&said),
                "{script}: {said}"
            );
            assert!(!lies_there(&pod), "{script}");
            pod.sync_is("exit 0");
            pod.flush().unwrap();
        }
        // Of a version before this one.
        fs::write(
            pod.tmp().join("slackwater-flush-proc"),
            "sync: error opening '/proc'\n",
        )
        .unwrap();
        let said = pod.flush().unwrap_err();
        assert!(
            said.contains("slackwater-flush-proc:") && said.contains("delete that file"),
            "{said}"
        );
    }

    #[test]
    fn a_sync_that_was_killed_may_have_been_told_something_and_no_other_counts() {
        let pod = Pod::new();
        pod.sync_is("kill -9 $$");
        for _ in 0..2 {
            let said = pod.flush().unwrap_err();
            assert!(said.contains("ended with 5"), "{said}");
            assert!(
                said.contains("slackwater-flush-proc.") && said.contains("delete that file"),
                "{said}"
            );
            assert!(!is_told_by_kernel(&said));
            pod.sync_is("exit 0");
        }
    }

    #[test]
    fn while_a_flush_has_not_ended_or_was_killed_no_other_counts() {
        let pod = Pod::new();
        pod.sync_is("kill -9 $PPID");
        assert_eq!(pod.run(flush("/proc")).status.code(), None);
        pod.sync_is("exit 0");
        let said = pod.flush().unwrap_err();
        assert!(said.contains("another flush has not ended"), "{said}");
        assert!(said.contains("slackwater-flush-proc."), "{said}");
        assert!(!is_told_by_kernel(&said));
    }

    #[test]
    fn a_flush_that_can_leave_no_word_counts_for_nothing() {
        let pod = Pod::new();
        pod.sync_is("exit 0");
        let mut words = flush("/proc");
        words[5] = "/there/is/none".to_owned();
        let ran = Command::new(&words[0]).args(&words[1..]).output().unwrap();
        assert_eq!(ran.status.code(), Some(4));
    }

    #[test]
    fn a_file_system_whose_server_decides_and_a_kernel_that_does_not_tell_are_not_believed() {
        for kind in ["6969", "fe534d42", "01021997", "65735546"] {
            let said = must_prove("/data", &format!("{kind}\n6.1.0\n")).unwrap_err();
            assert!(said.contains("no local file system"), "{said}");
        }
        // ext2/3/4, XFS, btrfs.
        for kind in ["ef53", "58465342", "9123683e"] {
            must_prove("/data", &format!("{kind}\n5.14.0-427.el9\n")).unwrap();
            let said = must_prove("/data", &format!("{kind}\n5.4.0-150-generic\n")).unwrap_err();
            assert!(said.contains("5.4.0-150-generic"), "{said}");
        }
        must_prove("/data", "").unwrap_err();
        must_prove("/data", "ef53\n").unwrap_err();
    }
}
