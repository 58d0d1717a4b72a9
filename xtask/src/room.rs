//! Room on the disks, asked before what fills them. Without it a run fails after
//! half an hour, at a place that has nothing to do with it, and hangs at others.
//! Looks, and changes nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::project::Project;

const GIB: u64 = 1 << 30;

/// What `cargo xtask test` leaves in the target directory, from nothing, at the least:
/// the workspace with its test programs (6.2 GiB were measured; incremental
/// compilation, which can be left out, adds 2.7), the fuzz targets, the simulation and
/// its mutants (2.2). Who has a little more than all these is not refused.
const TESTS_BUILT: u64 = 9 * GIB;

/// What `cargo xtask demo` leaves there, which builds no test programs.
const DEMO_BUILT: u64 = 4 * GIB;

/// What the labs keep in the cache, or pass through it: Kafka's jars, Kubernetes,
/// Java and the definitions are 0.4 GiB, what Go compiles for Kubernetes is 3.3 as
/// long as it builds that.
const TESTS_FETCHED: u64 = 4 * GIB;

/// Of it, what the demo needs: Kafka's jars.
const DEMO_FETCHED: u64 = GIB;

/// What two labs side by side have in the temporary directory: volumes, their
/// snapshots and what was restored of them, images that a node has unpacked.
/// 2.3 GiB were measured.
const TWO_LABS: u64 = 3 * GIB;

/// What one lab has there.
const ONE_LAB: u64 = 2 * GIB;

/// What will be written somewhere, and how it can be written elsewhere.
#[derive(Debug, Clone)]
struct Wanted {
    path: PathBuf,
    bytes: u64,
    elsewhere: &'static str,
}

/// A file system, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Disk {
    device: u64,
    free: u64,
}

/// Refuses tests that would run out of room.
pub(crate) fn ensure_for_tests(project: &Project) -> Result<(), Error> {
    ensure(&wanted(project, TESTS_BUILT, TESTS_FETCHED, TWO_LABS))
}

/// Refuses a demo that would.
pub(crate) fn ensure_for_demo(project: &Project) -> Result<(), Error> {
    ensure(&wanted(project, DEMO_BUILT, DEMO_FETCHED, ONE_LAB))
}

/// Refuses one lab more that would.
pub(crate) fn ensure_for_a_lab() -> Result<(), Error> {
    ensure(&[temporary(ONE_LAB)])
}

/// What is there already need not be written again.
fn wanted(project: &Project, built: u64, fetched: u64, labs: u64) -> Vec<Wanted> {
    let rest = |whole: u64, path: &Path| whole.saturating_sub(size(path));
    vec![
        Wanted {
            bytes: rest(built, &project.target),
            path: project.target.clone(),
            elsewhere: "CARGO_TARGET_DIR",
        },
        Wanted {
            bytes: rest(fetched, &project.cache),
            path: project.cache.clone(),
            elsewhere: "SLACKWATER_CACHE",
        },
        temporary(labs),
    ]
}

fn temporary(bytes: u64) -> Wanted {
    Wanted {
        path: std::env::temp_dir(),
        bytes,
        elsewhere: "TMPDIR",
    }
}

fn ensure(wanted: &[Wanted]) -> Result<(), Error> {
    let found = wanted
        .iter()
        .map(|one| Ok((one.clone(), disk(&one.path)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    match lacking(&found) {
        None => Ok(()),
        Some((place, disk, needed)) => Err(Error::NoRoom {
            path: place.path.clone(),
            free: gib(disk.free),
            needed: gib(needed),
            elsewhere: place.elsewhere,
        }),
    }
}

/// The first disk on which all that is wanted of it does not fit, by the place that
/// wants most of it.
fn lacking(wanted: &[(Wanted, Disk)]) -> Option<(&Wanted, Disk, u64)> {
    wanted.iter().find_map(|(_, disk)| {
        let here = || {
            let same = |(_, other): &&(Wanted, Disk)| other.device == disk.device;
            wanted.iter().filter(same).map(|(one, _)| one)
        };
        let needed = here().map(|one| one.bytes).sum();
        let most = here().max_by_key(|one| one.bytes)?;
        (needed > disk.free).then_some((most, *disk, needed))
    })
}

/// Of the nearest directory above it that is there.
fn disk(path: &Path) -> Result<Disk, Error> {
    let there = path.ancestors().find(|one| one.exists()).unwrap_or(path);
    let metadata = fs::metadata(there).map_err(Error::io("look at", there))?;
    let room = rustix::fs::statvfs(there)
        .map_err(std::io::Error::from)
        .map_err(Error::io("ask for the room of", there))?;
    Ok(Disk {
        device: metadata.dev(),
        free: room.f_bavail.saturating_mul(room.f_frsize),
    })
}

/// What lies below a directory, as far as it can be read. Cargo links what it built
/// to a second place: each link counts for its part.
fn size(path: &Path) -> u64 {
    let mut sum = 0;
    let mut open = vec![path.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => open.push(entry.path()),
                // Blocks of 512 bytes (stat(2)): sparse files take what they have.
                Ok(found) => sum += found.blocks() * 512 / found.nlink().max(1),
                Err(_) => {}
            }
        }
    }
    sum
}

/// To be read by a person.
fn gib(bytes: u64) -> String {
    let tenths = bytes / (GIB / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, gib: u64, device: u64, free: u64) -> (Wanted, Disk) {
        let wanted = Wanted {
            path: path.into(),
            bytes: gib * GIB,
            elsewhere: "X",
        };
        let free = free * GIB;
        (wanted, Disk { device, free })
    }

    #[test]
    fn what_is_wanted_of_one_disk_is_added_up() {
        let fits = [one("/a", 6, 1, 10), one("/b", 4, 1, 10)];
        assert!(lacking(&fits).is_none());
        let too_much = [one("/a", 4, 1, 10), one("/b", 7, 1, 10)];
        let (place, disk, needed) = lacking(&too_much).unwrap();
        assert_eq!(place.path, Path::new("/b"));
        assert_eq!((disk.free, needed), (10 * GIB, 11 * GIB));
        let on_two = [one("/a", 4, 1, 10), one("/b", 7, 2, 10)];
        assert!(lacking(&on_two).is_none());
        let second = [one("/a", 4, 1, 10), one("/b", 11, 2, 10)];
        assert_eq!(lacking(&second).unwrap().0.path, Path::new("/b"));
    }

    #[test]
    fn a_disk_without_room_is_named_with_what_it_has_and_what_is_needed() {
        let mut all = temporary(0);
        assert!(ensure(&[all.clone()]).is_ok());
        all.bytes = u64::MAX;
        all.path = all.path.join("not/there/yet");
        let said = ensure(&[all]).unwrap_err().to_string();
        assert!(said.contains("not/there/yet") && said.contains("TMPDIR"));
    }

    #[test]
    fn what_is_built_already_is_not_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/file"), vec![1; 1 << 20]).unwrap();
        let found = size(folder.path());
        assert!((1 << 20..2 << 20).contains(&found), "{found}");
        assert_eq!(gib(GIB + GIB / 2), "1.5 GiB");
    }
}
