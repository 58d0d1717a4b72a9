//! A restore by kubectl and jq alone, as `examples/restore-by-hand.sh` does it.

mod needs_root {
    mod takes_long {
        use std::fs;
        use std::os::unix::fs::PermissionsExt as _;
        use std::path::{Path, PathBuf};
        use std::process::{Command, Output};

        use serde_json::Value;

        use crate::ground::names;
        use crate::place::{Place, mirror, turn};

        /// The script, on a machine where kubectl comes to the cluster by itself.
        struct ByHand {
            folder: PathBuf,
            run: String,
        }

        impl ByHand {
            fn new(place: &Place, run: &str) -> Self {
                let folder = format!("slackwater-by-hand-{}", std::process::id());
                let folder = std::env::temp_dir().join(folder);
                fs::create_dir_all(&folder).unwrap();
                let words = place.ground.kubectl_words();
                let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                let kubectl = folder.join("kubectl");
                let text = format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" "));
                fs::write(&kubectl, text).unwrap();
                fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
                let run = run.to_owned();
                Self { folder, run }
            }

            fn run(&self, args: &[&str]) -> Output {
                let script =
                    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/restore-by-hand.sh");
                let path = std::env::var("PATH").unwrap();
                let done = Command::new("sh")
                    .arg(script)
                    .args(args)
                    .env("PATH", format!("{}:{path}", self.folder.display()))
                    .env("SLACKWATER_NAMESPACE", &names().own)
                    .output()
                    .unwrap();
                println!("{}", String::from_utf8_lossy(&done.stdout));
                println!("{}", String::from_utf8_lossy(&done.stderr));
                done
            }

            /// What it prints.
            fn go(&self, more: &[&str]) -> String {
                let of = [names().space.as_str(), "mirror", &self.run];
                let done = self.run(&[&of[..], more].concat());
                assert!(done.status.success());
                String::from_utf8_lossy(&done.stdout).into_owned()
            }

            /// It says this, and does nothing.
            fn must_refuse(&self, args: &[&str], says: &str) {
                let done = self.run(args);
                assert!(!done.status.success());
                let said = String::from_utf8_lossy(&done.stderr);
                assert!(said.contains(says), "{said}");
            }
        }

        impl Drop for ByHand {
            fn drop(&mut self) {
                let _ = fs::remove_dir_all(&self.folder);
            }
        }

        /// All of it, and then the mirror is equal to its source, with everything
        /// running.
        fn must_be_restored(place: &mut Place, by_hand: &ByHand) -> String {
            let said = by_hand.go(&[]);
            place.must_be_equal();
            by_hand.go(&["caught-up"]);
            place.until("all connectors to run", || place.is_running());
            said
        }

        #[test]
        fn a_mirror_is_restored_by_kubectl_alone_under_its_resources_and_where_they_are_gone() {
            let mut place = turn();
            place.produce(100);
            let run = place.backup();
            place.produce(50);
            place.must_be_equal();
            let id = place.object("kafka/mirror")["status"]["clusterId"].clone();
            let before = place.volumes();
            let by_hand = ByHand::new(&place, &run);
            let space = &names().space;
            by_hand.must_refuse(&[space, "source", &run], "what is kept is of");
            by_hand.must_refuse(&[space, "mirror", &run, "caughtup"], "restore-by-hand.sh");

            let said = must_be_restored(&mut place, &by_hand);
            let notes = place.object("kafka/mirror")["metadata"].to_string();
            assert!(!notes.contains("slackwater.io/by-hand"), "{notes}");
            // Claims, too: told again they would be taken for what it has made.
            let claims = place.list("pvc");
            let left = |one: &Value| one["metadata"].to_string().contains("by-hand");
            assert!(!claims.iter().any(left), "{claims:?}");
            assert!(place.volumes().is_disjoint(&before));
            // Nobody but a person knows of those that stay.
            for volume in &before {
                assert!(said.contains(volume), "{volume}");
                let patch = r#"{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}"#;
                place
                    .kubectl(&["patch", "pv", volume, "-p", patch])
                    .unwrap();
            }
            // What is made of it is backed up as it was before.
            place.backup();

            place.delete_mirror();
            must_be_restored(&mut place, &by_hand);
            assert_eq!(place.object("kafka/mirror")["status"]["clusterId"], id);
            place.backup();
            let delete = [
                "snapshot",
                "delete",
                &run,
                "--with-cut",
                "--kafka",
                &mirror(),
            ];
            place.task(&delete).expect(0);
            for what in ["volumesnapshot", "volumesnapshotcontent"] {
                place.until("what was made of it to be gone", || {
                    let all = place.list(what);
                    !all.iter().any(|one| one.to_string().contains(&run))
                });
            }
        }
    }
}
