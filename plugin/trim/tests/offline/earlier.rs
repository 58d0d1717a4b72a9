//! Trims by other plans that nobody has made final, and that a backup has carried along.

use crate::site;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::log::Batch;
use crate::log::batch::bytes_of;
use crate::site::{Site, messages};
use crate::world::{clone_of, nodes, options, tree};
use slackwater_cut::Class;
use slackwater_point::Plan;
use slackwater_trim::{Held, Reached, RealDisk, TrimError, Trimmed, plan_once, trim_once};

/// Node 1 has more than others, and node 2 less.
fn brokers() -> Site {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 2, Some("t"));
    let all = messages(0..20);
    site.copy(1, "src.t-0", &[&all[..8], &all[8..]]);
    site.copy(2, "src.t-0", &[&all[..8]]);
    site.copy(3, "src.t-0", &[&all[..8], &all[8..14]]);
    site.all("src.t-1", &messages(0..11));
    site
}

fn trim(root: &Path, plan: &Plan) -> Result<Trimmed, TrimError> {
    Held::take(&nodes(root), &RealDisk)?.trim(plan)
}

fn discard(root: &Path) -> Result<Trimmed, TrimError> {
    Held::take(&nodes(root), &RealDisk)?.discard()
}

/// Trimmed by a plan that is lost by then.
fn trimmed() -> Site {
    let site = brokers();
    let plan = site.plan(&options(0)).unwrap();
    assert!(trim(site.root.path(), &plan).unwrap().steps >= 3);
    site
}

/// Brokers go on behind the cut.
fn brokers_write(root: &Path, plan: &Plan) {
    let row = site::row(plan, "src.t", 0);
    let more = bytes_of(&[Batch::numbered(row.ends_at(), 4)]);
    for node in nodes(root) {
        let logs = tree(&node.join("src.t-0"));
        let is_log = |name: &&std::path::PathBuf| {
            let name = name.to_string_lossy();
            name.ends_with(".log") && !name.contains("slackwater-")
        };
        let last = logs.keys().rfind(is_log).unwrap();
        let log = node.join("src.t-0").join(last);
        let mut file = OpenOptions::new().append(true).open(log).unwrap();
        file.write_all(&more).unwrap();
    }
}

/// Whether one of a trim's own files is left.
fn has_ours(root: &Path) -> bool {
    let trees = tree(root);
    trees.keys().any(|name| {
        let name = name.to_string_lossy();
        name.contains("slackwater-") && !name.contains("slackwater-plan")
    })
}

#[test]
fn one_that_is_as_it_was_left_is_refused_and_both_remedies_that_are_named_work() {
    let site = trimmed();
    let root = site.root.path();
    let other = site.plan(&options(3)).unwrap();
    let before = tree(root);
    let refused = trim(root, &other).unwrap_err();
    assert!(matches!(refused, TrimError::OtherPlan { .. }), "{refused}");
    let said = refused.to_string();
    for remedy in ["`slackwater logdir discard`", "`slackwater logdir untrim`"] {
        assert!(said.contains(remedy), "{said}");
    }
    // Nor is it ended where nobody can say so.
    let once = trim_once(&nodes(root), &site.cut, &options(3), &RealDisk, 8).unwrap_err();
    assert!(matches!(once, TrimError::OtherPlan { .. }), "{once}");
    let once = plan_once(&nodes(root), &site.cut, &options(3)).unwrap_err();
    assert!(matches!(once, TrimError::OtherPlan { .. }), "{once}");
    assert!(tree(root) == before);
    let discarded = clone_of(&before);
    discard(discarded.path()).unwrap();
    assert!(!has_ours(discarded.path()));
    trim(discarded.path(), &other).unwrap();
    let untrimmed = clone_of(&before);
    let mut held = Held::take(&nodes(untrimmed.path()), &RealDisk).unwrap();
    held.untrim().unwrap();
    assert!(tree(untrimmed.path()) == tree(brokers().root.path()));
}

