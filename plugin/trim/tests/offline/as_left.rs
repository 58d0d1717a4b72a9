//! An untrim of directories in which somebody else was since.

use crate::log;

use std::fs;
use std::path::Path;

use crate::log::Batch;
use crate::site::{Site, messages};
use crate::world::{clone_of, nodes, options, tree};
use slackwater_cut::Class;
use slackwater_trim::{Held, Reached, RealDisk, TrimError};

/// Three brokers with what each has beside a log. Node 1 loses a segment and the end of
/// another one, node 2 gets what it lacks, node 3 was stopped cleanly.
fn brokers() -> Site {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    let all = messages(0..20);
    site.copy(1, "src.t-0", &[&all[..8], &all[8..14], &all[14..]]);
    site.copy(2, "src.t-0", &[&all[..8]]);
    site.copy(3, "src.t-0", &[&all[..8], &all[8..14]]);
    site.all("src.t-1", &messages(0..11));
    for node in nodes(site.root.path()) {
        let replica = node.join("src.t-0");
        for log in tree(&replica).keys() {
            for index in ["index", "timeindex"] {
                fs::write(replica.join(log).with_extension(index), "x").unwrap();
            }
        }
        fs::write(replica.join("leader-epoch-checkpoint"), "0\n1\n0 0\n").unwrap();
    }
    fs::write(site.root.path().join("node-3/.kafka_cleanshutdown"), "{}").unwrap();
    site
}

fn untrim(root: &Path) -> Result<(), TrimError> {
    let mut held = Held::take(&nodes(root), &RealDisk)?;
    held.untrim().map(drop)
}

#[test]
fn where_the_journals_are_gone_what_went_is_not_taken_away() {
    let plain = || {
        let mut site = Site::new();
        site.topic("src.t", Class::Mirrored, 1, Some("t"));
        site.topic("src.u", Class::Mirrored, 1, Some("u"));
        site.all("src.t-0", &messages(0..20));
        site.all("src.u-0", &messages(0..11));
        site
    };
    // With files that were set aside, and with tails alone.
    for site in [brokers(), plain()] {
        let plan = site.plan(&options(0)).unwrap();
        let mut held = Held::take(&nodes(site.root.path()), &RealDisk).unwrap();
        held.trim(&plan).unwrap();
        drop(held);
        for node in nodes(site.root.path()) {
            fs::remove_file(node.join("slackwater-trim.json")).unwrap();
        }
        let left = tree(site.root.path());
        let refused = untrim(site.root.path()).unwrap_err();
        assert!(
            refused.to_string().contains("has lost its journal"),
            "{refused}"
        );
        assert!(tree(site.root.path()) == left);
    }
}

#[test]
fn what_a_broker_has_left_since_a_trim_is_named_and_nothing_is_taken_back() {
    let site = brokers();
    let before = tree(site.root.path());
    let plan = site.plan(&options(0)).unwrap();
    assert_eq!(plan.partitions[0].cut, 11);
    let mut held = Held::take(&nodes(site.root.path()), &RealDisk).unwrap();
    held.trim(&plan).unwrap();
    drop(held);
    let trimmed = tree(site.root.path());
    let segment = |node: u32, base: u64| format!("node-{node}/src.t-0/{base:020}");
    let (cut, added, rolled) = (segment(1, 8), segment(2, 8), segment(2, 12));
    let aside = |node: u32, base: u64| format!("node-{node}/src.t-0/slackwater-{base:020}");
    let one = bytes(&messages(0..1));
    let longer = |file: &str| [&trimmed[Path::new(file)][..], &one].concat();
    let written = [
        // By one that took them away, and by one that had none.
        ("node-3/.kafka_cleanshutdown".to_owned(), one.clone()),
        ("node-1/.kafka_cleanshutdown".to_owned(), one.clone()),
        // Made anew from the segment that was cut, and from the one that was added.
        (format!("{cut}.index"), one.clone()),
        (format!("{added}.timeindex"), one.clone()),
        // It was rolled, as far as the trim's log goes or further.
        (segment(1, 14) + ".log", one.clone()),
        (format!("{rolled}.log"), one.clone()),
        (format!("{cut}.log"), longer(&format!("{cut}.log"))),
        (format!("{added}.log"), longer(&format!("{added}.log"))),
    ];
    let deleted = [
        aside(1, 14) + ".log.aside",
        aside(1, 8) + ".log.tail",
        aside(2, 0) + ".index.aside",
        format!("{added}.log"),
    ];
    let written = written.into_iter().map(|(file, bytes)| (file, Some(bytes)));
    let deleted = deleted.into_iter().map(|file| (file, None));
    for (file, bytes) in written.chain(deleted) {
        let root = clone_of(&trimmed);
        match bytes {
            Some(bytes) => fs::write(root.path().join(&file), bytes).unwrap(),
            None => fs::remove_file(root.path().join(&file)).unwrap(),
        }
        let after = tree(root.path());
        assert!(after != trimmed, "{file}");
        let refused = untrim(root.path()).unwrap_err();
        let TrimError::NotAsLeft { path, found, .. } = &refused else {
            panic!("{file}: {refused}");
        };
        let (node, below) = file.split_once('/').unwrap();
        assert!(
            path.ends_with(node) && found.starts_with(below),
            "{file}: {refused}"
        );
        assert!(tree(root.path()) == after, "{file}");
    }
    untrim(site.root.path()).unwrap();
    assert!(tree(site.root.path()) == before);
}

#[test]
fn where_a_trim_changes_nothing_a_mark_of_a_clean_shutdown_is_not_its_business() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.all("src.t-0", &messages(0..4));
    fs::write(site.root.path().join("node-2/.kafka_cleanshutdown"), "{}").unwrap();
    let before = tree(site.root.path());
    let plan = site.plan(&options(0)).unwrap();
    let mut held = Held::take(&nodes(site.root.path()), &RealDisk).unwrap();
    assert_eq!(held.reached(&plan).unwrap(), Reached::Nothing);
    assert_eq!(held.trim(&plan).unwrap().steps, 0);
    assert_eq!(held.reached(&plan).unwrap(), Reached::Over);
    held.untrim().unwrap();
    assert!(tree(site.root.path()) == before);
}

fn bytes(batches: &[Batch]) -> Vec<u8> {
    log::batch::bytes_of(batches)
}
