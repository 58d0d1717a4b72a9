//! A trim, an untrim and a discard that end at each of their writes, and lose
//! what was not on the disk yet: run again, they come to the same bytes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::world::{Shape, World, clone_of, no_cut, nodes, options, planned, tree};
use fastrand::Rng;
use slackwater_point::Plan;
use slackwater_trim::{Disk, Held, Piece, RealDisk, TrimError, trim_once};

/// How to undo a change of names that is not on the disk yet.
enum Undo {
    Made(PathBuf),
    Renamed {
        from: PathBuf,
        to: PathBuf,
        over: Option<Vec<u8>>,
    },
    Removed(PathBuf, Vec<u8>),
}

/// A disk that dies at one of its calls; a write may be cut short then.
struct Dying {
    left: Cell<usize>,
    calls: Cell<usize>,
    undo: RefCell<Vec<Undo>>,
}

impl Dying {
    fn after(calls: usize) -> Self {
        Self {
            left: Cell::new(calls),
            calls: Cell::new(0),
            undo: RefCell::default(),
        }
    }

    fn live(&self) -> io::Result<()> {
        self.calls.set(self.calls.get() + 1);
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(io::Error::other("it died")),
        }
    }

    /// The power goes: some of the names that were not synced are lost, the last
    /// ones or any of them.
    fn lose_power(&self, rng: &mut Rng) {
        let any = rng.bool();
        let mut lost = true;
        for undo in self.undo.borrow_mut().drain(..).rev() {
            lost = if any {
                rng.bool()
            } else {
                lost && rng.u8(0..4) > 0
            };
            if !lost {
                continue;
            }
            match undo {
                Undo::Made(path) => drop(fs::remove_file(path)),
                Undo::Renamed { from, to, over } => {
                    if to.exists() && !from.exists() {
                        fs::rename(&to, &from).unwrap();
                        if let Some(bytes) = over {
                            fs::write(&to, bytes).unwrap();
                        }
                    }
                }
                Undo::Removed(path, bytes) => {
                    if !path.exists() {
                        fs::write(path, bytes).unwrap();
                    }
                }
            }
        }
    }
}

impl Disk for Dying {
    fn write(&self, path: &Path, pieces: &[Piece]) -> io::Result<()> {
        let made = !path.exists();
        if let Err(died) = self.live() {
            // What it had written of it.
            if let Some(Piece::Bytes(bytes)) = pieces.first() {
                fs::write(path, &bytes[..bytes.len() / 2])?;
            }
            return Err(died);
        }
        RealDisk.write(path, pieces)?;
        if made {
            self.undo.borrow_mut().push(Undo::Made(path.to_owned()));
        }
        Ok(())
    }

