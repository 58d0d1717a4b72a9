//! What is mounted or looped below a directory, and undoing it. Touches only
//! mounts, loop devices and processes that belong to the given directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command;
use crate::error::LabError;

/// Mount points below `directory`, last mounted first: the order to undo them.
pub(crate) fn mounts_below(directory: &Path) -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut points = parse_mountinfo(&table, directory);
    points.reverse();
    points
}

/// Fifth field of each line (proc(5)), with its octal escapes undone.
fn parse_mountinfo(table: &str, directory: &Path) -> Vec<PathBuf> {
    table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|field| PathBuf::from(unescape(field)))
        .filter(|point| point.starts_with(directory))
        .collect()
}

fn unescape(field: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(field.to_owned(), |text, (code, is)| text.replace(code, is))
}

/// Loop devices whose backing file lies below `directory`.
pub(crate) fn loops_below(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/sys/block") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| {
            fs::read_to_string(entry.path().join("loop/backing_file"))
                .is_ok_and(|file| Path::new(file.trim_end()).starts_with(directory))
        })
        .map(|entry| Path::new("/dev").join(entry.file_name()))
        .collect()
}

/// Processes whose working directory is `directory` or lies below it.
pub(crate) fn processes_in(directory: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse::<i32>().ok())
        .filter(|pid| {
            fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(directory))
        })
        .collect()
}

/// Mounts the file system in `image` at `point` through a loop device that
/// goes away with the mount (util-linux sets `LO_FLAGS_AUTOCLEAR`).
pub(crate) fn mount_image(image: &Path, point: &Path) -> Result<(), LabError> {
    fs::create_dir_all(point).map_err(LabError::io("create", point))?;
    let (image, point) = (image.display().to_string(), point.display().to_string());
    command::run("mount", &["-o", "loop", &image, &point]).map(drop)
}

/// Unmounts; a busy one is taken out of sight at once and goes when its last
/// user does.
pub(crate) fn unmount(point: &Path) {
    let point = point.display().to_string();
    if command::run("umount", &[&point]).is_err() {
        let _ = command::run("umount", &["-l", &point]);
    }
}

/// Undoes every mount and loop device below `directory`.
pub(crate) fn clear(directory: &Path) {
    for point in mounts_below(directory) {
        unmount(&point);
    }
    for device in loops_below(directory) {
        let _ = command::run("losetup", &["-d", &device.display().to_string()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_below_the_directory_are_found() {
        let table = "22 1 0:20 / /proc rw - proc proc rw\n\
                     30 1 7:0 / /tmp/lab\\040a/store rw - xfs /dev/loop0 rw\n\
                     31 30 7:1 / /tmp/lab\\040a/volumes/1 rw - ext4 /dev/loop1 rw\n\
                     32 1 7:2 / /tmp/lab\\040ab rw - ext4 /dev/loop2 rw\n";
        let found = parse_mountinfo(table, Path::new("/tmp/lab a"));
        assert_eq!(
            found,
            [
                Path::new("/tmp/lab a/store"),
                Path::new("/tmp/lab a/volumes/1")
            ]
        );
    }

    #[test]
    fn this_process_is_found_by_its_working_directory() {
        let here = std::env::current_dir().unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(processes_in(&here).contains(&me));
    }
}
