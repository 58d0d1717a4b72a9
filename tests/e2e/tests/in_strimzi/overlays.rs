//! The examples of overlays: what kustomize makes of them.

mod needs_root {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::{Value, json};
    use slackwater_template::kanister::{Given, Kind, rendered};

    use crate::place::{Place, turn};

    const DEFAULT: &str = "slackwater.io/slackwater:";

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// What an overlay is, as objects.
    fn built(place: &Place, overlay: &Path) -> Vec<Value> {
        let text = place.kubectl(&["kustomize", &overlay.display().to_string()]);
        let text = text.unwrap();
        let each = text.split("\n---\n");
        each.map(|one| serde_yaml::from_str(one).unwrap()).collect()
    }

    /// Every image, and every namespace, that a phase of it will have for a policy of
    /// K10, which gives no options.
    fn phases(blueprint: &Value) -> Vec<(String, String)> {
        let given = Given {
            object: json!({"kind": "Namespace", "metadata": {"name": "kafka"}}),
            kind: Some(Kind::Namespace),
            ..Given::default()
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut all = Vec::new();
        for name in blueprint["actions"].as_object().unwrap().keys() {
            let done = rendered(blueprint, name, &given).unwrap();
            assert_eq!(done.failed, [], "{name}");
            for phase in done.action["phases"].as_array().unwrap() {
                let args = &phase["args"];
                all.push((text(&args["image"]), text(&args["namespace"])));
            }
            assert!(done.action["deferPhase"].is_null());
        }
        all
    }

    /// No object of it names the registry of the blueprints' own default, and all that
    /// phases need is in their namespace.
    fn must_be_of(objects: &[Value], image: &str, namespace: &str) {
        for object in objects {
            let text = object.to_string();
            assert!(!text.contains(DEFAULT), "{text}");
        }
        let of_kind = |kind: &str| -> Vec<&Value> {
            let mut all = objects.iter();
            let all = all.by_ref().filter(|one| one["kind"] == kind);
            all.collect()
        };
        let blueprints = of_kind("Blueprint");
        assert_eq!(blueprints.len(), 1);
        assert_eq!(blueprints[0]["metadata"]["namespace"], "kasten-io");
        let phases = phases(blueprints[0]);
        assert_eq!(phases.len(), 5);
        for phase in phases {
            assert_eq!(phase, (image.to_owned(), namespace.to_owned()));
        }
        let accounts = of_kind("ServiceAccount");
        assert_eq!(accounts.len(), 2);
        for account in accounts {
            assert_eq!(account["metadata"]["namespace"], namespace);
            assert_eq!(account["imagePullSecrets"], json!([{"name": "registry"}]));
        }
        for binding in of_kind("ClusterRoleBinding") {
            for subject in binding["subjects"].as_array().unwrap() {
                let is_ours = subject["kind"] == "ServiceAccount";
                assert!(!is_ours || subject["namespace"] == namespace, "{subject}");
            }
        }
        assert_eq!(of_kind("Namespace")[0]["metadata"]["name"], namespace);
        assert_eq!(of_kind("ConfigMap").len(), 0);
    }

    #[test]
    fn from_a_registry_of_ones_own_nothing_names_another() {
        let place = turn();
        let overlay = root().join("examples/registry");
        let objects = built(&place, &overlay);
        let image = "registry.example/backup/slackwater:0.1.0";
        must_be_of(&objects, image, "slackwater");
        // Of the whole cluster: a namespace of this name need not be there.
        let whole = |one: &&Value| one["metadata"]["namespace"].is_null();
        for object in objects.iter().filter(whole) {
            place.dry_run(object);
        }

        // Somebody's own values.
        let folder = tempfile::tempdir().unwrap();
        for part in ["blueprints", "examples"] {
            let copy = Command::new("cp")
                .arg("-r")
                .args([root().join(part), folder.path().join(part)])
                .status();
            assert!(copy.unwrap().success());
        }
        let overlay = folder.path().join("examples/registry");
        for (file, from, to) in [
            (
                "settings.yaml",
                "registry.example/backup/slackwater:0.1.0",
                "r.example:5000/s@sha256:ab",
            ),
            ("settings.yaml", "namespace: slackwater", "namespace: tools"),
            (
                "slackwater/kustomization.yaml",
                "namespace: slackwater",
                "namespace: tools",
            ),
        ] {
            let file = overlay.join(file);
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains(from), "{}", file.display());
            fs::write(&file, text.replace(from, to)).unwrap();
        }
        must_be_of(
            &built(&place, &overlay),
            "r.example:5000/s@sha256:ab",
            "tools",
        );
    }
}