    fn end_with(&self, path: &Path, from: u64, piece: &Piece) -> io::Result<()> {
        if let Err(died) = self.live() {
            // Cut, and not grown again.
            RealDisk.truncate(path, from)?;
            return Err(died);
        }
        RealDisk.end_with(path, from, piece)
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.live()?;
        RealDisk.truncate(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.live()?;
        let over = fs::read(to).ok();
        RealDisk.rename(from, to)?;
        self.undo.borrow_mut().push(Undo::Renamed {
            from: from.to_owned(),
            to: to.to_owned(),
            over,
        });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.live()?;
        if let Ok(bytes) = fs::read(path) {
            self.undo
                .borrow_mut()
                .push(Undo::Removed(path.to_owned(), bytes));
        }
        RealDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.live()?;
        let is_here = |one: &Path| one.parent() == Some(path);
        self.undo.borrow_mut().retain(|undo| match undo {
            Undo::Made(one) | Undo::Removed(one, _) => !is_here(one),
            Undo::Renamed { from, .. } => !is_here(from),
        });
        Ok(())
    }
}

type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A world in which something has to be done on each broker, and its plan.
fn worlds(count: usize) -> Vec<(Tree, Plan)> {
    let mut found = Vec::new();
    for seed in 0.. {
        let mut rng = Rng::with_seed(seed);
        let shape = Shape {
            dead_tails: true,
            two_copies: false,
            compacted: false,
            ..Shape::of(&mut rng)
        };
        let world = World::new(&mut rng, shape);
        let before = tree(world.root.path());
        let Ok(plan) = planned(&world.paths(), &no_cut(), &options(0)) else {
            continue;
        };
        let mut held = Held::take(&world.paths(), &RealDisk).unwrap();
        let done = held.trim(&plan).unwrap();
        if done.steps > 12 && done.written > 0 {
            found.push((before, plan));
        }
        if found.len() == count {
            return found;
        }
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Trim,
    Untrim,
    Discard,
    /// Plans, trims and discards.
    Once,
}

fn take(root: &Path, disk: &dyn Disk, deed: Deed, plan: &Plan) -> Result<(), TrimError> {
    if deed == Deed::Once {
        let done = trim_once(&nodes(root), &no_cut(), &options(0), disk, 8);
        return done.map(|done| assert_eq!(done.plan.digest, plan.digest));
    }
    let mut held = Held::take(&nodes(root), disk)?;
    match deed {
        Deed::Trim => held.trim(plan).map(drop),
        Deed::Untrim => held.untrim().map(drop),
        Deed::Discard | Deed::Once => held.discard().map(drop),
    }
}

/// Where a directory says that it was closed cleanly its broker takes logs and indexes as they
/// are: all of it is as it was before the trim then.
fn trusts_no_half(now: &Tree, before: &Tree) {
    let marks = now
        .keys()
        .filter(|name| name.ends_with(".kafka_cleanshutdown"));
    for mark in marks {
        let node = mark.parent().unwrap();
        let data = |tree: &Tree| -> Tree {
            let mut data = without_ours(tree.clone());
            data.retain(|name, _| name.starts_with(node));
            data
        };
        assert!(data(now) == data(before), "{}", node.display());
    }
}

/// `deed` on `from`, ended at each of its calls, and run again.
fn dies_at_each_call(from: &Tree, plan: &Plan, deed: Deed, wanted: &Tree, rng: &mut Rng) -> usize {
    let mut calls = 0;
    loop {
        let root = clone_of(from);
        let dying = Dying::after(calls);
        let ended = take(root.path(), &dying, deed, plan);
        if ended.is_ok() {
            assert!(&tree(root.path()) == wanted, "{deed:?}");
            return calls;
        }
        if rng.bool() {
            dying.lose_power(rng);
        }
        match deed {
            Deed::Trim | Deed::Once => trusts_no_half(&tree(root.path()), from),
            Deed::Untrim => trusts_no_half(&tree(root.path()), wanted),
            Deed::Discard => {}
        }
        // Another one that dies, too.
        let again = Dying::after(rng.usize(0..calls + 3));
        if take(root.path(), &again, deed, plan).is_err() {
            match take(root.path(), &RealDisk, deed, plan) {
                Ok(()) => {}
                // The last call was the last journal's end: all was done.
                Err(TrimError::State { why, .. }) if !matches!(deed, Deed::Trim | Deed::Once) => {
                    assert!(why.contains("not trimmed"), "{why}");
                }
                Err(other) => panic!("{deed:?} after {calls}: {other}"),
            }
        }
        assert!(&tree(root.path()) == wanted, "{deed:?} after {calls}");
        calls += 1;
    }
}

#[test]
fn whatever_call_it_ends_at_a_trim_comes_to_the_same_bytes_when_it_is_run_again() {
    let mut rng = Rng::with_seed(7);
    let mut calls = 0;
    for (before, plan) in worlds(3) {
        let root = clone_of(&before);
        take(root.path(), &RealDisk, Deed::Trim, &plan).unwrap();
        let trimmed = tree(root.path());
        calls += dies_at_each_call(&before, &plan, Deed::Trim, &trimmed, &mut rng);
    }
    assert!(calls > 100, "{calls}");
}

#[test]
fn so_does_an_untrim_and_a_discard() {
    let mut rng = Rng::with_seed(8);
    for (before, plan) in worlds(2) {
        let root = clone_of(&before);
        take(root.path(), &RealDisk, Deed::Trim, &plan).unwrap();
        let trimmed = tree(root.path());
        dies_at_each_call(&trimmed, &plan, Deed::Untrim, &before, &mut rng);
        take(root.path(), &RealDisk, Deed::Discard, &plan).unwrap();
        let discarded = tree(root.path());
        let ours = |name: &&PathBuf| name.to_string_lossy().contains("slackwater-");
        assert_eq!(discarded.keys().find(ours), None);
        dies_at_each_call(&trimmed, &plan, Deed::Discard, &discarded, &mut rng);
    }
}

#[test]
fn so_does_one_that_plans_by_itself_and_goes_on_by_the_plan_that_it_began_with() {
    let mut rng = Rng::with_seed(10);
    let mut calls = 0;
    for (before, plan) in worlds(3) {
        let root = clone_of(&before);
        take(root.path(), &RealDisk, Deed::Once, &plan).unwrap();
        let done = tree(root.path());
        let ours = |name: &&PathBuf| name.to_string_lossy().contains("slackwater-");
        let left: Vec<&PathBuf> = done.keys().filter(ours).collect();
        let plans = |name: &&PathBuf| name.ends_with("slackwater-plan.json");
        assert!(left.len() == 3 && left.iter().all(plans), "{left:?}");
        calls += dies_at_each_call(&before, &plan, Deed::Once, &done, &mut rng);
        // What is done already is shown to be, and stays.
        take(root.path(), &RealDisk, Deed::Once, &plan).unwrap();
        assert!(tree(root.path()) == done);
    }
    assert!(calls > 100, "{calls}");
}

#[test]
fn a_trim_that_ended_anywhere_can_be_taken_back() {
    let mut rng = Rng::with_seed(9);
    for (before, plan) in worlds(2) {
        for calls in 0.. {
            let root = clone_of(&before);
            let dying = Dying::after(calls);
            if take(root.path(), &dying, Deed::Trim, &plan).is_ok() {
                break;
            }
            if rng.bool() {
                dying.lose_power(&mut rng);
            }
            match take(root.path(), &RealDisk, Deed::Untrim, &plan) {
                Ok(()) => assert!(tree(root.path()) == before, "after {calls}"),
                // It had written nothing yet.
                Err(TrimError::State { .. }) => {
                    assert!(tree(root.path()) == before, "after {calls}");
                }
                Err(other) => panic!("after {calls}: {other}"),
            }
        }
    }
}

/// As a broker does that ran and was stopped: its logs have grown, and it says that it was.
fn a_broker_runs(root: &Path) {
    for node in nodes(root) {
        let logs = |name: &&PathBuf| {
            let is_log = name.extension().is_some_and(|ending| ending == "log");
            is_log && !name.to_string_lossy().contains("slackwater-")
        };
        let mut last: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
        for log in tree(&node).keys().filter(logs) {
            last.insert(log.parent().unwrap().to_owned(), log.clone());
        }
        for log in last.values() {
            let mut bytes = fs::read(node.join(log)).unwrap();
            bytes.extend([0; 61]);
            fs::write(node.join(log), bytes).unwrap();
        }
        fs::write(node.join(".kafka_cleanshutdown"), "{\"version\":0}").unwrap();
    }
}

fn without_ours(mut tree: Tree) -> Tree {
    tree.retain(|name, _| !name.to_string_lossy().contains("slackwater-"));
    tree
}

/// Where a step was taken it is not taken back either; where none was there is nothing to be.
#[test]
fn one_that_ended_anywhere_is_not_gone_on_with_where_a_broker_has_run_since() {
    let (mut seen, mut untouched) = (0, 0);
    for (before, plan) in worlds(2) {
        for calls in 0.. {
            let root = clone_of(&before);
            if take(root.path(), &Dying::after(calls), Deed::Trim, &plan).is_ok() {
                break;
            }
            let journal = |node: &PathBuf| node.join("slackwater-trim.json").exists();
            let nodes = nodes(root.path());
            let journals = nodes.iter().filter(|node| journal(node)).count();
            if journals == 0 {
                continue;
            }
            let is_untouched = without_ours(tree(root.path())) == before;
            a_broker_runs(root.path());
            let ran = tree(root.path());
            let refused = take(root.path(), &RealDisk, Deed::Trim, &plan).unwrap_err();
            let is_named = match &refused {
                TrimError::NotAsLeft { .. } => true,
                // All was over but for the last journal's name: what is there is read.
                TrimError::ReadBack { .. } => journals == nodes.len(),
                // There is no step where a journal is.
                TrimError::OtherData { .. } => journals < nodes.len(),
                _ => false,
            };
            assert!(is_named, "after {calls}: {refused}");
            let says_untrim = refused.to_string().contains("logdir untrim");
            assert!(says_untrim || !is_untouched || journals < nodes.len());
            assert!(tree(root.path()) == ran, "after {calls}");
            let taken_back = take(root.path(), &RealDisk, Deed::Untrim, &plan);
            match (is_untouched, taken_back) {
                (true, Ok(())) => {
                    let wanted = clone_of(&before);
                    a_broker_runs(wanted.path());
                    assert!(tree(root.path()) == tree(wanted.path()), "after {calls}");
                    untouched += 1;
                }
                (false, Err(TrimError::NotAsLeft { .. })) => {
                    assert!(tree(root.path()) == ran, "after {calls}");
                }
                (_, other) => panic!("after {calls}: {other:?}"),
            }
            seen += 1;
        }
    }
    assert!(seen > 40 && untouched > 5, "{seen} {untouched}");
}

/// A broker that had nothing to write: of the data nothing is other than was planned.
#[test]
fn one_that_ended_as_it_was_prepared_is_not_gone_on_with_where_a_broker_was_stopped_cleanly_since()
{
    let mut seen = 0;
    for (before, plan) in worlds(2) {
        for calls in 0.. {
            let root = clone_of(&before);
            if take(root.path(), &Dying::after(calls), Deed::Trim, &plan).is_ok() {
                break;
            }
            let nodes = nodes(root.path());
            let text = |node: &PathBuf| fs::read_to_string(node.join("slackwater-trim.json")).ok();
            let prepared: Vec<String> = nodes.iter().filter_map(text).collect();
            let changes = |text: &String| !text.contains("\"steps\":[]");
            if prepared.len() == nodes.len() || !prepared.iter().any(changes) {
                continue;
            }
            let clean = nodes[0].join(".kafka_cleanshutdown");
            fs::write(&clean, "{\"version\":0}").unwrap();
            let refused = take(root.path(), &RealDisk, Deed::Trim, &plan).unwrap_err();
            assert!(matches!(refused, TrimError::NotAsLeft { .. }), "{refused}");
            assert!(refused.to_string().contains("logdir untrim"), "{refused}");
            // What lies ready is taken away, whatever that ends at.
            let dying = Dying::after(seen % 7);
            if take(root.path(), &dying, Deed::Untrim, &plan).is_err() {
                take(root.path(), &RealDisk, Deed::Untrim, &plan).unwrap();
            }
            assert!(clean.exists(), "after {calls}");
            fs::remove_file(clean).unwrap();
            assert!(tree(root.path()) == before, "after {calls}");
            take(root.path(), &RealDisk, Deed::Trim, &plan).unwrap();
            seen += 1;
        }
    }
    assert!(seen > 4, "{seen}");
}

#[test]
fn whatever_call_it_ends_at_one_that_ends_an_earlier_trim_first_comes_to_the_same_bytes() {
    let mut rng = Rng::with_seed(11);
    for (before, first) in worlds(1) {
        let root = clone_of(&before);
        take(root.path(), &RealDisk, Deed::Trim, &first).unwrap();
        a_broker_runs(root.path());
        let ran = tree(root.path());
        let plan = planned(&nodes(root.path()), &no_cut(), &options(0)).unwrap();
        assert_ne!(plan.digest, first.digest);
        for deed in [Deed::Trim, Deed::Once] {
            let root = clone_of(&ran);
            take(root.path(), &RealDisk, deed, &plan).unwrap();
            let wanted = tree(root.path());
            let calls = dies_at_each_call(&ran, &plan, deed, &wanted, &mut rng);
            assert!(calls > 20, "{calls}");
        }
    }
}

#[test]
fn one_that_was_begun_by_another_order_is_refused_and_by_its_own_goes_on() {
    for (before, plan) in worlds(1) {
        let root = clone_of(&before);
        // The plan and the first journal are kept by then.
        let calls = (0..)
            .find(|calls| {
                let root = clone_of(&before);
                let ended = take(root.path(), &Dying::after(*calls), Deed::Once, &plan);
                let journal = |name: &PathBuf| name.ends_with("slackwater-trim.json");
                assert!(ended.is_err(), "no journal was seen");
                tree(root.path()).keys().any(journal)
            })
            .unwrap();
        take(root.path(), &Dying::after(calls), Deed::Once, &plan).unwrap_err();
        let other = trim_once(&nodes(root.path()), &no_cut(), &options(1), &RealDisk, 8);
        let said = other.unwrap_err().to_string();
        assert!(said.contains("begun by another order"), "{said}");
        take(root.path(), &RealDisk, Deed::Once, &plan).unwrap();
        // Nor is what it has left planned again by another.
        let other = trim_once(&nodes(root.path()), &no_cut(), &options(1), &RealDisk, 8);
        let said = other.unwrap_err().to_string();
        assert!(said.contains("begun by another order"), "{said}");
    }
}
