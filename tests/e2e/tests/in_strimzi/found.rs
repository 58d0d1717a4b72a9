//! A cluster that somebody has, with Strimzi's own operator, a CSI driver, and perhaps
//! Kanister: what is there is said, and used.

use std::fs;
use std::path::Path;

use serde_json::Value;
use slackwater_stand_ins::SPACE;
pub(crate) use slackwater_stand_ins::{LABEL, mark, tool};

use crate::ground::names;

/// See the module.
pub(crate) struct Found {
    pub(crate) kubeconfig: String,
    /// The namespace of Kanister's controller, where there is one, and kanctl.
    pub(crate) kanister: Option<String>,
    cluster: slackwater_stand_ins::Found,
}

impl Found {
    /// Looks what there is, and makes the same scene as in the lab.
    pub(crate) fn set_up(cluster: slackwater_stand_ins::Found) -> Self {
        let mut found = Self {
            kubeconfig: cluster.kubeconfig().to_owned(),
            kanister: None,
            cluster,
        };
        found.kanister = found.look();
        let names = names();
        let space = found.cluster.make_space(SPACE).unwrap();
        let own = found.cluster.make_space("slackwater").unwrap();
        assert_eq!((&space, &own), (&names.space, &names.own));
        found.apply(&found.base());
        found.must_have_the_image();
        found.cluster.make_scene(&space, crate::SHAPE).unwrap();
        found
    }

    pub(crate) fn apply(&self, manifest: &str) {
        self.cluster.apply(manifest).unwrap();
    }

    fn all(&self, args: &[&str]) -> Result<String, String> {
        self.cluster
            .kubectl(args)
            .map_err(|error| error.to_string())
    }

    fn list(&self, what: &[&str]) -> Vec<Value> {
        self.cluster.list(what)
    }

    /// Says what there is; gives Kanister's namespace, where it can be used.
    fn look(&self) -> Option<String> {
        let version = self.all(&["version"]).unwrap();
        println!("{}", version.trim());
        let mut kanister = None;
        for one in self.list(&["deployments", "--all-namespaces"]) {
            for container in one["spec"]["template"]["spec"]["containers"]
                .as_array()
                .unwrap()
            {
                let image = container["image"].as_str().unwrap_or_default();
                let namespace = one["metadata"]["namespace"].as_str().unwrap_or_default();
                let name = &one["metadata"]["name"];
                if image.contains("strimzi/operator") {
                    println!("Strimzi's operator: {name} in {namespace}, {image}");
                }
                if image.contains("kanister") && image.contains("controller") {
                    println!("Kanister: {name} in {namespace}, {image}");
                    kanister = Some(namespace.to_owned());
                }
            }
        }
        for class in self.list(&["volumesnapshotclasses"]) {
            println!(
                "VolumeSnapshotClass {} of {}",
                class["metadata"]["name"], class["driver"]
            );
        }
        let kanctl = std::process::Command::new("kanctl").arg("--help").output();
        match (&kanister, kanctl.is_ok()) {
            (Some(_), true) => kanister,
            (Some(_), false) => {
                println!("no kanctl on this machine: Kanister is not used");
                None
            }
            (None, _) => {
                println!("no Kanister in this cluster: blueprints are run by a small one");
                None
            }
        }
    }

    /// The base, in namespaces of these tests.
    fn base(&self) -> String {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/base");
        let text = self
            .all(&["kustomize", &base.display().to_string()])
            .unwrap();
        let names = names();
        let kanister = self.kanister.as_deref().unwrap_or("kanister");
        let renamed = text
            .replace(
                "namespace: slackwater\n",
                &format!("namespace: {}\n", names.own),
            )
            .replace(
                "serviceaccounts:kanister",
                &format!("serviceaccounts:{kanister}"),
            );
        let mut all = String::new();
        for one in renamed.split("---\n") {
            let mut object: Value = serde_yaml::from_str(one).unwrap();
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            if object["kind"] == "Namespace" {
                object["metadata"]["name"] = names.own.as_str().into();
            } else if object["metadata"]["namespace"].is_null() {
                object["metadata"]["name"] = format!("{}{name}", names.prefix).into();
                object["metadata"]["labels"][LABEL] = mark().into();
            }
            if object["roleRef"]["kind"] == "ClusterRole" {
                let role = object["roleRef"]["name"].as_str().unwrap();
                object["roleRef"]["name"] = format!("{}{role}", names.prefix).into();
            }
            all += &format!("{object}\n---\n");
        }
        all
    }

    /// A pod says its version: else all that follows fails for want of it.
    fn must_have_the_image(&self) {
        let names = names();
        let own = |args: &[&str]| self.all(&[&["-n", &names.own], args].concat());
        let _ = own(&["delete", "pod", "image", "--ignore-not-found"]);
        self.apply(&crate::place::pod("image", "slackwater", &["version"]));
        let done = "--for=jsonpath={.status.phase}=Succeeded";
        let waited = own(&["wait", "pod", "image", done, "--timeout=180s"]);
        let said = own(&["describe", "pod", "image"]).unwrap_or_default();
        assert!(
            waited.is_ok(),
            "no pod of {} runs: build it by `cargo xtask image`, and have the nodes have it\n{said}",
            names.image
        );
        println!("{}", own(&["logs", "image"]).unwrap_or_default().trim());
        let _ = own(&["delete", "pod", "image"]);
    }

    /// Where the blueprint is to be, as the name that kanctl is told.
    pub(crate) fn blueprint(&self, kanister: &str) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/kanister.yaml");
        let text = fs::read_to_string(file).unwrap();
        let mut object: Value = serde_yaml::from_str(&text).unwrap();
        let name = format!("{}slackwater", names().prefix);
        object["metadata"]["name"] = name.as_str().into();
        object["metadata"]["namespace"] = kanister.into();
        object["metadata"]["labels"][LABEL] = mark().into();
        self.apply(&object.to_string());
        name
    }
}
