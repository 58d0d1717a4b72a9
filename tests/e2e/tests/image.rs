//! The program's own image, in real pods.
#![allow(clippy::unwrap_used, reason = "a test may panic, and says where")]

mod needs_root {
    use std::fs;
    use std::path::Path;

    use slackwater_lab::kubernetes::Cluster;

    const IMAGE: &str = "lab.local/slackwater:1";

    /// What runs a component on what it once saw: of all that the program does,
    /// what wants most of where it runs.
    const REPLAY: [&str; 4] = [
        "replay",
        "/recordings/await-drain.jsonl.zst",
        "--component",
        "/recordings/await-drain.component.wasm",
    ];

    /// Who it runs as: as the image says, as root, and as somebody whom no image
    /// can know, with nothing that he could write to.
    const USERS: [(&str, &str); 3] = [
        (
            "its-own",
            "{runAsNonRoot: true, allowPrivilegeEscalation: false}",
        ),
        ("root", "{runAsUser: 0}"),
        (
            "anybody",
            "{runAsUser: 1000690000, runAsGroup: 0, runAsNonRoot: true, readOnlyRootFilesystem: true, \
             allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}",
        ),
    ];

    fn pod(name: &str, security: &str, recordings: &Path, args: &[&str]) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers:
    - name: container
      image: {IMAGE}
      imagePullPolicy: Never
      args: {args:?}
      securityContext: {security}
      volumeMounts: [{{name: recordings, mountPath: /recordings, readOnly: true}}]
  volumes:
    - {{name: recordings, hostPath: {{path: {}}}}}
---
",
            recordings.display()
        )
    }

    #[test]
    fn the_image_runs_as_its_own_user_as_root_and_as_anybody_without_a_place_to_write() {
        let cluster = Cluster::start("image").unwrap();
        let plane = cluster.plane();
        let folder = cluster.folder();
        let program = slackwater_e2e::program().unwrap();
        let archive = slackwater_e2e::image(&program, &folder, IMAGE).unwrap();
        cluster.import(&archive).unwrap();

        let recordings = folder.join("recordings");
        fs::create_dir_all(&recordings).unwrap();
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings/exactly-once");
        let recording = "await-drain.jsonl.zst";
        fs::copy(kept.join(recording), recordings.join(recording)).unwrap();
        let packed = fs::File::open(kept.join("await-drain.component.wasm.zst")).unwrap();
        let component = zstd::decode_all(packed).unwrap();
        fs::write(recordings.join("await-drain.component.wasm"), component).unwrap();

        for (name, security) in USERS {
            plane
                .apply(&pod(name, security, &recordings, &REPLAY))
                .unwrap();
        }
        for (name, _) in USERS {
            let phase = "--for=jsonpath={.status.phase}=Succeeded";
            let ended = plane.kubectl(&["wait", phase, "pod", name, "--timeout=120s"]);
            let said = plane.kubectl(&["logs", name]).unwrap_or_default();
            assert!(ended.is_ok(), "{name}: {said}");
            assert!(said.contains("await-drain"), "{name}: {said}");
        }
    }
}
