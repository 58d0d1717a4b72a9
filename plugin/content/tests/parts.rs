//! Volumes that are read in several places say what they say when one reads them
//! all.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use slackwater_content::{Answered, Asked, Folder, Folders, Part, Parts};
use slackwater_ports::{
    ContentDepth, ContentSurvey, PartitionId, RangeWanted, ScanWanted, Seen, VolumeContent,
};

/// Log directories of real brokers.
fn folders() -> [Folder; 3] {
    let volumes = [("clean/data-1", 1), ("clean/data-2", 1), ("killed/data", 2)];
    volumes.map(|(at, broker)| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../logdir/tests/fixtures");
        Folder {
            volume: at.replace('/', "-"),
            broker,
            path: root.join(at),
            opened_from: format!("snapshot-of-{broker}"),
        }
    })
}

/// As over a wire.
struct Wired(Folders);

impl Part for Wired {
    fn ask(&self, asked: &Asked) -> Seen<Answered> {
        let asked = serde_json::to_string(asked).unwrap();
        let answer = self.0.ask(&serde_json::from_str(&asked).unwrap());
        let answer = serde_json::to_string(&answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

fn parts() -> Parts {
    let parts = folders().map(|one| Box::new(Wired(Folders::new(vec![one]))) as Box<dyn Part>);
    Parts::new(parts.into())
}

fn listed(content: &impl VolumeContent) -> (ContentSurvey, Vec<PartitionId>) {
    let survey = content.survey().unwrap();
    let partitions = survey.replicas.iter().map(|one| one.partition.clone());
    let mut partitions: Vec<PartitionId> = partitions.collect();
    partitions.dedup();
    (survey, partitions)
}

#[test]
fn parts_say_what_all_volumes_say_together() {
    let all = Folders::new(folders().into());
    let parts = parts();
    let (one, partitions) = listed(&all);
    let (other, _) = listed(&parts);
    assert_eq!(one.dirs, other.dirs);
    assert_eq!(one.replicas, other.replicas);
    assert_eq!((one.unread, one.set_aside), (other.unread, other.set_aside));
    assert!(partitions.len() >= 8);

    let wanted: Vec<ScanWanted> = partitions
        .iter()
        .map(|partition| ScanWanted {
            partition: partition.clone(),
            digest_from: 0,
            until: None,
            tail: 5,
        })
        .collect();
    for depth in [ContentDepth::Tail, ContentDepth::Full] {
        let rows = all.scan(depth, &wanted).unwrap();
        assert_eq!(rows, parts.scan(depth, &wanted).unwrap());
        assert!(rows.iter().any(|row| row.dir == 2));
    }
    let wanted: Vec<RangeWanted> = partitions
        .iter()
        .map(|partition| RangeWanted {
            partition: partition.clone(),
            from: 0,
            until: 100,
            live: true,
        })
        .collect();
    assert_eq!(all.range(&wanted).unwrap(), parts.range(&wanted).unwrap());
    assert_eq!(all.transactions().unwrap(), parts.transactions().unwrap());
}

/// A broker that comes up with such a metadata log sets the others' replicas
/// aside, wherever they lie.
#[test]
fn a_metadata_log_is_held_against_the_volumes_of_all_parts() {
    let all = Folders::new(folders().into());
    let parts = parts();
    listed(&all);
    listed(&parts);
    let seen = parts.metadata().unwrap();
    assert_eq!(seen, all.metadata().unwrap());
    let alone = Folders::new(vec![folders()[2].clone()]);
    listed(&alone);
    let alone = alone.metadata().unwrap();
    let of_last = seen.iter().find(|one| one.dir == 2).unwrap();
    assert!(of_last.unassigned.len() > alone[0].unassigned.len());
}

#[test]
fn nothing_is_read_before_it_was_listed() {
    assert!(parts().scan(ContentDepth::Tail, &[]).is_err());
    assert!(parts().metadata().is_err());
}
