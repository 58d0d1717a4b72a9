//! What the storage stand-in does, as any CSI driver with snapshots does it: on a
//! cluster that has one these hold, too, with its own classes, and `cargo xtask e2e`
//! runs them there.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod needs_root {
    use std::sync::OnceLock;

    use slackwater_lab::kubernetes::Cluster;
    use slackwater_stand_ins::{
        CLASS, Found, SNAPSHOT_CLASS, Storage, kubectl as run, said, words_here, words_of,
    };

    /// Until a pod runs and a snapshot is cut and ready: an upload takes minutes.
    const READY: &str = "--timeout=900s";

    /// A cluster with storage.
    struct Place {
        /// The lab's, with the stand-in: what only that shows is looked at there.
        lab: Option<(Storage, Cluster)>,
        words: Vec<String>,
        space: String,
        class: String,
        snapshot_class: String,
        /// Of pods: one with a shell.
        image: String,
    }

    impl Place {
        fn set_up() -> Self {
            match Found::said() {
                None => {
                    let cluster = Cluster::start("storage").unwrap();
                    let storage = Storage::start(&cluster).unwrap();
                    Self {
                        words: words_of(cluster.plane()),
                        lab: Some((storage, cluster)),
                        space: "default".to_owned(),
                        class: CLASS.to_owned(),
                        snapshot_class: SNAPSHOT_CLASS.to_owned(),
                        image: Cluster::BUSYBOX.to_owned(),
                    }
                }
                Some(found) => {
                    let class = found.storage_class().unwrap();
                    Self {
                        lab: None,
                        words: words_here(found.kubeconfig()),
                        // Of which `cargo xtask e2e` knows.
                        space: found.make_space("storage").unwrap(),
                        snapshot_class: found.snapshot_class(&class).unwrap(),
                        class,
                        image: said("SHELL_IMAGE").unwrap_or_else(|| "busybox:stable".to_owned()),
                    }
                }
            }
        }
    }

    /// It goes with the process, or with what `cargo xtask e2e` deletes.
    fn place() -> &'static Place {
        static PLACE: OnceLock<Place> = OnceLock::new();
        PLACE.get_or_init(Place::set_up)
    }

    fn told(args: &[&str], input: Option<&str>) -> Result<String, String> {
        let args = [&["-n", &place().space], args].concat();
        run(&place().words, &args, input).map_err(|error| error.to_string())
    }

    fn kubectl(args: &[&str]) -> String {
        told(args, None).unwrap()
    }

    fn apply(manifest: &str) {
        told(&["apply", "-f", "-"], Some(manifest)).unwrap();
    }

    fn claim(name: &str, source: Option<&str>) -> String {
        let source = source.map_or(String::new(), |snapshot| {
            format!(
                "  dataSource: {{apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: {snapshot}}}\n"
            )
        });
        let class = &place().class;
        format!(
            "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: 1Gi}}}}
  storageClassName: {class}
{source}---
"
        )
    }

    /// One that has the volume of the claim of its name.
    fn pod(name: &str) -> String {
        let image = &place().image;
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: shell
      image: {image}
      imagePullPolicy: IfNotPresent
      command: [sh, -c, 'while sleep 3600; do :; done']
      volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: {name}}}}}]
