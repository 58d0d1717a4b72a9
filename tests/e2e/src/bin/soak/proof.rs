//! A snapshot restored in isolation, and held against the source: by
//! `slackwater compare`, and by an audit that reads the restored brokers in
//! its own way.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use slackwater_cut::{Claim, ClaimName, Class, Cut, Verdict};
use slackwater_e2e::{Compared, Finished, Scene, SceneError};
use slackwater_lab::{AuditReport, Filler, Isolation, LoadReport, Restored, audit};

/// Source topics that carry load.
pub(crate) const LOADED: [&str; 2] = ["blogs", "items"];

/// What was seen of it.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Records that were compared.
    pub(crate) records: u64,
    /// What is not as the cut says, in words.
    pub(crate) differs: Vec<String>,
}

/// Restores a closed cut. Loads in `before` had ended when the backup began; `filled`: a volume may have
/// been full when it was cut.
pub(crate) fn check(
    scene: &Scene,
    cut: &Cut,
    before: &[LoadReport],
    exactly_once: bool,
    filled: bool,
) -> Result<Checked, SceneError> {
    let mut checked = Checked::default();
    let copies = scene.restore_volumes(&cut.run_id)?;
    if filled {
        // No broker starts on a full disk, whatever lies there.
        for volume in scene.lab.open_copies(&copies)? {
            Filler::remove(volume.path());
        }
    }
    let name = format!("open-{}", cut.run_id);
    let opened = scene.open(&copies, &name)?;
    let validated = scene.validate_volumes(&opened, &cut.run_id, None)?;
    checked.claimed(&validated, ClaimName::Restored);
    let compared = scene.compare_volumes(&opened, &cut.run_id)?;
    match (compared.code, Compared::of(&compared.stdout)) {
        (Some(0), Ok(counts)) => checked.records = counts.records,
        _ => checked
            .differs
            .push(format!("compare: {}", compared.cause())),
    }
    drop(opened);
    match scene.lab.start_restored(&copies) {
        Ok(restored) => started(scene, cut, &restored, (before, exactly_once), &mut checked)?,
        Err(error) => checked.differs.push(format!("brokers on it: {error}")),
    }
    Ok(checked)
}

fn started(
    scene: &Scene,
    cut: &Cut,
    restored: &Restored,
    (before, exactly_once): (&[LoadReport], bool),
    checked: &mut Checked,
) -> Result<(), SceneError> {
    let validated = scene.validate(restored, &cut.run_id, None)?;
    checked.claimed(&validated, ClaimName::HeadsRestored);
    let named = |topic: &str| scene.lab.policy().mirrored(topic);
    let topics = LOADED.map(named);
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let read = || audit(&restored.bootstrap(), &topics, Isolation::ReadCommitted);
    let back = restored.run(read)?;
    let whole = wrong(&back, exactly_once);
    checked.differs.extend(whole);
    let ends = ends(&back);
    for (partition, end) in cut_ends(cut) {
        if ends.get(&partition) != Some(&end) {
            let is = ends.get(&partition);
            let what = format!("{partition} ends at {is:?}, and in the cut at {end}");
            checked.differs.push(what);
        }
    }
    for load in before {
        checked.differs.extend(back.absent(load, named));
    }
    Ok(())
}

impl Checked {
    fn claimed(&mut self, validated: &Finished, name: ClaimName) {
        let claims: Vec<Claim> = serde_json::from_str(&validated.stdout).unwrap_or_default();
        let claim = claims.iter().find(|claim| claim.name == name);
        match claim {
            Some(claim) if claim.verdict == Verdict::Proven => {}
            Some(claim) => self
                .differs
                .push(format!("{name} is {}: {}", claim.verdict, claim.reason)),
            None => self.differs.push(format!("{name}: {}", validated.cause())),
        }
    }
}

/// What an audit of a mirror finds wrong. Without exactly-once MirrorMaker may
/// copy a record twice.
pub(crate) fn wrong(report: &AuditReport, exactly_once: bool) -> Vec<String> {
    let lost = report.missing() + report.reorders() + report.corrupt() + report.foreign();
    if exactly_once || lost > 0 {
        return report.problems();
    }
    Vec::new()
}

fn ends(report: &AuditReport) -> BTreeMap<String, u64> {
    let topics = report.topics.iter();
    topics
        .flat_map(|(topic, partitions)| {
            let one = move |(partition, audit): (&i32, &slackwater_lab::audit::PartitionAudit)| {
                (format!("{topic}-{partition}"), audit.end as u64)
            };
            partitions.iter().map(one)
        })
        .collect()
}

fn cut_ends(cut: &Cut) -> BTreeMap<String, u64> {
    let is_loaded = |row: &&slackwater_cut::PartitionRow| {
        let topic = cut.rows.topic(row);
        let copy_of = topic.source.as_ref().map(|source| source.topic.as_str());
        topic.class == Class::Mirrored && copy_of.is_some_and(|name| LOADED.contains(&name))
    };
    let rows = cut.rows.partitions.iter().filter(is_loaded);
    rows.map(|row| (cut.rows.name(row), row.high_watermark))
        .collect()
}

/// Removes the snapshot of a run, and all copies of it: a soak of many rounds
/// has no room for them.
pub(crate) fn remove(scene: &Scene, run: &str) -> Result<(), SceneError> {
    // One that was never finished is nothing to the program.
    scene.run(&["snapshot", "delete", run])?;
    let Some(snapshots) = scene.lab.snapshots_dir() else {
        return Ok(());
    };
    let io = |what, path: PathBuf| move |source| SceneError::Io { what, path, source };
    let entries = fs::read_dir(&snapshots).map_err(io("list", snapshots.clone()))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().contains(run) {
            fs::remove_file(entry.path()).map_err(io("remove", entry.path()))?;
        }
    }
    Ok(())
}

/// Keeps what a false proof rests on, and says where.
pub(crate) fn keep(scene: &Scene, cut: &Cut, seed: u64) -> Result<PathBuf, SceneError> {
    let dir = std::env::temp_dir().join(format!("slackwater-soak-{seed}-{}", cut.run_id));
    let io = |what, path: PathBuf| move |source| SceneError::Io { what, path, source };
    fs::create_dir_all(&dir).map_err(io("create", dir.clone()))?;
    let text = serde_json::to_value(cut).unwrap_or(Value::Null).to_string();
    fs::write(dir.join("cut.json"), text).map_err(io("write", dir.clone()))?;
    for from in [
        scene.lab.snapshots_dir(),
        Some(scene.lab.run_dir().join("logs")),
    ] {
        let Some(from) = from else { continue };
        for entry in fs::read_dir(&from)
            .map_err(io("list", from.clone()))?
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            let its = name.contains(&cut.run_id) && !name.starts_with("open-");
            if its || from.ends_with("logs") {
                let copied = std::process::Command::new("cp")
                    .arg("--sparse=always")
                    .args([entry.path(), dir.join(name)])
                    .status();
                copied.map_err(io("copy", entry.path()))?;
            }
        }
    }
    Ok(dir)
}
