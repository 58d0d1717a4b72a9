//! What the storage stand-in does, as any CSI driver with snapshots does it: on
//! a cluster that has one these hold, too, with its own classes.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod needs_root {
    use std::sync::OnceLock;
    use std::time::Duration;

    use slackwater_lab::kubernetes::Cluster;
    use slackwater_stand_ins::{CLASS, SNAPSHOT_CLASS, Storage, Whim};

    /// A cluster with storage, which goes with the process.
    fn scene() -> &'static (Storage, Cluster) {
        static SCENE: OnceLock<(Storage, Cluster)> = OnceLock::new();
        SCENE.get_or_init(|| {
            let cluster = Cluster::start("storage").unwrap();
            (Storage::start(&cluster).unwrap(), cluster)
        })
    }

    fn kubectl(args: &[&str]) -> String {
        scene().1.plane().kubectl(args).unwrap()
    }

    fn apply(manifest: &str) {
        scene().1.plane().apply(manifest).unwrap();
    }

    fn claim(name: &str, source: Option<&str>) -> String {
        let source = source.map_or(String::new(), |snapshot| {
            format!(
                "  dataSource: {{apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: {snapshot}}}\n"
            )
        });
        format!(
            "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {{requests: {{storage: 1Gi}}}}
  storageClassName: {CLASS}
{source}---
"
        )
    }

    /// One that has the volume of the claim of its name.
    fn pod(name: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: shell
      image: {}
      imagePullPolicy: Never
      volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: {name}}}}}]
---
",
            Cluster::BUSYBOX
        )
    }

    fn snapshot(name: &str, claim: &str) -> String {
        format!(
            "
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {{name: {name}}}
spec:
  source: {{persistentVolumeClaimName: {claim}}}
  volumeSnapshotClassName: {SNAPSHOT_CLASS}
---
"
        )
    }

    fn start(name: &str, source: Option<&str>) {
        apply(&[claim(name, source), pod(name)].concat());
        kubectl(&[
            "wait",
            "--for=condition=Ready",
            "pod",
            name,
            "--timeout=60s",
        ]);
    }

    fn shell(pod: &str, script: &str) -> String {
        kubectl(&["exec", pod, "--", "sh", "-c", script])
    }

    fn wait(snapshot: &str, path: &str, value: &str) {
        let what = format!("--for=jsonpath={{.status.{path}}}={value}");
        kubectl(&["wait", &what, "volumesnapshot", snapshot, "--timeout=30s"]);
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
        shell("before", "echo since >/data/file; sync");
        start("after", Some("cut"));
        assert_eq!(shell("after", "cat /data/file"), "flushed\n");
        assert_eq!(shell("before", "cat /data/file"), "since\n");
    }

    #[test]
    fn a_snapshot_is_cut_before_it_is_ready() {
        start("slow", None);
        scene()
            .0
            .set("slow", Whim::ReadyAfter(Duration::from_secs(5)));
        apply(&snapshot("slow", "slow"));
        let cut = "--for=jsonpath={.status.creationTime}";
        kubectl(&["wait", cut, "volumesnapshot/slow", "--timeout=30s"]);
        assert_eq!(status("slow", "readyToUse"), "false");
        // A volume of it waits.
        apply(&claim("early", Some("slow")));
        wait("slow", "readyToUse", "true");
        kubectl(&[
            "wait",
            "--for=jsonpath={.status.phase}=Bound",
            "pvc/early",
            "--timeout=30s",
        ]);
    }

    #[test]
    fn an_attempt_that_failed_shows_and_the_next_one_takes_it() {
        start("failing", None);
        scene().0.set("failing", Whim::FailsAlways);
        apply(&snapshot("failing", "failing"));
        let failed = "--for=jsonpath={.status.error.message}";
        kubectl(&["wait", failed, "volumesnapshot/failing", "--timeout=30s"]);
        scene().0.set("failing", Whim::FailsOnce);
        wait("failing", "readyToUse", "true");
        assert_eq!(status("failing", "error"), "");
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
            let image = scene().1.volumes().join(format!("{handle}.img"));
            assert!(image.exists());
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
            let gone = ["wait", "--for=delete", "volumesnapshotcontent", &content];
            let gone = scene()
                .1
                .plane()
                .kubectl(&[&gone[..], &["--timeout=5s"]].concat());
            assert_eq!(gone.is_err(), left, "{name}");
            assert_eq!(image.exists(), left, "{name}");
        }
    }
}
