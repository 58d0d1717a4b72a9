//! What a snapshot holds, changed where it lies: of the lab's storage.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::place::Place;

impl Place {
    /// A byte of a batch, past the header of the first of a partition that has one, is
    /// another one in this snapshot. Which partition.
    pub(crate) fn flip_in_snapshot(&self, name: &str) -> String {
        let partitions = (0..4).map(|number| format!("source.items-{number}"));
        let mut flipped = None;
        self.change_snapshot(name, |volume| {
            let log = |of: &String| volume.join(format!("kafka-log1/{of}/{:020}.log", 0));
            let has_one = |of: &String| log(of).metadata().is_ok_and(|file| file.len() > 70);
            let of = partitions.clone().find(has_one).unwrap();
            let mut bytes = fs::read(log(&of)).unwrap();
            bytes[70] ^= 1;
            fs::write(log(&of), bytes).unwrap();
            flipped = Some(of);
        });
        flipped.unwrap()
    }

    fn change_snapshot(&self, name: &str, change: impl FnOnce(&Path)) {
        let snapshot = self.object(&format!("volumesnapshot/{name}"));
        let content = snapshot["status"]["boundVolumeSnapshotContentName"].as_str();
        let content = format!("volumesnapshotcontent/{}", content.unwrap());
        let content = self.object(&content);
        let handle = content["status"]["snapshotHandle"].as_str().unwrap();
        let cluster = self.lab().cluster();
        let image = cluster.volumes().join(format!("{handle}.img"));
        let folder = cluster.folder().join("changed");
        fs::create_dir_all(&folder).unwrap();
        let run = |program: &str, args: &[&Path]| {
            assert!(Command::new(program).args(args).status().unwrap().success());
        };
        run("mount", &[Path::new("-oloop"), &image, &folder]);
        change(&folder);
        run("umount", &[&folder]);
    }
}
