//! What tells one process from every other: its id, when it started, and in
//! which boot of the machine. May read /proc.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::VolumeError;

/// Bytes that are read of a file in /proc: those that are read here have a few
/// hundred.
const MAX_BYTES: u64 = 4096;

/// Digits and dashes of a boot id, which is a UUID.
const BOOT_ID_LENGTH: usize = 36;

/// The machine's boot: ids and starts of processes begin again with it.
pub(crate) struct Boot(String);

impl Boot {
    /// The one that this machine is in.
    ///
    /// # Errors
    /// No /proc, or one that says something else.
    pub(crate) fn now() -> Result<Self, VolumeError> {
        let path = Path::new("/proc/sys/kernel/random/boot_id");
        boot_id(&read(path)?)
            .map(|id| Self(id.to_owned()))
            .ok_or_else(|| VolumeError::unsuitable(path, "holds no boot id"))
    }

    /// The process that has this id now. An id is given to another process
    /// later, with another start.
    ///
    /// # Errors
    /// There is none, or it may not be looked at.
    pub(crate) fn identity(&self, pid: u32) -> Result<String, VolumeError> {
        let path = format!("/proc/{pid}/stat");
        let path = Path::new(&path);
        let start = start_ticks(&read(path)?, pid)
            .ok_or_else(|| VolumeError::unsuitable(path, "does not say when the process began"))?;
        Ok(format!("pid {pid} since tick {start} of boot {}", self.0))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, VolumeError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
        .map_err(VolumeError::io("read", path))?;
    Ok(bytes)
}

fn boot_id(text: &[u8]) -> Option<&str> {
    let id = std::str::from_utf8(text).ok()?.trim();
    let plain = id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    (id.len() == BOOT_ID_LENGTH && plain).then_some(id)
}

/// `starttime` of proc_pid_stat(5), in clock ticks since the boot: field 22.
/// The second one is the command's name in parentheses, and may hold any byte,
/// a space or a parenthesis too; no later one can.
fn start_ticks(stat: &[u8], pid: u32) -> Option<u64> {
    let head = format!("{pid} (");
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    if !stat.starts_with(head.as_bytes()) || name_end < head.len() {
        return None;
    }
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    // The first of the rest is field 3.
    rest.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stat(pid: u32, name: &[u8], start: u64) -> Vec<u8> {
        let mut line = format!("{pid} (").into_bytes();
        line.extend(name);
        line.extend(b") S 1 2 3 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 ");
        line.extend(format!("{start} 3133440 380 184467\n").bytes());
        line
    }

    #[test]
    fn this_process_has_an_identity_and_no_process_has_none() {
        let boot = Boot::now().unwrap();
        let own = boot.identity(std::process::id()).unwrap();
        assert!(own.starts_with(&format!("pid {} since tick ", std::process::id())));
        assert_eq!(own, boot.identity(std::process::id()).unwrap());
        assert_ne!(own, boot.identity(1).unwrap());
        // Above the greatest id that Linux gives, 2^22.
        let none = boot.identity(u32::MAX).unwrap_err().to_string();
        assert!(none.contains("/proc/4294967295/stat"), "{none}");
    }

    #[test]
    fn a_stat_of_another_process_or_cut_short_is_not_taken() {
        let whole = stat(7, b"java", 736_487);
        assert_eq!(start_ticks(&whole, 7), Some(736_487));
        assert_eq!(start_ticks(&whole, 77), None);
        assert_eq!(start_ticks(&whole[..30], 7), None);
        assert_eq!(start_ticks(b"7 )(", 7), None);
    }

    #[test]
    fn what_is_no_uuid_is_no_boot_id() {
        let id = "61faae8a-9c71-4338-a6b1-a62d89ba2f71";
        assert_eq!(boot_id(format!("{id}\n").as_bytes()), Some(id));
        assert_eq!(boot_id(b""), None);
        assert_eq!(boot_id(&id.as_bytes()[1..]), None);
        assert_eq!(boot_id(id.replace('f', "x").as_bytes()), None);
    }

    proptest! {
        #[test]
        fn a_command_may_have_any_name(pid in 1u32..4_194_304, start: u64, name: Vec<u8>) {
            prop_assert_eq!(start_ticks(&stat(pid, &name, start), pid), Some(start));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, pid: u32) {
            let _ = boot_id(&bytes);
            let _ = start_ticks(&bytes, pid);
            let mut begun = format!("{pid} (").into_bytes();
            begun.extend(bytes);
            let _ = start_ticks(&begun, pid);
        }
    }
}