---
"
        )
    }

    fn snapshot(name: &str, claim: &str) -> String {
        let class = &place().snapshot_class;
        format!(
            "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {{name: {name}}}
spec:
  source: {{persistentVolumeClaimName: {claim}}}
  volumeSnapshotClassName: {class}
---
"
        )
    }

    fn start(name: &str, source: Option<&str>) {
        apply(&[claim(name, source), pod(name)].concat());
        kubectl(&["wait", "--for=condition=Ready", "pod", name, READY]);
    }

    fn shell(pod: &str, script: &str) -> String {
        kubectl(&["exec", pod, "--", "sh", "-c", script])
    }

    fn wait(snapshot: &str, path: &str, value: &str) {
        let what = format!("--for=jsonpath={{.status.{path}}}={value}");
        kubectl(&["wait", &what, "volumesnapshot", snapshot, READY]);
    }

    fn status(snapshot: &str, path: &str) -> String {
        let path = format!("jsonpath={{.status.{path}}}");
        kubectl(&["get", "volumesnapshot", snapshot, "-o", &path])
    }

    #[test]
    fn a_volume_made_of_a_snapshot_has_what_was_flushed_before_it_and_nothing_since() {
        start("before", None);
        shell(
            "before",
            "echo flushed >/data/file; sync; echo not >/data/other",
        );
        apply(&snapshot("cut", "before"));
        wait("cut", "readyToUse", "true");
        assert_ne!(status("cut", "creationTime"), "");
        shell("before", "echo since >/data/file; sync");
        start("after", Some("cut"));
        assert_eq!(shell("after", "cat /data/file"), "flushed\n");
        assert_eq!(shell("before", "cat /data/file"), "since\n");
    }

    #[test]
    fn what_is_kept_outlives_its_snapshot_and_the_rest_goes_with_it() {
        start("kept", None);
        for (name, policy, left) in [("retained", "Retain", true), ("deleted", "Delete", false)] {
            apply(&snapshot(name, "kept"));
            wait(name, "readyToUse", "true");
            let content = status(name, "boundVolumeSnapshotContentName");
            let handle = "jsonpath={.status.snapshotHandle}";
            let handle = kubectl(&["get", "volumesnapshotcontent", &content, "-o", handle]);
            let lab = place().lab.as_ref();
            let image = lab.map(|(_, cluster)| cluster.volumes().join(format!("{handle}.img")));
            let is_there = || image.as_ref().is_none_or(|image| image.exists());
            assert!(is_there());
            let change = format!(r#"{{"spec": {{"deletionPolicy": "{policy}"}}}}"#);
            let args = [
                "patch",
                "volumesnapshotcontent",
                &content,
                "--type=merge",
                "-p",
                &change,
            ];
            kubectl(&args);
            kubectl(&["delete", "volumesnapshot", name]);
            let most = match left {
                true => "--timeout=5s",
                false => "--timeout=120s",
            };
            let gone = ["wait", "--for=delete", "volumesnapshotcontent", &content];
            let gone = told(&[&gone[..], &[most]].concat(), None);
            assert_eq!(gone.is_err(), left, "{name}");
            if image.is_some() {
                assert_eq!(is_there(), left, "{name}");
            }
        }
    }

    mod needs_stand_ins {
        use std::time::Duration;

        use slackwater_stand_ins::{Whim, elsewhere};

        use super::*;

        #[test]
        fn a_cluster_is_used_by_its_kubeconfig_for_the_same_tests() {
            let (_, cluster) = place().lab.as_ref().unwrap();
            let ended = elsewhere(cluster.plane()).unwrap().output().unwrap();
            let said = String::from_utf8_lossy(&ended.stdout);
            println!("{said}{}", String::from_utf8_lossy(&ended.stderr));
            assert!(ended.status.success());
            assert!(said.contains("StorageClass lab-late"), "{said}");
            kubectl(&["delete", "namespace", "elsewhere-storage", READY]);
        }

        fn set(claim: &str, whim: Whim) {
            place().lab.as_ref().unwrap().0.set(claim, whim);
        }

        #[test]
        fn a_snapshot_is_cut_before_it_is_ready() {
            start("slow", None);
            set("slow", Whim::ReadyAfter(Duration::from_secs(5)));
            apply(&snapshot("slow", "slow"));
            let cut = "--for=jsonpath={.status.creationTime}";
            kubectl(&["wait", cut, "volumesnapshot/slow", "--timeout=30s"]);
            assert_eq!(status("slow", "readyToUse"), "false");
            // A volume of it waits.
            apply(&claim("early", Some("slow")));
            wait("slow", "readyToUse", "true");
            let bound = "--for=jsonpath={.status.phase}=Bound";
            kubectl(&["wait", bound, "pvc/early", "--timeout=30s"]);
        }

        #[test]
        fn an_attempt_that_failed_shows_and_the_next_one_takes_it() {
            start("failing", None);
            set("failing", Whim::FailsAlways);
            apply(&snapshot("failing", "failing"));
            let failed = "--for=jsonpath={.status.error.message}";
            kubectl(&["wait", failed, "volumesnapshot/failing", "--timeout=30s"]);
            set("failing", Whim::FailsOnce);
            wait("failing", "readyToUse", "true");
            assert_eq!(status("failing", "error"), "");
        }
    }
}