#[test]
fn one_that_brokers_have_written_over_is_ended_by_the_next_trim_which_says_so() {
    let site = brokers();
    let root = site.root.path();
    let first = site.plan(&options(0)).unwrap();
    trim(root, &first).unwrap();
    brokers_write(root, &first);
    let written = tree(root);
    let other = site.plan(&options(0)).unwrap();
    assert_ne!(other.digest, first.digest);
    let mut held = Held::take(&nodes(root), &RealDisk).unwrap();
    assert_eq!(held.reached(&other).unwrap(), Reached::Nothing);
    assert!(tree(root) == written);
    assert_eq!(held.trim(&other).unwrap().ended, 3);
    assert_eq!(held.reached(&other).unwrap(), Reached::Over);
    held.untrim().unwrap();
    drop(held);
    let mut wanted = written.clone();
    wanted.retain(|name, _| !name.to_string_lossy().contains("slackwater-"));
    assert!(tree(root) == wanted);
    // And where nobody can get at it by hand.
    let root = clone_of(&written);
    let paths = nodes(root.path());
    let planned = plan_once(&paths, &site.cut, &options(0)).unwrap().unwrap();
    assert_eq!(planned.digest, other.digest);
    let done = trim_once(&paths, &site.cut, &options(0), &RealDisk, 8).unwrap();
    assert_eq!((done.ended, done.plan.digest), (3, other.digest));
    assert!(!has_ours(root.path()));
    let again = trim_once(&paths, &site.cut, &options(0), &RealDisk, 8).unwrap();
    assert_eq!(again.ended, 0);
}

#[test]
fn one_of_other_data_than_a_plan_stays_whole_when_that_plan_is_refused() {
    let site = brokers();
    let root = site.root.path();
    let first = site.plan(&options(0)).unwrap();
    trim(root, &first).unwrap();
    brokers_write(root, &first);
    let other = site.plan(&options(0)).unwrap();
    fs::create_dir(nodes(root)[1].join("src.new-0")).unwrap();
    let before = tree(root);
    let refused = trim(root, &other).unwrap_err();
    assert!(matches!(refused, TrimError::OtherData { .. }), "{refused}");
    assert!(tree(root) == before);
}

#[test]
fn one_that_changed_nothing_is_over_when_it_is_done() {
    let mut site = Site::new();
    site.topic("src.t", Class::Mirrored, 1, Some("t"));
    site.all("src.t-0", &messages(0..4));
    let root = site.root.path();
    let plan = site.plan(&options(0)).unwrap();
    assert_eq!(trim(root, &plan).unwrap().steps, 0);
    let other = site.plan(&options(3)).unwrap();
    assert_eq!(trim(root, &other).unwrap().ended, 3);
}

#[test]
fn one_that_was_not_ended_is_refused_also_when_brokers_have_written_since() {
    let site = brokers();
    let root = site.root.path();
    let first = site.plan(&options(0)).unwrap();
    trim(root, &first).unwrap();
    brokers_write(root, &first);
    let other = site.plan(&options(0)).unwrap();
    let journal = nodes(root)[1].join("slackwater-trim.json");
    let done = fs::read_to_string(&journal).unwrap();
    for stage in ["prepared", "untrimming", "untrimmed"] {
        let text = done.replace("\"stage\":\"done\"", &format!("\"stage\":\"{stage}\""));
        assert_ne!(text, done);
        fs::write(&journal, text).unwrap();
        let before = tree(root);
        let refused = trim(root, &other).unwrap_err();
        assert!(matches!(refused, TrimError::OtherPlan { .. }), "{refused}");
        assert!(refused.to_string().contains("logdir untrim"), "{refused}");
        let once = trim_once(&nodes(root), &site.cut, &options(0), &RealDisk, 8).unwrap_err();
        assert!(matches!(once, TrimError::OtherPlan { .. }), "{once}");
        assert!(tree(root) == before);
    }
}

#[test]
fn what_went_is_deleted_also_where_a_topic_is_gone_since() {
    let site = trimmed();
    let root = site.root.path();
    for node in nodes(root) {
        fs::remove_dir_all(node.join("src.t-0")).unwrap();
    }
    // An untrim has nothing to put back there, and says so.
    let mut held = Held::take(&nodes(root), &RealDisk).unwrap();
    let refused = held.untrim().unwrap_err();
    assert!(matches!(refused, TrimError::NotAsLeft { .. }), "{refused}");
    assert!(refused.to_string().contains("logdir discard"), "{refused}");
    drop(held);
    assert_eq!(discard(root).unwrap().dirs, 3);
    assert!(!has_ours(root));
}
