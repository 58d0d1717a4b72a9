//! A backup that is older than its topics keep records: what the brokers of
//! the restored mirror delete is told before, and what it says prevents it.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "real brokers wait for a real while; a test may panic"
)]

mod shared;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use shared::{REACH, produce, says};
use slackwater_e2e::{Finished, PATIENT, Scene, wait_until};
use slackwater_lab::{Lab, Restored, Topic, Volumes};

/// How long the source's topic keeps records, and the mirror's by that.
const KEPT_MS: &str = "45000";

fn start_of(restored: &Restored, topic: &str) -> i64 {
    restored
        .run(|| Ok(restored.cluster().admin()?.watermarks(topic, 0)?.0))
        .unwrap()
}

fn copies(scene: &Scene, name: &str) -> Vec<(i32, PathBuf)> {
    (1..=3)
        .map(|id| (id, scene.lab.run_dir().join(format!("{name}-{id}"))))
        .collect()
}

fn restore(scene: &Scene, run: &str, name: &str, output: &str) -> Finished {
    let to: Vec<String> = copies(scene, name)
        .iter()
        .map(|(id, dir)| format!("--to=volume-{id}={}", dir.display()))
        .collect();
    let mut args = vec!["restore", run, "--allow-plain-copy", "--output", output];
    args.extend(to.iter().map(String::as_str));
    scene.run(&args).unwrap().expect(0).unwrap()
}

mod takes_long {
    use super::*;

    #[test]
    fn what_retention_deletes_of_a_restored_mirror_is_told_before_and_can_be_prevented() {
        let lab = Lab::builder()
            .name("retention")
            .topic(Topic::new("short", 1).config("retention.ms", KEPT_MS))
            .volumes(Volumes::Directories)
            .start()
            .unwrap();
        let scene = Scene::new(lab, PATIENT).unwrap();
        let load = produce(&scene, "short", 0, 300);
        let kept = produce(&scene, "blogs", 0, 300);
        for load in [&load, &kept] {
            scene.lab.wait_mirrored(load, REACH).unwrap();
        }
        let (_, cut) = scene
            .backup(&["--accept-retention-risk", "short"], 0)
            .unwrap();
        let short = scene.lab.policy().mirrored("short");
        let blogs = scene.lab.policy().mirrored("blogs");

        // What the report looks ahead is longer than the topic keeps: so the
        // records need not be old yet.
        let told = restore(&scene, &cut.run_id, "first", "json");
        let told: Value = serde_json::from_str(&told.stdout).unwrap();
        let expiring = told["retention"]["expiring"].as_array().unwrap();
        let named: Vec<&str> = expiring
            .iter()
            .map(|one| one["topic"].as_str().unwrap())
            .collect();
        assert_eq!(named, [short.as_str()], "{told:#}");
        let (then, end) = (&expiring[0]["startThen"], &expiring[0]["end"]);
        let all = load.committed();
        assert_eq!((then, end), (&Value::from(all), &Value::from(all)));
        let text = restore(&scene, &cut.run_id, "second", "text").stdout;
        says(
            &text,
            &[
                &short,
                &format!("{all} of {all}"),
                "retention.ms=45000",
                "log.initial.task.delay.ms=86400000",
            ],
        );
        scene.lab.connect().stop().unwrap();
        scene.lab.mirror().stop().unwrap();

        let often = ("log.retention.check.interval.ms", "2000");
        let first = [often, ("log.initial.task.delay.ms", "2000")];
        let restored = scene
            .lab
            .start_restored_with(&copies(&scene, "first"), &first)
            .unwrap();
        wait_until("the brokers to delete", Duration::from_secs(90), || {
            start_of(&restored, &short) == all as i64
        })
        .unwrap();
        assert_eq!(start_of(&restored, &blogs), 0);
        drop(restored);

        // By now they are old enough at once.
        let second = [often, ("log.initial.task.delay.ms", "86400000")];
        let restored = scene
            .lab
            .start_restored_with(&copies(&scene, "second"), &second)
            .unwrap();
        std::thread::sleep(Duration::from_secs(10));
        assert_eq!(start_of(&restored, &short), 0);
    }
}
